"""The list of agents at the top of the left column, and the same list as a rail of tiles."""

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QMenu, QSizePolicy, QStyledItemDelegate, QWidget

from app.domain.agent import AgentRow
from app.ui.agents.list_row import HEIGHT, AgentRowDelegate, RailDelegate
from app.ui.kit.buttons import IconButton
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, row_of
from app.ui.state.agent_list import AgentFilter, AgentList
from app.ui.state.list_rows import ROW
from app.ui.theme import Theme

ROWS_SHOWN = 5
"""So many before the list scrolls, so that the settings below stay in sight; more only where nothing needs the room."""


class AgentsView(QListView):
    """One line, one agent; keeps the open agent selected."""

    picked = Signal(str)
    chosen = Signal()
    """By a click or Enter: that one is at work with it, and does not walk through the list."""
    menu_wanted = Signal(object, QPoint)
    """AgentRow and the place on the screen."""
    delete_wanted = Signal(object)
    """AgentRow; whoever listens asks first."""

    def __init__(self, theme: Theme, model: AgentFilter | AgentList, delegate: QStyledItemDelegate, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setAccessibleName(name)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)
        self.selectionModel().currentChanged.connect(self._moved)
        for taken in (self.clicked, self.activated):
            taken.connect(lambda: self.chosen.emit())
        self._silent = False
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def select(self, agent_id: str) -> None:
        """Show which agent is open, without opening it."""
        self._silent = True
        found = QModelIndex()
        for place in range(self.model().rowCount()):
            index = self.model().index(place, 0)
            if index.data(ROW).agent.id == agent_id:
                found = index
        self.selectionModel().setCurrentIndex(found, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._silent = False

    def current(self) -> AgentRow | None:
        return self.currentIndex().data(ROW)

    def _moved(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._silent:
            self.picked.emit(index.data(ROW).agent.id)

    def _ask_menu(self, at: QPoint) -> None:
        row = self.indexAt(at).data(ROW)
        if row is not None:
            self.menu_wanted.emit(row, self.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.current()
        if event.key() == Qt.Key.Key_Menu and row is not None:
            self.menu_wanted.emit(row, self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center()))
            return
        if event.key() == Qt.Key.Key_Delete and row is not None:
            self.delete_wanted.emit(row)
            return
        super().keyPressEvent(event)


class AgentListView(QWidget):
    """Head with count, filter and new; rows; the sentence of an empty list."""

    picked = Signal(str)
    chosen = Signal()
    new_wanted = Signal()
    demo_wanted = Signal()
    pin_wanted = Signal(object)
    rename_wanted = Signal(object)
    duplicate_wanted = Signal(object)
    delete_wanted = Signal(object)

    def __init__(self, theme: Theme, agents: AgentList, tips: dict[str, str]) -> None:
        super().__init__()
        self._theme = theme
        self._agents = agents
        self._known = False
        self._spare = 0
        self.setAccessibleName(self.tr("Agents"))
        self._filter = AgentFilter(agents, self)
        self._count = Label(theme, "", "base", "muted")
        self._search = IconButton(theme, "search", self.tr("Filter agents"))
        self._search.setCheckable(True)
        self._new = IconButton(theme, "plus", tips.get("agent.new", self.tr("New agent")))
        self._new.setAccessibleName(self.tr("New agent"))
        self._words = QLineEdit()
        self._words.setPlaceholderText(self.tr("Filter by name, model or text"))
        self._words.setAccessibleName(self.tr("Filter agents by name, model or text"))
        self._words.setClearButtonEnabled(True)
        self._words_row = QWidget()
        row_of(theme, self._words, parent=self._words_row, inset=(14, 0, 14, 8))
        self.list = AgentsView(theme, self._filter, AgentRowDelegate(theme, agents), self.tr("Agents"))
        self._empty = EmptyState(
            theme,
            "agent",
            self.tr("No agents yet"),
            self.tr("A new agent comes with memory and tools."),
            [(self.tr("Create"), self.new_wanted.emit), (self.tr("Try the demo"), self.demo_wanted.emit)],
        )
        self._nothing = EmptyState(
            theme,
            "search",
            self.tr("Nothing matches"),
            actions=[(self.tr("Clear filter"), self._words.clear)],
        )
        self._lay_out()
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        theme = self._theme
        head = QWidget()
        title = Label(theme, self.tr("Agents"), "strong")
        row_of(theme, title, self._count, None, self._search, self._new, parent=head, inset=(14, 4, 10, 4), gap=6)
        column_of(
            theme, head, self._words_row, self.list, self._empty, self._nothing, parent=self, inset=(0, 0, 0, 0), gap=0
        )
        self._words_row.hide()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def _connect(self) -> None:
        self._search.toggled.connect(self._show_filter)
        self._new.clicked.connect(lambda: self.new_wanted.emit())
        self._words.textChanged.connect(self._filter_by)
        self._words.returnPressed.connect(self._open_first)
        self.list.picked.connect(self.picked)
        self.list.chosen.connect(self.chosen)
        self.list.menu_wanted.connect(self._menu)
        self.list.delete_wanted.connect(self.delete_wanted)
        for signal in (self._agents.rowsInserted, self._agents.rowsRemoved, self._agents.modelReset):
            signal.connect(lambda: self._refresh())
        follow(self._theme, self, self._refresh)

    def set_known(self) -> None:
        """The engine has answered, so an empty list is really empty."""
        self._known = True
        self._refresh()

    def select(self, agent_id: str) -> None:
        self.list.select(agent_id)

    def _show_filter(self, shown: bool) -> None:
        self._words_row.setVisible(shown)
        if shown:
            self._words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self._words.clear()

    def _filter_by(self, text: str) -> None:
        chosen = self.list.current()
        self._filter.set_text(text)
        if chosen is not None:
            self.list.select(chosen.agent.id)
        self._refresh()

    def _open_first(self) -> None:
        if self._filter.rowCount():
            self.picked.emit(self._filter.index(0, 0).data(ROW).agent.id)
            self.chosen.emit()

    def _refresh(self) -> None:
        total, shown = len(self._agents.rows), self._filter.rowCount()
        self._count.setText(str(total) if total else "")
        self._empty.setVisible(self._known and total == 0)
        self._nothing.setVisible(total > 0 and shown == 0)
        self.list.setVisible(shown > 0)
        self._search.setVisible(total > 1)
        self._fit()

    def give_room(self, spare: int) -> None:
        """Pixels below that nothing else needs, besides what the list takes at least."""
        if spare != self._spare:
            self._spare = spare
            self._fit()

    @property
    def least_height(self) -> int:
        """What the list takes of the column, however little room there is."""
        return min(self._filter.rowCount(), ROWS_SHOWN) * self._theme.px(HEIGHT)

    def _fit(self) -> None:
        row = self._theme.px(HEIGHT)
        more = max(0, self._spare) // row
        self.list.setFixedHeight(min(self._filter.rowCount(), ROWS_SHOWN + more) * row)

    def _menu(self, row: AgentRow, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAccessibleName(self.tr("Agent {}").format(row.agent.name))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        pin = self.tr("Unpin") if row.agent.pinned else self.tr("Pin")
        for title, icon, signal in (
            (self.tr("Rename"), "edit", self.rename_wanted),
            (self.tr("Duplicate"), "copy", self.duplicate_wanted),
            (pin, "pin", self.pin_wanted),
        ):
            menu.addAction(self._theme.icon(icon), title, lambda signal=signal: signal.emit(row))
        menu.addSeparator()
        delete = self.tr("Delete {}").format(row.agent.name)
        menu.addAction(self._theme.icon("trash", "danger"), delete, lambda: self.delete_wanted.emit(row))
        menu.popup(at)


class AgentRail(QWidget):
    """The left column while a view takes the whole width: only the tiles."""

    picked = Signal(str)
    chosen = Signal()
    new_wanted = Signal()

    def __init__(self, theme: Theme, agents: AgentList) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Agents"))
        self.list = AgentsView(theme, agents, RailDelegate(theme, agents), self.tr("Agents, as tiles"))
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        new = IconButton(theme, "plus", self.tr("New agent"))
        new.clicked.connect(lambda: self.new_wanted.emit())
        self.list.picked.connect(self.picked)
        self.list.chosen.connect(self.chosen)
        column_of(theme, self.list, row_of(theme, None, new, None), parent=self, inset=(0, 6, 0, 10), gap=4)
        follow(theme, self, lambda: self.setFixedWidth(theme.px(56)))

    def select(self, agent_id: str) -> None:
        self.list.select(agent_id)
