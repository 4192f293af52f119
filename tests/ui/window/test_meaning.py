"""Search by meaning in the window: hits say why they are there, and how far all is read is seen, paused and chosen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt

from app.bootstrap import RecallPlan
from app.domain.archive import PassageDraft
from app.domain.embedding import BUILT_IN
from app.ui.archive.rows import PassageRow
from app.ui.archive.view import ArchiveView
from app.ui.settings.page import AppSettings
from tests.support.processes import word_embedder
from tests.support.values import samples
from tests.support.window.household import Household
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.sample import sampled

Wait = Callable[..., Any]
SAID, ASKED = "The boiler was serviced by Brandt.", "who maintained the heating"


def test_what_means_the_same_is_found_and_its_reading_is_seen_paused_and_given_to_another(
    household: Household, data_folder: Path, wait_for: Wait, opened: Callable[..., Any]
) -> None:
    async def story(window: OpenedWindow) -> None:
        agent = window.view.workspace.agent
        assert agent is not None
        here = await window.services.conversations.default_of(agent.id)
        message = samples.message("user", SAID, agent_id=agent.id)
        await live.write(lambda repos: repos.messages.append(here.active_id, message))
        await window.services.archives.insert_for(agent.id, PassageDraft(text=SAID))
        progress = window.services.recall.progress
        while not ((told := await progress()).looked and not told.waiting):
            await window.rest()
        await the_archive_finds_by_meaning(window)
        await the_palette_says_why(window)
        await its_reading_is_settled(window)
        await the_web_gets_an_engine(window)

    plan = RecallPlan(word_embedder.command, start_after=0, settle=0)
    live = wait_for(household.open(data_folder, sampled, plan), 15)
    with opened(data_folder, live) as window:
        wait_for(story(window), 30)


async def the_archive_finds_by_meaning(window: OpenedWindow) -> None:
    window.view.show_tab("archive")
    page = window.view.centre.page_named("archive")
    assert isinstance(page, ArchiveView)
    page.field.setText(ASKED)
    rows = lambda: [row for row in page.rows.rows if isinstance(row, PassageRow)]  # noqa: E731
    await window.until(lambda: rows() and rows()[0].reasons, "nothing was found by meaning")
    assert rows()[0].reasons[0].type == "meaning"
    page.way.button("meaning").click()
    await window.rest()
    await window.until(lambda: rows(), "nothing was found by meaning alone")
    page.way.button("words").click()
    await window.until(lambda: not rows(), "no word of it stands there")
    assert page._nothing.title.text() == "Nothing found by word."
    assert "the built-in embedder" in page.filters.foot.text()


async def the_palette_says_why(window: OpenedWindow) -> None:
    palette = window.view.search.palette
    window.view.search.open_search(ASKED)
    said = lambda: [row for row in palette.rows if "boiler" in row.title]  # noqa: E731
    await window.until(lambda: said() and "by meaning" in said()[0].place, "no hit by meaning, or not why")
    assert not palette.note.isVisible(), "all is read"
    await window.press(Qt.Key.Key_Escape)


async def its_reading_is_settled(window: OpenedWindow) -> None:
    window.view.pages.settings("search")
    page = window.view.centre.page_named("settings")
    assert isinstance(page, AppSettings)
    search = page.search
    await window.until(lambda: search.state.text() == "Everything is read", "its progress is not shown")
    await window.until(lambda: "English" in search.about.text(), "nobody says what the built-in one understands")
    await window.services.recall.pause_indexing()
    await window.until(lambda: search.pause.text() == "Go on", "the pause is not shown")
    search.pause.click()
    await window.until(lambda: not search.pause.isVisible(), "it does not go on")
    await window.services.recall.choose_embedder("nobody/offers-this")
    await window.until(lambda: search.banner.isVisible(), "nobody says that the chosen one is not there")
    assert search.embedder.currentData() == "nobody/offers-this"
    search.embedder.setCurrentIndex(search.embedder.findData(BUILT_IN))
    search.embedder.activated.emit(search.embedder.currentIndex())
    await window.until(lambda: not search.banner.isVisible(), "the built-in one was not chosen")


async def the_web_gets_an_engine(window: OpenedWindow) -> None:
    page = window.view.centre.page_named("settings")
    assert isinstance(page, AppSettings)
    part = page.web_search
    assert not part.save.isEnabled(), "there is nothing to save"
    part.engine.set_current("brave")
    part.engine.chosen.emit("brave")
    assert part.key.isVisible()
    part.save.click()
    await window.until(lambda: "needs a key" in part.problem.text(), "nobody says that a key is missing")
    part.key.setText("sesame")
    part.save.click()
    await window.until(lambda: part.key.placeholderText() == "A key is stored", "the key was not kept")
    assert part.key.text() == ""
    assert not part.save.isEnabled()
    assert (await window.services.web_search.choice()).engine == "brave"
