"""Another data folder is looked at, chosen and remembered in the window, which then starts again on it."""

from pathlib import Path

import pytest

from app.config import Config
from app.data_folder import chosen_folder, not_there
from app.link.single_instance import claim_window
from app.ui.settings.folder_choice import FolderChoice
from app.ui.window.repair import Repair
from tests.support.window.opened_window import OpenedWindow
from tests.ui.window.conftest import Wait


@pytest.fixture
def no_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def test_another_folder_is_looked_at_and_lares_starts_again_on_it(
    empty_window: OpenedWindow, wait_for: Wait, tmp_path: Path, data_folder: Path, no_choice: None
) -> None:
    async def person() -> None:
        window, pages = empty_window, empty_window.view.pages
        window.view.commands.run("folder")
        about = window.view.centre.page_named("settings").about  # type: ignore[attr-defined]
        assert about.isVisible()
        assert not about.folder.other.isVisible(), "what --data says cannot be changed"
        assert "--data" in about.folder.about.text()
        card = FolderChoice(window.view.view, Config(data_folder, source="usual"))
        card.chosen.connect(pages.folder_chosen)
        about.layout().addWidget(card)
        photos = tmp_path / "photos"
        photos.mkdir()
        (photos / "cat.jpg").touch()
        card.look(photos)
        await window.until(lambda: "other files" in card.said.text(), "it is not refused")
        assert card.begin.isHidden()
        card.make.click()
        await window.until(card.begin.isVisible, "a folder inside is not offered")
        assert "does not exist yet" in card.said.text()
        other = Config(tmp_path / "other")
        claim = claim_window(other)
        assert claim is not None
        (other.folder / "settings.toml").touch()
        card.look(other.folder)
        await window.until(lambda: "Another window" in card.said.text(), "a folder in use is offered")
        claim.release()
        card.look(other.folder)
        await window.until(card.begin.isVisible, "it is not offered")
        assert chosen_folder() is None, "it is chosen before Lares starts again"
        card.begin.click()
        await window.until(window.ended.done, "the window stayed")
        assert window.session.again
        assert chosen_folder() == other.folder

    wait_for(person())


def test_where_lares_cannot_start_another_folder_is_chosen(
    empty_window: OpenedWindow, wait_for: Wait, no_choice: None
) -> None:
    async def person() -> None:
        window = empty_window
        window.refuse = not_there(Path("disk", "lares"))
        await window.lose_engine()
        await window.until(lambda: window.view.centre.page == "repair", "nothing says that it cannot start")
        page = window.view.centre.page_named("repair")
        assert isinstance(page, Repair)
        assert "is not there" in page.why
        assert page.findChild(FolderChoice) is not None
        window.refuse = None
        page.retry.click()
        await window.until(lambda: window.view.connection.state == "connected", "it does not go on")

    wait_for(person())
