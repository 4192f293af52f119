"""What the installers are made of: build.spec for each system, icons, desktop entry, property list, version."""

import configparser
import plistlib
import re
import struct
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PyInstaller import compat

assert compat  # loaded before a test pretends to be on another system
ROOT = Path(__file__).resolve().parents[1]
PACKAGING = ROOT / "packaging"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
SYSTEMS = ["linux", "darwin", "win32"]


class Step:
    """Stands for one of PyInstaller's build steps: keeps what it was given."""

    def __init__(self, *given: Any, **options: Any) -> None:
        self.given, self.options = given, options
        self.pure = self.scripts = self.binaries = self.datas = ()


def run_spec(system: str, monkeypatch: pytest.MonkeyPatch, build: Path) -> dict[str, list[Step]]:
    """Runs build.spec as PyInstaller would on that system; returns the steps it asked for."""
    asked: dict[str, list[Step]] = {}

    def step(kind: str):
        def make(*given: Any, **options: Any) -> Step:
            asked.setdefault(kind, []).append(Step(*given, **options))
            return asked[kind][-1]

        return make

    names: dict[str, Any] = {kind: step(kind) for kind in ("Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE")}
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", system)
        code = compile((ROOT / "build.spec").read_text("utf-8"), "build.spec", "exec")
        exec(code, names | {"SPECPATH": str(ROOT), "workpath": str(build)})
    return asked


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_gets_resources_and_migrations(
    system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (analysis,) = run_spec(system, monkeypatch, tmp_path)["Analysis"]
    places = [(Path(source), target) for source, target in analysis.options["datas"]]
    assert all(source.exists() or list(source.parent.glob(source.name)) for source, _ in places)
    for target in ("resources", "resources/fonts", "resources/icons", "app/adapters/database/migrations/versions", "."):
        assert target in [place for _, place in places]
    assert not any("pictures" in target for _, target in places)
    assert all(Path(script).is_file() for script in analysis.given[0])
    assert any(name.startswith("keyring.backends.") for name in analysis.options["hiddenimports"])
    assert "tkinter" in analysis.options["excludes"]


def test_windows_gets_a_program_for_terminals_beside_the_window(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    programs = {step.options["name"]: step.options for step in run_spec("win32", monkeypatch, tmp_path)["EXE"]}
    assert programs["lares"]["console"] is False
    assert programs["lares-terminal"]["console"] is True
    assert Path(programs["lares"]["icon"]).read_bytes()[:4] == b"\0\0\1\0"
    version = Path(programs["lares"]["version"]).read_text("utf-8")
    assert f'"ProductVersion", "{VERSION}"' in version
    assert f"filevers=({VERSION.replace('.', ', ')}, 0)" in version
    assert "{" not in version


def test_macos_gets_an_application(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (bundle,) = run_spec("darwin", monkeypatch, tmp_path)["BUNDLE"]
    assert bundle.options["name"] == "Lares.app"
    assert bundle.options["version"] == VERSION
    assert bundle.options["info_plist"]["CFBundleName"] == "Lares"
    assert Path(bundle.options["icon"]).read_bytes()[:4] == b"icns"


def test_property_list_asks_for_sharp_drawing_and_dark_windows() -> None:
    values = plistlib.loads((PACKAGING / "Info.plist").read_bytes())
    assert values["NSHighResolutionCapable"] is True
    assert values["NSRequiresAquaSystemAppearance"] is False


def test_desktop_entry_is_complete() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment]
    entry.read(PACKAGING / "lares.desktop", "utf-8")
    keys = entry["Desktop Entry"]
    assert (keys["Type"], keys["Exec"], keys["Icon"], keys["Terminal"]) == ("Application", "lares", "lares", "false")
    for name in ("Categories", "Keywords"):
        assert re.fullmatch(r"([^;]+;)+", keys[name])


def test_icon_files_hold_a_picture_of_every_size() -> None:
    ico = (PACKAGING / "icons" / "lares.ico").read_bytes()
    count = struct.unpack_from("<H", ico, 4)[0]
    entries = [struct.unpack_from("<BBBBHHII", ico, 6 + 16 * index) for index in range(count)]
    assert [entry[0] or 256 for entry in entries] == [16, 20, 24, 32, 48, 64, 128, 256]
    for *_, length, offset in entries:
        assert ico[offset : offset + 4] == b"\x89PNG"
        assert offset + length <= len(ico)

    icns = (PACKAGING / "icons" / "lares.icns").read_bytes()
    assert struct.unpack_from(">I", icns, 4)[0] == len(icns)
    at, widths = 8, []
    while at < len(icns):
        length = struct.unpack_from(">I", icns, at + 4)[0]
        widths.append(struct.unpack_from(">I", icns, at + 8 + 16)[0])
        at += length
    assert widths == [16, 32, 64, 128, 256, 512, 1024]
