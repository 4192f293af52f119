"""Keys at rest: in the key ring where one answers, else in a file only this user can read."""

import logging
import os
import stat
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.secrets import open_secrets
from app.adapters.secrets.file import FileSecrets
from app.adapters.secrets.keyring import KeyringSecrets, probe_keyring, within
from app.domain.error import StorageError

KEY = "sk-planted-1a2b3c4d5e6f"


class MemoryRing:
    """A key ring like those of the systems: `delete_password` complains about what is not there."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class LockedRing(MemoryRing):
    """Waiting for a person to type a password."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.unlocked.wait(30)
        return None


class BrokenRing(MemoryRing):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"could not store {password}")


@pytest.fixture(params=["file", "keyring"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileSecrets | KeyringSecrets:
    ring = MemoryRing() if request.param == "keyring" else None
    store = open_secrets(tmp_path, lambda: ring)
    assert store.backend == request.param
    return store  # type: ignore[return-value]


@pytest.fixture
def locked() -> Iterator[LockedRing]:
    ring = LockedRing()
    yield ring
    ring.unlocked.set()


# What both stores promise


def test_key_is_given_back_until_it_is_deleted(store: FileSecrets) -> None:
    assert store.get("provider/a") is None

    store.set("provider/a", KEY)
    store.set("provider/b", "grün 🎉")
    store.set("provider/a", KEY + "2")

    assert (store.get("provider/a"), store.get("provider/b")) == (KEY + "2", "grün 🎉")
    store.delete("provider/a")
    store.delete("provider/a")
    assert (store.get("provider/a"), store.get("provider/b")) == (None, "grün 🎉")


def test_key_is_in_no_repr_and_no_log(store: FileSecrets, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        store.set("provider/a", KEY)
        store.get("provider/a")

    assert KEY not in caplog.text
    assert KEY not in repr(store) + str(store)


# The file


def test_file_belongs_to_its_owner_alone_and_survives_a_restart(tmp_path: Path) -> None:
    FileSecrets(tmp_path / "deep" / "keys.json").set("provider/a", KEY)

    path = tmp_path / "deep" / "keys.json"
    assert FileSecrets(path).get("provider/a") == KEY
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="file modes are a matter of POSIX")
def test_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"provider/a": "x"}')
    path.chmod(0o644)

    assert FileSecrets(path).get("provider/a") == "x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [f'{{"provider/a": "{KEY}"', f'["{KEY}"]', f'{{"provider/a": ["{KEY}"]}}', ""])
def test_damaged_file_has_a_sentence_that_does_not_show_the_keys(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)

    with pytest.raises(StorageError) as raised:
        FileSecrets(path).set("provider/b", KEY)

    error = raised.value
    assert error.message.startswith(f"The file with your keys, {path}, cannot be read.")
    assert error.hint == "Make the file readable, or remove it and enter the keys again."
    assert KEY not in "".join(traceback.format_exception(error)) + repr(error.details)
    assert error.__context__ is None
    assert path.read_text() == content


def test_file_of_bytes_that_are_no_text_is_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(StorageError, match="cannot be read"):
        FileSecrets(path).get("provider/a")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc refuses files to root too, and only Linux has it")
def test_folder_that_cannot_be_written_has_a_sentence() -> None:
    with pytest.raises(StorageError) as raised:
        FileSecrets(Path("/proc/lares/keys.json")).set("provider/a", KEY)

    assert raised.value.message.endswith("so it was not saved.")
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_parallel_writers_lose_no_key(tmp_path: Path) -> None:
    store = FileSecrets(tmp_path / "keys.json")
    writers = [threading.Thread(target=store.set, args=(f"provider/{n}", str(n))) for n in range(12)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [store.get(f"provider/{n}") for n in range(12)] == [str(n) for n in range(12)]


# The key ring


def test_keys_from_a_time_without_a_ring_are_still_found_and_move_when_set(tmp_path: Path) -> None:
    open_secrets(tmp_path, lambda: None).set("provider/a", "old")
    ring = MemoryRing()
    store = open_secrets(tmp_path, lambda: ring)

    assert store.get("provider/a") == "old"
    store.set("provider/a", "new")

    assert store.get("provider/a") == "new"
    assert open_secrets(tmp_path, lambda: None).get("provider/a") is None
    assert ring.kept == {("Lares", "provider/a"): "new"}


def test_locked_ring_does_not_hold_up_the_engine(tmp_path: Path, locked: LockedRing) -> None:
    store = KeyringSecrets(locked, FileSecrets(tmp_path / "keys.json"), patience=0.05)

    with pytest.raises(StorageError) as raised:
        store.get("provider/a")

    assert raised.value.hint == "Unlock the key ring, then try again."
    assert raised.value.details == {"reason": "no answer"}


def test_ring_that_repeats_the_key_in_its_error_does_not_spread_it(tmp_path: Path) -> None:
    store = KeyringSecrets(BrokenRing(), FileSecrets(tmp_path / "keys.json"))

    with pytest.raises(StorageError) as raised:
        store.set("provider/a", KEY)

    assert raised.value.details == {"reason": "RuntimeError"}
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_system_without_a_usable_ring_gets_the_file(tmp_path: Path) -> None:
    # The test environment names keyring's own "fail" backend, as a computer without a desktop has it.
    assert probe_keyring() is None
    assert open_secrets(tmp_path).backend == "file"


def test_probe_gives_up_in_time(locked: LockedRing) -> None:
    assert within(0.05, lambda: locked.get_password("Lares", "probe")) == (None, "no answer")
