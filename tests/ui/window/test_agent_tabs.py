"""Tabs with segments: which view is shown, how one goes from one to the next, and what is remembered."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from app.ui.kit.segmented import Segmented
from app.ui.window.agent_tabs import AgentTabs, Segment, Tab
from tests.support.window.opened_window import OpenedWindow

Wait = Callable[..., Any]


class Leaf(QWidget):
    """A view that counts how often it was asked to begin."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def begin(self) -> None:
        self.begun += 1


def with_segments(window: OpenedWindow) -> AgentTabs:
    """One more tab in the window, with three segments."""
    leaves = [(name, Segment(name, name.title(), "clock", Leaf)) for name in ("left", "middle", "right")]
    tab = Tab("tree", "Tree", "clock", "Ctrl+9", tuple(one for _, one in leaves))
    return AgentTabs(window.view.view, window.view.centre, window.view.pages, (tab,))


def test_a_tab_opens_at_the_segment_that_was_used_last(window: OpenedWindow, wait_for: Wait) -> None:
    async def story() -> None:
        centre = window.view.centre
        for width in (1280, 1920):
            window.window.resize(width, 800)
            await window.rest()
            bar = centre.tabs
            shown = [bar.tabText(one) for one in range(bar.count())]
            assert bar.tabRect(bar.count() - 1).right() <= bar.width(), "a tab has no room"
            assert shown[0] == "Chat"
            assert all(shown) == (width == 1920)
        tabs = with_segments(window)
        tabs.show("tree")
        assert (centre.page, centre.tab) == ("left", "tree")
        tabs.show("middle")
        row = next(row for row in centre.row.findChildren(Segmented) if row.isVisible())
        assert row.current == "middle"
        window.view.show_tab("chat")
        assert not row.isVisible()
        assert window.view.chat is not None
        assert window.view.chat.tools.isVisible()
        tabs.show("tree")
        assert centre.page == "middle"
        middle = centre.page_named("middle")
        assert isinstance(middle, Leaf)
        assert middle.begun == 2
        assert not centre.has_page("right"), "built before it was shown"
        await window.rest()

    wait_for(story(), 20)


def test_keys_go_from_segment_to_segment(window: OpenedWindow, wait_for: Wait) -> None:
    async def story() -> None:
        centre, tabs = window.view.centre, with_segments(window)
        commands = {command.id: command for command in tabs.commands(lambda: True, "View")}
        assert QKeySequence(commands["tab.tree"].shortcut) == QKeySequence("Ctrl+9")
        assert [id for id in commands if id.startswith("tab.")] == ["tab.tree", "tab.left", "tab.middle", "tab.right"]
        commands["tab.tree"].run()
        for keys, page in (("next", "middle"), ("next", "right"), ("next", "right"), ("previous", "middle")):
            commands[f"segment.{keys}"].run()
            assert centre.page == page
            assert centre.page_named(page).hasFocus(), "the keys of the view do nothing"
        # Desktops change their workspace by the second, so it does not arrive everywhere.
        assert commands["segment.next"].shortcuts == ("Ctrl+PgDown", "Ctrl+Alt+Right")
        await window.rest()

    wait_for(story(), 20)


def test_what_waits_stands_beside_the_title_and_little_room_leaves_the_icons(
    window: OpenedWindow, wait_for: Wait
) -> None:
    async def story() -> None:
        tabs = with_segments(window)
        tabs.show("left")
        row = next(row for row in window.view.centre.row.findChildren(Segmented) if row.isVisible())
        tabs.set_count("right", 5)
        assert row.button("right").text() == "Right 5"
        await window.rest()
        assert row.width() >= row.sizeHint().width()
        row.resize(row.minimumSizeHint())
        assert row.button("right").toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
        assert row.button("right").toolTip() == "Right 5"
        row.resize(row.sizeHint())
        assert row.button("right").toolTip() == ""
        tabs.set_count("right", 0)
        assert row.button("right").text() == "Right"

    wait_for(story(), 20)
