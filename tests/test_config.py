"""The data folder and the settings a person writes by hand."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from app.__main__ import _opening
from app.config import TOKEN_VARIABLES, Config, Settings
from app.domain.error import Invalid


def test_argument_goes_before_variable_and_variable_before_the_systems_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LARES_DATA", str(tmp_path / "variable"))
    assert Config.load(tmp_path / "argument").folder == tmp_path / "argument"
    assert Config.load().folder == tmp_path / "variable"
    monkeypatch.delenv("LARES_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert Config.load().folder.name == "lares"


def test_loading_creates_nothing(data_folder: Path) -> None:
    Config.load()
    assert not data_folder.exists()


def test_relative_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Config.load("here").folder == tmp_path / "here"


@pytest.mark.parametrize("name", ["", "  "])
def test_folder_without_a_name_is_refused_instead_of_the_usual_one(name: str) -> None:
    with pytest.raises(Invalid, match="The data folder has no name"):
        Config.load(name)


def test_settings_file_changes_only_what_it_names(data_folder: Path) -> None:
    data_folder.mkdir()
    (data_folder / "settings.toml").write_text('[engine]\nidle_seconds = 2\n[log]\nlevel = "DEBUG"\n')
    settings = Config.load().settings
    assert settings.engine.idle_seconds == 2.0
    assert isinstance(settings.engine.idle_seconds, float)
    assert settings.log.level == "DEBUG"
    assert settings.api.port == 8283


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[engine", "is not valid TOML"),
        ("engine = 1", "“engine” must be a table, written as [engine]"),
        ("[engine]\nidle = 1", "“engine.idle” is not a setting that Lares knows"),
        ("[motor]\n", "“motor” is not a setting that Lares knows"),
        ('[engine]\nidle_seconds = "long"', "“engine.idle_seconds” must be a number"),
        ("[engine]\nidle_seconds = true", "“engine.idle_seconds” must be a number"),
        ("[log]\nlevel = 3", "“log.level” must be text in quotes"),
        ('[log]\nlevel = "loud"', "“level” must be one of DEBUG"),
        ("[api]\nport = 70000", "“port” must be between 0 and 65535"),
        ("[api]\nport = 1.5", "“api.port” must be a whole number"),
    ],
)
def test_broken_settings_file_gives_a_sentence_that_names_file_and_reason(
    data_folder: Path, text: str, part: str
) -> None:
    data_folder.mkdir()
    (data_folder / "settings.toml").write_text(text)
    with pytest.raises(Invalid) as caught:
        Config.load()
    assert caught.value.code == "settings_file"
    assert part in caught.value.message
    assert str(data_folder / "settings.toml") in caught.value.message
    assert caught.value.hint


def test_settings_file_that_is_no_text_gives_a_sentence(data_folder: Path) -> None:
    data_folder.mkdir()
    (data_folder / "settings.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="cannot be read as text"):
        Config.load()


def test_a_folder_of_another_user_is_no_broken_settings_file(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    assert Config.load(data_folder).settings == Settings()


def test_no_program_started_by_the_engine_gets_the_token(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*TOKEN_VARIABLES, "OPENAI_API_KEY"):
        monkeypatch.setenv(variable, f"the value of {variable}")
    config = Config.load()

    async def start_and_end() -> None:
        await (await _opening(headless=False)(config)).close()

    asyncio.run(start_and_end())
    child = "import os; print(dict(os.environ))"
    said = subprocess.run([sys.executable, "-S", "-c", child], capture_output=True, text=True, timeout=20).stdout
    assert "LARES_DATA" in said
    assert "the value of" not in said
    assert config.settings.api.token == "the value of LARES_TOKEN", "the engine itself still knows it"
