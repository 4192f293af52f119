"""Window state is comfort: whatever the file says, the app starts."""

from pathlib import Path

import pytest

from app.ui.state.preferences import DRAFTS_KEPT, FILE, Preferences


def test_values_come_back_after_a_restart(tmp_path: Path) -> None:
    first = Preferences(tmp_path)
    first.set("scale", 1.25)
    first.set("columns", [272, 344])
    first.set_draft("conv-1", {"text": "Grüße, „so“ weiter\n%", "at": 5})
    first.save()
    second = Preferences(tmp_path)
    assert second.get("scale", 1.0) == 1.25
    assert second.get("columns", list[int]()) == [272, 344]
    assert second.draft("conv-1")["text"] == "Grüße, „so“ weiter\n%"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00rubbish[[[", b"[General]\nscale=abc\nagent={\n"])
def test_a_broken_file_gives_the_defaults(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    preferences = Preferences(tmp_path)
    assert preferences.get("scale", 1.0) == 1.0
    assert preferences.get("agent", "") == ""
    assert preferences.draft("conv-1") == {}


def test_a_value_of_another_type_is_not_believed(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    preferences.set("column/left", "yes")
    assert preferences.get("column/left", True) is True


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    preferences = Preferences(tmp_path / "file")
    preferences.set("agent", "agent-1")
    preferences.save()
    assert Preferences(tmp_path / "file").get("agent", "none") in ("none", "agent-1")


def test_only_the_newest_drafts_are_kept(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    for number in range(DRAFTS_KEPT + 5):
        preferences.set_draft(f"conv-{number}", {"text": "x", "at": number})
    assert preferences.draft("conv-0") == {}
    assert preferences.draft(f"conv-{DRAFTS_KEPT + 4}")
