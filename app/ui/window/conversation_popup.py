"""The list of conversations under its button: a field that searches titles and what was said, rows, ways to more."""

from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from app.domain.conversation import ConversationRow
from app.ui.kit.buttons import Button
from app.ui.kit.choice_popup import ChoicePopup
from app.ui.kit.choosing import ChoicePainter, ChoiceRows, Index
from app.ui.kit.wording import counted, full_time, short_time
from app.ui.theme import Theme

SEARCH_AFTER_MS = 150


class ConversationRows(ChoiceRows[ConversationRow]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.title_of(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.title_of(row)}, {self.below(row)}"
        return None

    def title_of(self, row: ConversationRow) -> str:
        if row.title:
            return row.title
        if row.conversation.is_default:
            return self.tr("Main conversation")
        return self.tr("Untitled, {}").format(full_time(row.conversation.created_at))

    def below(self, row: ConversationRow) -> str:
        """The second line: what was found, or how much was said and when."""
        if row.found:
            return " ".join(row.found.split())
        if not row.messages:
            return self.tr("Nothing said yet")
        number = counted(row.messages, self.tr("{} message"), self.tr("{} messages"))
        return number if row.last_at is None else f"{number}, {full_time(row.last_at)}"


class ConversationPainter(ChoicePainter[ConversationRow]):
    current = ""
    """Id of the conversation that is shown."""
    searched = ""
    """Words that the rows were found by."""

    def height_of(self, row: ConversationRow) -> int:
        return 46

    def draw(self, painter: QPainter, rect: QRect, row: ConversationRow) -> None:
        px, rows = self.theme.px, self.model
        assert isinstance(rows, ConversationRows)
        if row.conversation.id == self.current:
            self.icon(painter, rect.x() + px(9), rect.y() + px(7), "check", "accent", 14)
        top = rect.adjusted(px(30), px(4), -px(10), 0)
        top.setHeight(px(18))
        below = top.translated(0, px(19))
        when = short_time(row.last_at)
        taken = self.line(painter, top, when, "label", "muted", right=True)
        top.setRight(top.right() - (taken + px(8) if when else 0))
        words = self.searched if row.found else ""
        self.line(painter, top, rows.title_of(row), "base", "text", 500, marks=self.searched)
        self.line(painter, below, rows.below(row), "label", "text2" if row.found else "muted", marks=words)


class ConversationPopup(ChoicePopup[ConversationRow]):
    """F2 renames a conversation, the Menu key has more of what can be done with it."""

    picked = Signal(str)
    message_wanted = Signal(str, str)
    """Ids of the message that the words were found in and of its conversation, which was chosen for it."""
    search_wanted = Signal(str)
    """Words that were typed; `show_found` has the answer."""
    earlier_wanted = Signal()
    new_wanted = Signal()
    rename_wanted = Signal(object)
    """Conversation."""
    menu_wanted = Signal(object, QPoint)
    """ConversationRow, and where on the screen its menu belongs."""

    model: ConversationRows

    def __init__(self, theme: Theme, button: QWidget) -> None:
        rows = ConversationRows(button)
        self._look = ConversationPainter(theme, rows, button)
        super().__init__(theme, button, rows, self._look)
        self.set_words(self.tr("Conversations"), self.tr("Search titles and messages"))
        self.own_keys = (Qt.Key.Key_F2,)
        self._all: tuple[ConversationRow, ...] = ()
        self._has_earlier = False
        self.field.setAccessibleName(self.tr("Search conversations by title and message"))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.new = Button(theme, self.tr("New conversation"), "ghost", "plus", "small")
        self.earlier = Button(theme, self.tr("Show more"), "ghost", "history", "small")
        self.more = Button(theme, self.tr("More"), "ghost", "more", "small")
        self.set_foot(self.new, None, self.earlier, self.more)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(SEARCH_AFTER_MS)
        self._wait.timeout.connect(lambda: self.search_wanted.emit(self.words))
        self.list.customContextMenuRequested.connect(self._ask_menu)
        self.new.clicked.connect(lambda: self.leave(self.new_wanted))
        self.earlier.clicked.connect(lambda: self.earlier_wanted.emit())
        self.more.clicked.connect(lambda: self._menu_of(self.list.currentIndex().row(), self.more))

    def show_all(self, rows: tuple[ConversationRow, ...], current: str, has_earlier: bool) -> None:
        """The conversations there are; what is searched stays."""
        newest_first = sorted(rows, key=lambda row: row.last_at or row.conversation.created_at, reverse=True)
        self._all, self._has_earlier = tuple(newest_first), has_earlier
        self._look.current = current
        if self.isVisible() and not self.words:
            self._show(self._all, self.chosen.conversation.id if self.chosen else "")

    def show_found(self, words: str, rows: tuple[ConversationRow, ...]) -> None:
        if words == self.words:
            self._show(rows)

    def close_popup(self, refocus: bool = True) -> None:
        self._wait.stop()
        super().close_popup(refocus)

    def search(self) -> None:
        if self.words:
            self._wait.start()
        else:
            self._wait.stop()
            self._show(self._all, self._look.current)

    def _show(self, rows: tuple[ConversationRow, ...], wanted: str = "") -> None:
        self._look.searched = self.words
        self.earlier.setVisible(self._has_earlier and not self.words)
        self.more.setEnabled(bool(rows))
        self.fill(rows, next((at for at, row in enumerate(rows) if row.conversation.id == wanted), -1))

    def take(self, row: ConversationRow) -> None:
        if row.found_id:
            self.message_wanted.emit(row.found_id, row.conversation.id)
        else:
            self.picked.emit(row.conversation.id)

    def place_at_right(self) -> bool:
        return True

    def take_key(self, key: Qt.Key) -> bool:
        if key == Qt.Key.Key_F2 and self.chosen is not None:
            thread = self.chosen.conversation
            self.close_popup()
            self.rename_wanted.emit(thread)
            return True
        if key == Qt.Key.Key_Menu:
            self._menu_of(self.list.currentIndex().row(), self.more)
            return True
        return super().take_key(key)

    def _ask_menu(self, at: QPoint) -> None:
        index = self.list.indexAt(at)
        if index.isValid():
            self.list.setCurrentIndex(index)
            self.menu_wanted.emit(self.model.rows[index.row()], self.list.viewport().mapToGlobal(at))

    def _menu_of(self, place: int, below: QWidget) -> None:
        if 0 <= place < len(self.model.rows):
            self.menu_wanted.emit(self.model.rows[place], below.mapToGlobal(below.rect().bottomLeft()))
