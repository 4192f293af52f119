"""Where everything lies, and the few settings a person writes into `settings.toml`. No Qt, no heavy import.

The data folder is, in this order: the argument `--data`, the variable LARES_DATA, what a person chose in the window,
the system's place for application data. Nothing is created here: the engine makes the folder when it opens it.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from app.data_folder import Source, chosen_folder, is_there, usual_folder
from app.domain.error import Invalid
from app.domain.token import token_flaw

TOKEN_VARIABLES = ("LARES_TOKEN", "LETTA_SERVER_PASSWORD")
"""What may hold the token of the local API, the first that is set counts; the second as Letta's own server reads it."""
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True)
class EngineSettings:
    idle_seconds: float = 10.0
    """How long an engine without clients and without work stays."""


@dataclass(frozen=True)
class LogSettings:
    level: str = "INFO"
    """One of `LOG_LEVELS`."""

    def __post_init__(self) -> None:
        if self.level not in LOG_LEVELS:
            raise ValueError(f"“level” must be one of {', '.join(LOG_LEVELS)}")


@dataclass(frozen=True)
class ApiSettings:
    """The part `[api]`: where the local API serves, and whom."""

    host: str = "127.0.0.1"
    port: int = 8283
    token: str = field(default="", repr=False)
    """What programs must prove; the one set in the window comes first. A variable replaces it."""
    origins: list[str] = field(default_factory=list[str])
    """Web pages that may use the API, each as `https://name[:port]`."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError("“port” must be between 0 and 65535")
        if self.token and token_flaw(self.token):
            raise ValueError(f"“token” cannot be used: {_as_part(token_flaw(self.token))}")
        if any(not isinstance(origin, str) or "://" not in origin for origin in self.origins):
            raise ValueError('“origins” must be a list of origins such as "http://localhost:3000"')


@dataclass(frozen=True)
class ServerSettings:
    find: bool = True
    """Whether `serve` and `chat` connect the model servers that they find on this computer."""


@dataclass(frozen=True)
class Settings:
    """`settings.toml`: one table per part; what is absent keeps its default."""

    engine: EngineSettings = EngineSettings()
    log: LogSettings = LogSettings()
    api: ApiSettings = ApiSettings()
    servers: ServerSettings = ServerSettings()


@dataclass(frozen=True)
class Config:
    """Where an engine or a window works: the data folder, and what is written in its `settings.toml`."""

    folder: Path
    """The data folder, absolute."""
    settings: Settings = field(default_factory=Settings)
    source: Source = "argument"

    @classmethod
    def load(cls, folder: str | Path | None = None) -> "Config":
        """Raises `Invalid` when the folder's name is empty, or settings.toml, a variable that holds the token, or what
        was chosen in the window cannot be used."""
        if folder is not None and not str(folder).strip():
            raise Invalid("The data folder has no name.", hint="Name one after --data, or leave --data out.")
        place, source = _place(folder)
        place = place.expanduser().absolute()
        return cls(place, _with_token(read_settings(place / "settings.toml"), os.environ), source)

    @property
    def missing(self) -> bool:
        """It was chosen in the window and is not there, so nothing may be made in its place."""
        return self.source == "chosen" and not is_there(self.folder)

    @property
    def engine_file(self) -> Path:
        """Port and token of the engine that runs; holds only while it also holds `engine_lock`."""
        return self.folder / "engine.json"

    @property
    def engine_lock(self) -> Path:
        return self.folder / "engine.lock"

    @property
    def starts_file(self) -> Path:
        """Times of engine starts that have not ended in an orderly way."""
        return self.folder / "engine-starts.json"

    @property
    def window_lock(self) -> Path:
        return self.folder / "window.lock"

    @property
    def settings_file(self) -> Path:
        return self.folder / "settings.toml"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def backups(self) -> Path:
        return self.folder / "backups"


def _place(folder: str | Path | None) -> tuple[Path, Source]:
    variable = os.environ.get("LARES_DATA")
    if folder or variable:
        return (Path(folder), "argument") if folder else (Path(variable or ""), "variable")
    chosen = chosen_folder()
    return (usual_folder(), "usual") if chosen is None else (chosen, "chosen")


def read_settings(path: Path) -> Settings:
    """The settings in this file; the defaults when there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except PermissionError:
        return Settings()  # a folder that this user may not read is the engine's to explain
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, "it cannot be read as text", str(error)) from error
    try:
        return cast(Settings, _build(Settings, tomllib.loads(text), ""))
    except tomllib.TOMLDecodeError as error:
        raise _unusable(path, "it is not valid TOML", str(error)) from error
    except ValueError as error:
        raise _unusable(path, str(error), "") from error


def _with_token(settings: Settings, environment: Mapping[str, str]) -> Settings:
    variable = next((name for name in TOKEN_VARIABLES if environment.get(name)), "")
    if not variable:
        return settings
    token = environment[variable]
    if flaw := token_flaw(token):
        raise Invalid(f"Lares cannot use the variable {variable}. {flaw}", hint="Choose a longer one, or unset it.")
    return replace(settings, api=replace(settings.api, token=token))


def _as_part(sentence: str) -> str:
    """For the middle of another sentence."""
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _build(kind: type[Any], table: dict[str, Any], where: str) -> Any:
    """A settings dataclass from a table. Raises ValueError with the part of a sentence that says what is wrong."""
    defaults = {entry.name: getattr(kind(), entry.name) for entry in fields(kind)}
    unknown = sorted(table.keys() - defaults.keys())
    if unknown:
        raise ValueError(f"“{where}{unknown[0]}” is not a setting that Lares knows")
    values = {name: _value(defaults[name], value, where + name) for name, value in table.items()}
    return kind(**values)


def _value(default: Any, value: Any, name: str) -> Any:
    if hasattr(default, "__dataclass_fields__"):
        if not isinstance(value, dict):
            raise ValueError(f"“{name}” must be a table, written as [{name}]")
        return _build(type(default), cast(dict[str, Any], value), name + ".")
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        words = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}
        raise ValueError(f"“{name}” must be {words[type(default)]}")
    return value


def _unusable(path: Path, reason: str, detail: str) -> Invalid:
    return Invalid(
        f"Lares cannot use the settings in {path}, because {reason}.",
        code="settings_file",
        hint="Correct that line, or rename the file to start with the default settings.",
        details={"file": str(path), "reason": detail or reason},
    )
