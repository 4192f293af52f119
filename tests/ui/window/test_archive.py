"""The archive in the window: searched as the agent does, corrected, merged, ended, deleted, each with its undo."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu

from app.domain.archive import Archive, ArchiveDraft, PassageDraft, PassageFilter
from app.domain.history import Actor, Origin
from app.ui.archive.rows import PassageRow
from app.ui.archive.view import ArchiveView
from app.ui.archive.words import CutRow
from app.ui.kit.buttons import Button, IconButton
from tests.support.window.opened_window import OpenedWindow

Wait = Callable[..., Any]

PASSAGES = (
    ("Boiler serviced every two years by Kruse, last in May 2024.", ("heating",)),
    ("Set the heating to 18 degrees when nobody is home for more than a day.", ("house",)),
    ("Firewood comes from the farm in Elend, two cubic metres each autumn.", ("house",)),
    ("The heating engineer needs the key to the cellar; it hangs behind the coats.", ("house", "heating")),
    ("Radiator in the study bled, it had been cold at the top.", ("heating",)),
    ("Brandt’s invoice 2026-118 was paid on 30 March, 214.20 euros.", ("house", "invoices")),
    ("Brandt will bring the offer for a heat pump on 14 November, Mia is at home.", ("heating",)),
    ("Boiler serviced by Brandt on 12 March 2026, burner cleaned, pressure 1.6 bar.", ("heating", "house")),
)


async def filled(window: OpenedWindow) -> list[str]:
    """The agent's archive with some passages, one of them superseded; their ids."""
    agent = window.view.workspace.agent
    assert agent is not None
    by_agent = Origin(actor=Actor(kind="agent", name=agent.name))
    archives, ids = window.services.archives, list[str]()
    for number, (text, tags) in enumerate(PASSAGES):
        draft = PassageDraft(text=text, tags=tags)
        stored = await archives.insert_for(agent.id, draft, by_agent if number % 2 else Origin())
        ids.append(stored.passage.id)
    await archives.supersede((ids[0],), by=ids[-1])
    return ids


async def shown(window: OpenedWindow) -> ArchiveView:
    window.view.show_tab("archive")
    page = window.view.centre.page_named("archive")
    assert isinstance(page, ArchiveView)
    return page


def texts(page: ArchiveView) -> list[str]:
    return [row.passage.text for row in page.rows.rows if isinstance(row, PassageRow)]


async def undone(window: OpenedWindow) -> None:
    toasts = window.view.view.toasts
    await window.until(lambda: toasts.toasts and toasts.toasts[-1].button, "no undo was offered")
    button = toasts.toasts[-1].button
    assert button is not None
    button.click()
    await window.rest()


async def it_is_searched_by_words_alone(window: OpenedWindow, page: ArchiveView) -> None:
    cut = lambda: any(isinstance(row, CutRow) for row in page.rows.rows)  # noqa: E731
    assert not page.way.button("meaning").isEnabled(), "nothing is embedded, so meaning alone finds nothing"
    page.way.button("words").click()
    await window.until(lambda: not cut(), "the agent asks for both")
    assert "Brandt" in texts(page)[0]
    page.way.button("both").click()
    await window.until(cut, "not as the agent searches")
    page.field.setFocus()


async def two_chosen(window: OpenedWindow, page: ArchiveView) -> None:
    for place in (0, 1):
        page.list.setCurrentIndex(page.rows.index(place))
        await window.press(Qt.Key.Key_Space)
    assert len(page.rows.chosen) == 2


async def the_chosen_are_tagged(window: OpenedWindow, page: ArchiveView) -> None:
    both = page.rows.chosen
    tags = lambda: [one.passage.tags for one in page.rows.rows if one.passage.id in both]  # type: ignore[union-attr] # noqa: E731
    await window.press(Qt.Key.Key_T)
    await window.until(window.view.view.ask.isVisible, "nobody asks for the tags")
    await window.write("heating, winter")  # in place of those that both have
    await window.press(Qt.Key.Key_Return)
    await window.until(lambda: all("winter" in one for one in tags()), "the chosen were not tagged")
    await undone(window)
    await window.until(lambda: not any("winter" in one for one in tags()), "their tags stayed")


