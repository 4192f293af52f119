"""The centre column: tabs of the open agent, its conversations, a banner, and one page at a time."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QMenu, QStackedWidget, QTabBar, QToolButton, QWidget

from app.domain.conversation import Conversation
from app.ui.kit.banner import Banner
from app.ui.kit.layout import column_of, follow, hairline, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import full_time
from app.ui.theme import Theme

TABS = (("chat", "agent"), ("history", "history"))
STAYS = ("starting", "first run", "repair")
"""Pages that a sheet comes back to, besides the tabs."""


class ConversationButton(QToolButton):
    """Which conversation with the agent is shown; opens the list of all."""

    picked = Signal(str)
    earlier_wanted = Signal()
    """The list shows only the newest; a person wants to see more of them."""
    new_wanted = Signal()
    rename_wanted = Signal(object)
    delete_wanted = Signal(object)
    reset_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[Conversation, ...] = ()
        self._current = ""
        self._has_earlier = self._asked = False
        self._menu = QMenu(self)
        self._menu.setAccessibleName(self.tr("Conversations"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # The arrow stands behind the text; the menu is a child and would be mirrored with the button.
        self._menu.setLayoutDirection(QGuiApplication.layoutDirection())
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(self.tr("Conversations"))
        self.clicked.connect(lambda: self._open())
        follow(theme, self, self._restyle)

    def show_rows(self, rows: Sequence[Conversation], current: str, has_earlier: bool = False) -> None:
        self._rows, self._current, self._has_earlier = tuple(rows), current, has_earlier
        title = next((self.title_of(row) for row in rows if row.id == current), "")
        self.setText(self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, self._theme.px(160)))
        set_tip(self, self.tr("Conversations with this agent"))
        self.setAccessibleName(self.tr("Conversation {}, choose another").format(title))
        if self._asked:
            self._asked = False
            self._open()

    def title_of(self, row: Conversation) -> str:
        if row.title:
            return row.title
        if row.is_default:
            return self.tr("Main conversation")
        return self.tr("Untitled, {}").format(full_time(row.created_at))

    def _open(self) -> None:
        menu = self._menu
        menu.clear()
        for row in self._rows:
            action = menu.addAction(self.title_of(row), lambda id=row.id: self.picked.emit(id))
            action.setCheckable(True)
            action.setChecked(row.id == self._current)
        if self._has_earlier:
            menu.addAction(self._theme.icon("history"), self.tr("Show more conversations"), self._ask_earlier)
        menu.addSeparator()
        menu.addAction(self._theme.icon("plus"), self.tr("New conversation"), self.new_wanted.emit)
        current = next((row for row in self._rows if row.id == self._current), None)
        if current is not None:
            menu.addAction(
                self._theme.icon("edit"), self.tr("Rename this one"), lambda: self.rename_wanted.emit(current)
            )
            menu.addAction(
                self._theme.icon("context"),
                self.tr("Empty its context window"),
                lambda: self.reset_wanted.emit(current),
            )
            if not current.is_default:
                menu.addAction(
                    self._theme.icon("trash", "danger"),
                    self.tr("Delete this one"),
                    lambda: self.delete_wanted.emit(current),
                )
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _ask_earlier(self) -> None:
        self._asked = True
        self.earlier_wanted.emit()

    def _restyle(self) -> None:
        pixels = self._theme.px(14)
        self.setIcon(self._theme.icon("chevron-down", "muted", 14))
        self.setIconSize(QSize(pixels, pixels))
        self.setFont(self._theme.font("label", 500))
        self.setFixedHeight(self._theme.px(28))


class Centre(QFrame):
    """Pages by name. `chat` and `history` have tabs; the others are sheets that lie over them and go again."""

    tab_picked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._pages: dict[str, QWidget] = {}
        self._before = ""
        self.setProperty("kind", "panel")
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(self.tr("Views of the agent"))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        for title in (self.tr("Chat"), self.tr("Memory history")):
            self.tabs.addTab(title)
        self.tabs.currentChanged.connect(self._picked)
        self.conversations = ConversationButton(theme)
        self.extra = row_of(theme, gap=4)
        self.row = QWidget()
        row_of(theme, self.tabs, None, self.conversations, self.extra, parent=self.row, inset=(8, 0, 10, 0), gap=8)
        self.line = hairline()
        self.banner = Banner(theme)
        self.banner.installEventFilter(self)
        self._banner_row = QWidget()
        row_of(theme, self.banner, parent=self._banner_row, inset=(12, 8, 12, 0))
        self._banner_row.hide()
        self.stack = QStackedWidget()
        column_of(theme, self.row, self.line, self._banner_row, self.stack, parent=self, gap=0)
        follow(theme, self, self._restyle)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """No room is kept for a banner that is not there."""
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._banner_row.setVisible(not self.banner.isHidden())
        return False

    def _picked(self, index: int) -> None:
        self.tab_picked.emit(TABS[index][0])

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

    def show_page(self, name: str) -> None:
        """Tabs stay with chat and history; a sheet hides them."""
        tabbed = [tab for tab, _ in TABS]
        if self.page in (*tabbed, *STAYS):
            self._before = self.page
        self.stack.setCurrentWidget(self._pages[name])
        self.setFocusProxy(self._pages[name])
        self.row.setVisible(name in tabbed)
        self.line.setVisible(name in tabbed)
        if name in tabbed:
            self.tabs.blockSignals(True)
            self.tabs.setCurrentIndex(tabbed.index(name))
            self.tabs.blockSignals(False)
            for at in range(self.extra.count()):
                item = self.extra.itemAt(at)
                if item is not None and (tool := item.widget()) is not None:
                    tool.setVisible(name == "chat")
            self.conversations.setVisible(name == "chat")

    def close_sheet(self) -> None:
        self.show_page(self._before)

    def _restyle(self) -> None:
        px = self._theme.px
        self.row.setFixedHeight(px(40))
        self.tabs.setFont(self._theme.font("base", 500))
        self.tabs.setIconSize(QSize(px(16), px(16)))
        for index, (_, icon) in enumerate(TABS):
            self.tabs.setTabIcon(index, self._theme.icon(icon, "text2", 16))
