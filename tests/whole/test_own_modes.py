"""What lies in the data folder is for its user alone, whatever the process or the folder allowed before."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.own_modes import close_to_others
from app.services import Services
from tests.support.processes.rest_child import ServeChild

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes are a matter of POSIX")


def open_to_others(folder: Path) -> list[str]:
    paths = [folder, *folder.rglob("*")]
    return [str(path.relative_to(folder)) for path in paths if path.lstat().st_mode & 0o077 and not path.is_symlink()]


@pytest.fixture
def free_mask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


async def _use(services: Services) -> tuple[str, ...]:
    await services.agents.create_demo()
    await services.backups.create()
    await services.api.make_token()
    return (await services.system.status()).notices


def test_a_folder_made_open_beforehand_is_closed_with_all_in_it_and_said_so(free_mask: None, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "settings.toml").write_text('[log]\nlevel = "DEBUG"\n', "utf-8")
    with ServeChild(folder) as child:
        notices = child.over_link(_use)
        assert open_to_others(folder) == []
    assert any("Lares closed it to them" in notice for notice in notices)
    assert {"lares.db", "backups", "logs", "keys.json"} <= {path.name for path in folder.iterdir()}
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | 0o055)
    with ServeChild(folder) as child:
        child.over_link(_use)
        assert open_to_others(folder) == []


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o750, 0o705, 0o1777])
def test_only_what_lares_keeps_is_closed(tmp_path: Path, mode: int) -> None:
    (tmp_path / "lares.db").write_bytes(b"")
    (tmp_path / "lares.db").chmod(0o644)
    (tmp_path / "holiday.jpg").write_bytes(b"")
    (tmp_path / "holiday.jpg").chmod(0o644)
    (tmp_path / "backups").mkdir(mode=0o755)
    (tmp_path / "backups" / "x.db").symlink_to(tmp_path / "holiday.jpg")
    tmp_path.chmod(mode)
    assert "Lares closed its own files" in close_to_others(tmp_path)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("lares.db", "holiday.jpg", "backups")]
    assert modes == [0o600, 0o644, 0o700]
    assert tmp_path.stat().st_mode & 0o1777 == mode
    (tmp_path / "holiday.jpg").unlink()
    assert "Lares closed it to them" in close_to_others(tmp_path)
    assert close_to_others(tmp_path) == ""