async def choose(window: OpenedWindow, *names: str) -> None:
    """An entry of the open menu, or of one inside it."""
    for name in names:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        action = next(one for one in menu.actions() if one.text() == name)
        if (inner := action.menu()) is not None:
            inner.popup(menu.pos())  # type: ignore[attr-defined]
        else:
            action.trigger()
            menu.close()
    window.window.activateWindow()
    await window.rest()


def pictured(window: OpenedWindow, name: str) -> None:
    where = os.environ.get("PICTURES")
    if where:
        window.window.grab().save(f"{where}/{name}.png")


def test_an_archive_is_searched_as_the_agent_does_and_put_right(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        ids = await filled(window)
        page = await shown(window)
        await window.until(lambda: len(texts(page)) == len(PASSAGES), "the passages were never listed")
        assert texts(page)[0] == PASSAGES[-1][0]
        await window.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        assert window.focus is page.field
        await window.write("when was Brandt here for the heating")
        await window.until(lambda: any(isinstance(row, CutRow) for row in page.rows.rows), "nothing was found")
        cut = next(place for place, row in enumerate(page.rows.rows) if isinstance(row, CutRow))
        assert cut == 5
        assert page.rows.rows[cut - 1].rank == 5  # type: ignore[union-attr]
        first = page.rows.rows[0]
        assert isinstance(first, PassageRow)
        assert "Brandt" in first.passage.text
        await it_is_searched_by_words_alone(window, page)
        await window.press(Qt.Key.Key_Return)
        assert window.focus is page.list
        page.list.go_to(ids[-1])
        await window.until(lambda: page.pane.passage and page.pane.passage.id == ids[-1], "it was never shown")
        await window.rest()
        pictured(window, "archive")
        # E edits, Ctrl Enter saves, and one undo takes it back.
        await window.press(Qt.Key.Key_E)
        assert window.focus is page.pane.text
        page.pane.text.setPlainText("Boiler serviced by Brandt, yearly.")
        await window.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await window.until(lambda: "Boiler serviced by Brandt, yearly." in texts(page), "it was never changed")
        await undone(window)
        await window.until(lambda: PASSAGES[-1][0] in texts(page), "it was never as before")
        # Space chooses, Del deletes what is chosen.
        page.field.clear()
        await window.until(lambda: len(texts(page)) == len(PASSAGES), "the search never ended")
        page.list.setFocus()
        await two_chosen(window, page)
        await the_chosen_are_tagged(window, page)
        await two_chosen(window, page)
        await window.press(Qt.Key.Key_Delete)
        await window.until(lambda: len(texts(page)) == len(PASSAGES) - 2, "they were never deleted")
        await undone(window)
        await window.until(lambda: len(texts(page)) == len(PASSAGES), "they never came back")

    wait_for(person(), 30)


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_passage_is_added_ended_and_filtered_and_an_empty_archive_says_what_comes_here(
    window: OpenedWindow, wait_for: Wait, tmp_path: Path
) -> None:
    async def person() -> None:
        page = await shown(window)
        await window.until(lambda: page._pages.currentIndex() == 1, "the empty archive said nothing")
        assert window.focus is page.field, "the keyboard is nowhere"
        pictured(window, "archive-empty")
        QTest.mouseClick(page.add, Qt.MouseButton.LeftButton)
        await window.write("Kruse services the boiler.")
        page.pane.tags.setText("heating, house")
        page.pane.save.click()
        await window.until(lambda: texts(page) == ["Kruse services the boiler."], "it was never stored")
        page.list.setFocus()
        await window.until(lambda: page.pane.passage is not None, "it was never shown")
        await window.press(Qt.Key.Key_S)
        assert window.focus is page.pane.instead
        await window.write("Brandt services the boiler.")
        page.pane.end_now.click()
        await window.until(lambda: len(texts(page)) == 2, "nothing took its place")
        page.list.go_to(next(r.passage.id for r in page.rows.rows if r.passage.superseded_at))  # type: ignore[union-attr]
        await window.rest()
        pictured(window, "archive-ended")
        page.filters.validity["superseded"].box.click()
        await window.until(lambda: texts(page) == ["Kruse services the boiler."], "the filter never worked")
        page.filters.validity["all"].box.click()
        await window.until(lambda: len(texts(page)) == 2, "the filter stayed")
        page.files.write(page._filter, "csv", tmp_path / "out.csv")
        await window.until(lambda: (tmp_path / "out.csv").exists(), "nothing was exported")
        await archives_are_shared_renamed_and_deleted(window, page)
        page.field.setText("nothing of this kind")
        await window.until(lambda: page._pages.currentIndex() == 2, "nothing said that nothing was found")

    wait_for(person(), 30)


async def archives_are_shared_renamed_and_deleted(window: OpenedWindow, page: ArchiveView) -> None:
    services, juno = window.services.archives, window.view.workspace.agent
    assert juno is not None
    other = next(row.agent for row in window.view.workspace.agents.rows if row.agent.id != juno.id)
    (first,) = await services.of_agent(juno.id)
    shared = await services.create(ArchiveDraft(name="Cellar & attic"), other.id)
    names = lambda: [one.name for one in page.filters.archives]  # noqa: E731
    popup = QApplication.activePopupWidget
    page.filters.add_archive.click()
    await window.until(lambda: popup() is not None, "no archive to share is offered")
    await choose(window, "Cellar && attic")
    await window.until(lambda: names() == [first.name, "Cellar & attic"], "it is not shared")

    async def open_menu(archive: Archive) -> None:
        button = next(
            one for one in page.findChildren(IconButton) if one.accessibleName() == f"More of “{archive.name}”"
        )
        button.click()
        await window.until(lambda: popup() is not None, "it has no menu")

    await open_menu(shared)
    await choose(window, f"Remove from {juno.name}")
    await window.until(lambda: names() == [first.name], "it still searches it")
    await undone(window)
    await window.until(lambda: names() == [first.name, "Cellar & attic"], "the undo is none")
    await open_menu(first)
    await choose(window, "Share with", other.name)
    await window.until(lambda: page.filters.holders[first.id] == 2, "nobody else has it")
    await open_menu(first)
    await choose(window, "Rename…")
    await window.until(window.view.view.ask.isVisible, "nobody asks for the name")
    await window.write("House")
    await window.press(Qt.Key.Key_Return)
    await window.until(lambda: names() == ["House", "Cellar & attic"], "it has its old name")
    before = texts(page)
    await open_menu(first.model_copy(update={"name": "House"}))
    await choose(window, "Delete…")
    await window.until(window.view.view.ask.isVisible, "nobody asks")
    question = " ".join(label.text() for label in window.view.view.ask.findChildren(QLabel))
    assert "2 passages are deleted with it." in question
    assert juno.name in question
    assert other.name in question
    await answered(window, "Delete")
    await window.until(lambda: names() == ["Cellar & attic"], "it was not deleted")
    await undone(window)
    await window.until(lambda: names() == ["House", "Cellar & attic"], "it never came back")
    await window.until(lambda: texts(page) == before, "its passages did not")


async def answered(window: OpenedWindow, words: str) -> None:
    next(one for one in window.view.view.ask.findChildren(Button) if one.text() == words).click()
    await window.rest()


def test_a_long_archive_is_read_page_by_page(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        agent = window.view.workspace.agent
        assert agent is not None
        archive = await window.services.archives.default_of(agent.id)
        drafts = tuple(PassageDraft(text=f"Fact number {number}.") for number in range(350))
        await window.services.archives.add(archive.id, drafts)
        page = await shown(window)
        await window.until(lambda: len(page.rows.rows) == 100, "the first page never came")
        for _ in range(4):
            page.list.scrollToBottom()
            await window.rest()
        await window.until(lambda: len(page.rows.rows) == 350, "the rest never came")
        assert len(await window.services.archives.passages(PassageFilter(agent_id=agent.id))) == 350
        assert len(set(texts(page))) == 350

    wait_for(person(), 30)
