"""`lares service`: a systemd unit with which `lares serve` runs while its user is logged in, or always."""

import os
import sys
from pathlib import Path

from app.config import Config
from app.domain.error import StorageError
from app.link.spawn import ROOT
from app.resources import read_resource
from app.terminal.commands.columns import say
from app.terminal.commands.over_link import DONE

NAME = "lares.service"
NEXT = """\
Written to {path}. Now:
  systemctl --user daemon-reload
  systemctl --user enable --now lares
  loginctl enable-linger        # to run also while you are not logged in"""


def service(config: Config, *, install: bool) -> int:
    """Prints the unit for this Lares and this data folder, or puts it where systemd looks for a user's units."""
    text = unit_of(config)
    if not install:
        print(text, end="")
        return DONE
    place = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user" / NAME
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The unit cannot be written to {place}.", hint=f"{error.strerror}.") from error
    say(NEXT.format(path=place))
    return DONE


def unit_of(config: Config) -> str:
    frozen = bool(getattr(sys, "frozen", False))
    command = [sys.executable, *([] if frozen else ["-m", "app"]), "serve", "--data", str(config.folder)]
    folder = str(Path(sys.executable).parent if frozen else ROOT)
    text = read_resource(NAME).replace("{command}", " ".join(quoted(word) for word in command))
    return text.replace("{folder}", escaped(folder))


def escaped(path: str) -> str:
    """As systemd reads a path to its end of line: only its own `%` must be doubled."""
    return path.replace("%", "%%")


def quoted(word: str) -> str:
    """One word of a command line, as systemd splits it."""
    plain = all(sign.isalnum() or sign in "/._-+:" for sign in word)
    inner = escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return word if plain else f'"{inner}"'
