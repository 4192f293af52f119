"""The list of agents at the top of the left column, and the same list as a rail of tiles."""

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QMenu, QSizePolicy, QStyledItemDelegate, QWidget

from app.domain.agent import AgentRow
from app.ui.agents.list_row import HEIGHT, AgentRowDelegate, RailDelegate
from app.ui.agents.tag_line import TagLine
from app.ui.agents.tag_popup import TagPopup
from app.ui.kit.buttons import IconButton
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, row_of
from app.ui.kit.wording import count
from app.ui.state.agent_list import AgentFilter, AgentList
from app.ui.state.list_rows import ROW
from app.ui.theme import Theme

TAGS_SHOWN = 12
ROWS_SHOWN = 5
"""So many before the list scrolls, so that the settings below stay in sight; more only where nothing needs the room."""


class AgentsView(QListView):
    """One line, one agent. One that is selected alone is the open one; with Ctrl or Shift several are selected."""

    picked = Signal(str)
    chosen = Signal()
    """By a click or Enter: that one is at work with it, and does not walk through the list."""
    selected = Signal()
    """Others are selected than before."""
    menu_wanted = Signal(QPoint)
    """What can be done with those that are selected, at this place on the screen."""
    delete_wanted = Signal(object)
    """tuple[AgentRow, ...]"""

    def __init__(self, theme: Theme, model: AgentFilter | AgentList, delegate: QStyledItemDelegate, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._open = ""
        self._place_of = model.place_of
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
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.selectionModel().currentChanged.connect(lambda: self._settle())
        self.selectionModel().selectionChanged.connect(lambda: self._settle())
        self.clicked.connect(lambda: self._work())
        self.activated.connect(lambda: self._work())
        self._silent = False
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def select(self, agent_id: str) -> None:
        """Show which agent is open, without opening it; several that are selected stay so until another is open."""
        if agent_id != self._open or not self.several:
            self._open = agent_id
            self.select_open()

    def select_open(self) -> None:
        """Only the open agent is selected."""
        found = self._place_of(self._open)
        self._silent = True
        self.selectionModel().setCurrentIndex(found, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._silent = False
        self.selected.emit()

    @property
    def rows(self) -> tuple[AgentRow, ...]:
        """Those that are selected, in the order of the list."""
        found = self.selectionModel().selectedRows()
        return tuple(index.data(ROW) for index in sorted(found, key=lambda index: index.row()))

    @property
    def several(self) -> bool:
        return len(self.selectionModel().selectedRows()) > 1

    def _settle(self) -> None:
        """One that is selected alone is opened; Ctrl and Shift leave the open one."""
        if self._silent:
            return
        rows = self.selectionModel().selectedRows()
        if len(rows) == 1 and (agent_id := rows[0].data(ROW).agent.id) != self._open:
            self.picked.emit(agent_id)
        self.selected.emit()

    def _work(self) -> None:
        if not self.several:
            self.chosen.emit()

    def _ask_menu(self, at: QPoint) -> None:
        if self.indexAt(at).isValid():
            self.menu_wanted.emit(self.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows = self.rows
        if event.key() == Qt.Key.Key_Menu and rows:
            self.menu_wanted.emit(self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center()))
        elif event.key() == Qt.Key.Key_Delete and rows:
            self.delete_wanted.emit(rows)
        elif event.key() == Qt.Key.Key_Escape and self.several:
            self.select_open()
        else:
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
    """tuple[AgentRow, ...]"""
    tags_wanted = Signal(object)
    """dict: the tags that agents are to have, by id."""

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
        self._tags = TagLine(theme, self.filter_by_tag, self.tr("Only agents with the tag {}"))
        self._words_row = QWidget()
        column_of(theme, self._words, self._tags, parent=self._words_row, inset=(14, 0, 14, 8), gap=6)
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
            actions=[(self.tr("Clear filter"), self.clear_filter)],
        )
        self._build_several()
        self._lay_out()
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        theme = self._theme
        head = QWidget()
        title = Label(theme, self.tr("Agents"), "strong")
        row_of(theme, title, self._count, None, self._search, self._new, parent=head, inset=(14, 4, 10, 4), gap=6)
        parts = (head, self.several, self._words_row, self.list, self._empty, self._nothing)
        column_of(theme, *parts, parent=self, inset=(0, 0, 0, 0), gap=0)
        self._words_row.hide()
        self.several.hide()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def _build_several(self) -> None:
        """What can be done with several agents that are selected, above the list."""
        theme = self._theme
        self.several = QWidget()
        self._number = Label(theme, "", "base", "accent")
        self.tag = IconButton(theme, "tag", self.tr("Tags of the selected agents"), size=14, box=24)
        self.delete = IconButton(
            theme, "trash", self.tr("Delete the selected agents"), "Del", size=14, box=24, token="danger"
        )
        self.leave = IconButton(theme, "close", self.tr("Select only the open agent"), "Esc", size=14, box=24)
        self.tags_popup = TagPopup(theme, self.several, self._agents)
        self.tag.clicked.connect(lambda: self._open_tags())
        self.delete.clicked.connect(lambda: self.delete_wanted.emit(self.list.rows))
        self.leave.clicked.connect(self.list.select_open)
        self.tags_popup.changed.connect(self.tags_wanted)
        row_of(
            theme,
            self._number,
            None,
            self.tag,
            self.delete,
            self.leave,
            parent=self.several,
            inset=(14, 0, 10, 4),
            gap=4,
        )

    def _connect(self) -> None:
        self._search.toggled.connect(self._show_filter)
        self._new.clicked.connect(lambda: self.new_wanted.emit())
        self._words.textChanged.connect(self._filter_by)
        self._words.returnPressed.connect(self._open_first)
        self.list.picked.connect(self.picked)
        self.list.chosen.connect(self.chosen)
        self.list.menu_wanted.connect(self._menu)
        self.list.delete_wanted.connect(self.delete_wanted)
        self.list.selected.connect(self._show_several)
        self._agents.dataChanged.connect(lambda: self._show_tags())
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
            self._show_tags()
        else:
            self.clear_filter()

    def clear_filter(self) -> None:
        self._words.clear()
        self._set_tags(frozenset())

    def _filter_by(self, text: str) -> None:
        self._filter.set_text(text)
        self.list.select_open()
        self._refresh()

    def filter_by_tag(self, tag: str) -> None:
        """Only agents with this tag too, or no longer only those."""
        self._search.setChecked(True)
        self._set_tags(self._filter.tags ^ {tag})

    def _set_tags(self, tags: frozenset[str]) -> None:
        self._filter.set_tags(tags)
        self.list.select_open()
        self._refresh()

    def _show_tags(self) -> None:
        """The most used ones, and those that the list is filtered by."""
        if self._words_row.isHidden():
            return
        chosen, known = self._filter.tags, self._agents.tags()
        most = sorted(known, key=lambda tag: (-known[tag], tag.casefold()))[:TAGS_SHOWN]
        self._tags.show_tags((*most, *sorted(chosen - {*most})), chosen)
        self._tags.setVisible(bool(known or chosen))

    def _show_several(self) -> None:
        rows = self.list.rows
        self._number.setText(self.tr("{} selected").format(count(len(rows))))
        self.several.setVisible(len(rows) > 1)

    def _open_tags(self) -> None:
        self.tags_popup.open_for(row.agent.id for row in self.list.rows)

    def _open_first(self) -> None:
        if self._filter.rowCount():
            self.picked.emit(self._filter.index(0, 0).data(ROW).agent.id)
            self.chosen.emit()

    def _refresh(self) -> None:
        total, shown = len(self._agents.rows), self._filter.rowCount()
        self._count.setText(count(total) if total else "")
        self._show_tags()
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

    def _menu(self, at: QPoint) -> None:
        rows = self.list.rows
        if not rows:
            return
        row, number = rows[0], len(rows)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        icon = self._theme.icon
        if number == 1:
            menu.setAccessibleName(self.tr("Agent {}").format(row.agent.name))
            pin = self.tr("Unpin") if row.agent.pinned else self.tr("Pin")
            for title, name, signal in (
                (self.tr("Rename"), "edit", self.rename_wanted),
                (self.tr("Duplicate"), "copy", self.duplicate_wanted),
                (pin, "pin", self.pin_wanted),
            ):
                menu.addAction(icon(name), title, lambda signal=signal: signal.emit(row))
            delete = self.tr("Delete {}").format(row.agent.name)
        else:
            menu.setAccessibleName(self.tr("{} agents").format(count(number)))
            delete = self.tr("Delete {} agents").format(count(number))
        menu.addAction(icon("tag"), self.tr("Tags…"), self._open_tags)
        menu.addSeparator()
        menu.addAction(icon("trash", "danger"), delete, lambda: self.delete_wanted.emit(rows))
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
        self.list.setSelectionMode(QListView.SelectionMode.SingleSelection)
        new = IconButton(theme, "plus", self.tr("New agent"))
        new.clicked.connect(lambda: self.new_wanted.emit())
        self.list.picked.connect(self.picked)
        self.list.chosen.connect(self.chosen)
        column_of(theme, self.list, row_of(theme, None, new, None), parent=self, inset=(0, 6, 0, 10), gap=4)
        follow(theme, self, lambda: self.setFixedWidth(theme.px(56)))

    def select(self, agent_id: str) -> None:
        self.list.select(agent_id)
