"""The centre column: tabs of the open agent, its conversations, a banner, and one page at a time."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QSize, Signal
from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QWidget

from app.ui.kit.banner import Banner
from app.ui.kit.layout import column_of, follow, hairline, row_of
from app.ui.kit.tooltip import literal
from app.ui.theme import Theme
from app.ui.window.conversations import ConversationButton

STAYS = ("starting", "first run", "repair")
"""Pages that a sheet comes back to, besides the tabs."""
INSET = (8, 0, 10, 0)
GAP = 8
"""Of the row of tabs and tools."""


class Centre(QFrame):
    """Pages by name. Those of a tab stay; the others are sheets that lie over them and go again."""

    tab_picked = Signal(str)
    """Name of the tab."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._pages: dict[str, QWidget] = {}
        self._tabs: list[tuple[str, str, str]] = []
        """Names, icons and titles, as they stand in the row."""
        self._whole = 0
        """Width of the tabs with all their titles."""
        self._tab_of: dict[str, str] = {}
        """Names of pages, and the tab that each belongs to."""
        self._tools: dict[str, list[QWidget]] = {}
        self._before = ""
        self.setProperty("kind", "panel")
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(self.tr("Views of the agent"))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.conversations = ConversationButton(theme)
        self.extra = row_of(theme, gap=4)
        self.row = QWidget()
        self.row.setMinimumWidth(1)  # what stands in it must not hold the window as wide as it is
        self.row.installEventFilter(self)
        row_of(theme, self.tabs, None, self.extra, parent=self.row, inset=INSET, gap=GAP)
        self.line = hairline()
        self.banner = Banner(theme)
        self.banner.installEventFilter(self)
        self._banner_row = QWidget()
        row_of(theme, self.banner, parent=self._banner_row, inset=(12, 8, 12, 0))
        self._banner_row.hide()
        self.stack = QStackedWidget()
        column_of(theme, self.row, self.line, self._banner_row, self.stack, parent=self, gap=0)
        follow(theme, self, self._restyle)
        self.add_tab("chat", self.tr("Chat"), "agent", ["chat"])
        self.add_tools("chat", self.conversations)
        self.tabs.currentChanged.connect(self._picked)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """No room is kept for a banner that is not there, and titles of tabs give way where there is none for them."""
        if watched is self.row:
            if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
                self._fit()
        elif event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._banner_row.setVisible(not self.banner.isHidden())
        return False

    def _fit(self) -> None:
        """With too little room beside the tools of the page, only the tab in front keeps its title."""
        room = self.row.width() - self._theme.px(INSET[0] + GAP + INSET[2])
        self._write_titles(folded=room - self.extra.sizeHint().width() < self._whole)
        needed = self.tabs.sizeHint().width()
        self.tabs.setMinimumWidth(needed if needed <= room - self.extra.minimumSize().width() else 0)

    def _write_titles(self, folded: bool) -> None:
        for index, (_, _, title) in enumerate(self._tabs):
            words = "" if folded and index != self.tabs.currentIndex() else title
            if self.tabs.tabText(index) != words:
                self.tabs.setTabText(index, words)
                self.tabs.setTabToolTip(index, "" if words else literal(title))

    def _measure(self) -> None:
        self._write_titles(folded=False)
        self._whole = self.tabs.sizeHint().width()
        self._fit()

    def _picked(self, index: int) -> None:
        self._fit()
        self.tab_picked.emit(self._tabs[index][0])

    def add_tab(self, name: str, title: str, icon: str, pages: Iterable[str]) -> None:
        """A tab at the end of the row, and the names of the pages that belong to it."""
        self._tabs.append((name, icon, title))
        self._tab_of |= dict.fromkeys(pages, name)
        self.tabs.setAccessibleTabName(self.tabs.addTab(self._theme.icon(icon, "text2", 16), title), title)
        self._measure()

    def add_tools(self, tab: str, tools: QWidget) -> None:
        """What stands at the right end of the row while a page of this tab is shown."""
        self._tools.setdefault(tab, []).append(tools)
        tools.setVisible(self.tab == tab)
        self.extra.addWidget(tools)

    def add_page(self, name: str, page: QWidget) -> None:
        self._pages[name] = page
        self.stack.addWidget(page)

    def drop_page(self, name: str) -> None:
        """It is not needed any more. Whoever would come back to it comes to the conversation."""
        page = self._pages.pop(name)
        self.stack.removeWidget(page)
        page.hide()
        page.deleteLater()
        if self._before == name:
            self._before = "chat"

    def has_page(self, name: str) -> bool:
        return name in self._pages

    def page_named(self, name: str) -> QWidget:
        return self._pages[name]

    @property
    def page(self) -> str:
        return next((name for name, page in self._pages.items() if page is self.stack.currentWidget()), "")

    @property
    def tab(self) -> str:
        """The tab whose page is shown; empty while a sheet is."""
        return self._tab_of.get(self.page, "")

    def show_page(self, name: str) -> None:
        """Tabs stay with their pages; a sheet hides them."""
        if self.tab or self.page in STAYS:
            self._before = self.page
        self.stack.setCurrentWidget(self._pages[name])
        self.setFocusProxy(self._pages[name])
        tab = self.tab
        self.row.setVisible(bool(tab))
        self.line.setVisible(bool(tab))
        if tab:
            self.tabs.blockSignals(True)
            self.tabs.setCurrentIndex([one for one, _, _ in self._tabs].index(tab))
            self.tabs.blockSignals(False)
            for other, tools in self._tools.items():
                for tool in tools:
                    tool.setVisible(other == tab)
            self._fit()

    def close_sheet(self) -> None:
        self.show_page(self._before)

    def _restyle(self) -> None:
        px = self._theme.px
        self.row.setFixedHeight(px(40))
        self.tabs.setFont(self._theme.font("base", 500))
        self.tabs.setIconSize(QSize(px(16), px(16)))
        for index, (_, icon, _) in enumerate(self._tabs):
            self.tabs.setTabIcon(index, self._theme.icon(icon, "text2", 16))
        self._measure()
