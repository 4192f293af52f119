"""The tabs of the open agent besides its conversation, and the segments at the right end of their row.

Which there are stands in the table of `agent_views.py`: a `Segment` in the `Tab` that it belongs to. All else follows:
the tab, its keys and commands, the segment (a tab with one view shows none), `Ctrl PgUp` and `Ctrl PgDown`, and
that a tab opens at the segment that was used last.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.ui.kit.segmented import Segmented
from app.ui.state.command_registry import Command
from app.ui.state.view_context import ViewContext
from app.ui.window.centre import Centre
from app.ui.window.pages import Pages


@runtime_checkable
class AgentPage(Protocol):
    """A widget that shows something of the open agent (`ViewContext.workspace.agent`)."""

    def begin(self) -> None:
        """It came to the front, or another agent was opened while it is there. Cheap where nothing has changed."""
        ...


@runtime_checkable
class KeepsText(Protocol):
    """A view in which a person types what would be lost with it."""

    @property
    def unsaved(self) -> list[str]:
        """What is not saved, in words."""
        ...

    async def save_all(self) -> None:
        """Stores it. Raises `AppError`."""
        ...


@dataclass(frozen=True)
class Segment:
    """One view. `name` is that of its page in the centre, so it is unique in the window; built when first shown."""

    name: str
    title: str
    icon: str
    build: Callable[[], QWidget]


@dataclass(frozen=True)
class Tab:
    """`keys` in Qt's portable writing. `segments` in their order on the screen, at least one."""

    name: str
    title: str
    icon: str
    keys: str
    segments: tuple[Segment, ...]


class AgentTabs(QObject):
    def __init__(self, view: ViewContext, centre: Centre, pages: Pages, tabs: tuple[Tab, ...]) -> None:
        super().__init__(centre)
        self._view, self._centre, self._pages = view, centre, pages
        self._tabs = tabs
        self._rows: dict[str, Segmented] = {}
        for tab in self._tabs:
            centre.add_tab(tab.name, tab.title, tab.icon, [one.name for one in tab.segments])
            if len(tab.segments) > 1:
                row = Segmented(
                    view.theme, [(one.name, one.title, one.icon) for one in tab.segments], name=tab.title, folds=True
                )
                row.chosen.connect(self.show)
                centre.add_tools(tab.name, row)
                self._rows[tab.name] = row

    def show(self, name: str) -> QWidget:
        """Brings a view to the front, by its own name or by that of its tab: then the one that was used last."""
        tab, segment = self._find(name)
        page = self._page(segment)
        self._view.preferences.set(f"segment/{tab.name}", segment.name)
        if tab.name in self._rows:
            self._rows[tab.name].set_current(segment.name)
        self._pages.show(segment.name)
        if isinstance(page, AgentPage):
            page.begin()
        return page

    def begin(self) -> None:
        """Another agent was opened: the view in front shows it."""
        if self.shown:
            self.show(self._centre.page)

    @property
    def shown(self) -> bool:
        """Whether one of these views is in front, not the conversation or a sheet."""
        return any(one.name == self._centre.page for tab in self._tabs for one in tab.segments)

    @property
    def unsaved(self) -> list[str]:
        """What was typed in these views and would be lost with them, in words."""
        return [words for view in self._keeping for words in view.unsaved]

    async def save_unsaved(self) -> None:
        for view in self._keeping:
            await view.save_all()

    @property
    def _keeping(self) -> list[KeepsText]:
        names = [one.name for tab in self._tabs for one in tab.segments if self._centre.has_page(one.name)]
        pages = [self._centre.page_named(name) for name in names]
        return [page for page in pages if isinstance(page, KeepsText)]

    def set_count(self, name: str, number: int) -> None:
        """How many things wait in a view, beside the title of its segment; 0 is not said."""
        tab, segment = self._find(name)
        if tab.name in self._rows:
            self._rows[tab.name].set_label(name, f"{segment.title} {number}" if number else segment.title)

    def commands(self, on_agent: Callable[[], bool], menu: str) -> tuple[Command, ...]:
        commands: list[Command] = []
        for tab in self._tabs:
            commands.append(self._command(tab.name, tab.title, (tab.keys,), on_agent, tab.icon, menu))
            if tab.name in self._rows:
                titles = [(one, f"{tab.title}: {one.title}") for one in tab.segments]
                commands += [self._command(one.name, title, (), on_agent, one.icon, "") for one, title in titles]
        if self._rows:
            before, after = self.tr("Previous segment of the tab"), self.tr("Next segment of the tab")
            commands += [
                Command(
                    "segment.previous", before, lambda: self._move(-1), ("Ctrl+PgUp", "Ctrl+Alt+Left"), hidden=True
                ),
                Command("segment.next", after, lambda: self._move(1), ("Ctrl+PgDown", "Ctrl+Alt+Right"), hidden=True),
            ]
        return tuple(commands)

    def _command(
        self, name: str, title: str, keys: tuple[str, ...], enabled: Callable[[], bool], icon: str, menu: str
    ) -> Command:
        def run() -> None:
            self.show(name)

        return Command(f"tab.{name}", title, run, keys, enabled, icon, menu)

    def _move(self, step: int) -> None:
        row = self._rows.get(self._centre.tab)
        name = row.beside(step if row.isLeftToRight() else -step) if row is not None else None
        if name is not None:
            self.show(name)

    def _find(self, name: str) -> tuple[Tab, Segment]:
        for tab in self._tabs:
            for segment in tab.segments:
                if segment.name == name:
                    return tab, segment
        tab = next(one for one in self._tabs if one.name == name)
        last = self._view.preferences.get(f"segment/{name}", "")
        return tab, next((one for one in tab.segments if one.name == last), tab.segments[0])

    def _page(self, segment: Segment) -> QWidget:
        if not self._centre.has_page(segment.name):
            self._centre.add_page(segment.name, segment.build())
        return self._centre.page_named(segment.name)
