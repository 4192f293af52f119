"""Which data folder Lares works on, and what is said of one before it does."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from app import volumes
from app.config import Config
from app.data_folder import choice_file, choose, is_there
from app.domain.error import AppError, Invalid, StorageError
from app.folder_contents import look_at
from app.link.launcher import ensure_engine
from app.link.single_instance import claim_window, window_is_open

DATABASE = b"SQLite format 3\0" + bytes(84)


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the system would have the data, with nothing chosen yet."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("LARES_DATA")
    return Config.load().folder


def refusal(folder: Path, current: Path) -> AppError:
    with pytest.raises(AppError) as raised:
        look_at(folder, current)
    return raised.value


def test_the_chosen_folder_counts_unless_something_else_is_said(
    usual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Config.load().source == "usual"
    choose(tmp_path / "my Läres")
    assert (Config.load().folder, Config.load().source) == (tmp_path / "my Läres", "chosen")
    monkeypatch.setenv("LARES_DATA", str(tmp_path / "other"))
    assert (Config.load().folder, Config.load().source) == (tmp_path / "other", "variable")
    assert (Config.load(tmp_path).folder, Config.load(tmp_path).source) == (tmp_path, "argument")
    monkeypatch.delenv("LARES_DATA")
    choose(None)
    assert (Config.load().folder, Config.load().source) == (usual, "usual")


def test_a_choice_that_makes_no_sense_is_told(usual: Path) -> None:
    choice_file().parent.mkdir(parents=True, exist_ok=True)
    for nonsense in (b"somewhere\n", b"\xff\xfe"):
        choice_file().write_bytes(nonsense)
        with pytest.raises(Invalid, match="which data folder was chosen"):
            Config.load()


@pytest.mark.allow_logs("no window lock")
def test_nothing_is_made_in_place_of_a_chosen_folder_that_is_gone(usual: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk" / "lares"
    choose(disk)
    (disk / "settings.toml").unlink()
    disk.rmdir()
    disk.parent.rmdir()
    config = Config.load()
    assert config.missing
    claim = claim_window(config)
    assert claim is not None
    claim.release()
    with pytest.raises(StorageError, match="is not there") as raised:
        asyncio.run(ensure_engine(config))
    assert "connect it and try again" in raised.value.hint
    assert not disk.parent.exists()


def test_what_lies_in_a_folder_is_said(tmp_path: Path) -> None:
    current = tmp_path / "current"
    assert look_at(tmp_path / "a" / "new", current).kind == "new"
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    assert look_at(tmp_path / "empty", current).kind == "empty"
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "lares.db").write_bytes(DATABASE)
    used = look_at(tmp_path / "used", current)
    assert (used.kind, used.bytes) == ("lares", 100)
    assert used.changed_at > 0
    choose_ready = tmp_path / "ready"
    choose_ready.mkdir()
    (choose_ready / "settings.toml").touch()
    assert look_at(choose_ready, current).kind == "lares"
    assert is_there(choose_ready)


def test_folders_that_lares_cannot_work_on_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    current = tmp_path / "current"
    (current / "logs").mkdir(parents=True)
    assert "using this folder now" in refusal(current, current).message
    os.symlink(current, tmp_path / "link")
    assert "using this folder now" in refusal(tmp_path / "link", current).message
    assert "inside the data folder" in refusal(current / "logs", current).message
    (tmp_path / "file.txt").touch()
    assert "is a file" in refusal(tmp_path / "file.txt", current).message
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "cat.jpg").touch()
    other = refusal(foreign, current)
    assert "other files" in other.message
    assert look_at(Path(other.details["inside"]), current).kind == "new"
    (foreign / "lares.db").write_bytes(b"a letter to somebody")
    assert "is not a database" in refusal(foreign, current).message
    mounts = tmp_path / "mounts"
    mounts.write_text(f"nas:/data {tmp_path}/share nfs4 rw 0 0\n")
    monkeypatch.setattr(volumes, "MOUNTS", mounts)
    if sys.platform == "linux":
        assert "network volume" in refusal(tmp_path / "share" / "lares", current).message
        assert "cannot write" in refusal(Path("/sys/lares"), current).message


def test_a_folder_with_an_open_window_is_known(tmp_path: Path) -> None:
    first = claim_window(Config(tmp_path))
    assert first is not None
    assert window_is_open(tmp_path)
    first.release()
    assert not window_is_open(tmp_path)
