"""What a slash at the beginning of a message offers: snippets and commands, chosen by their first letters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QRect,
    Qt,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QListView, QWidget

from app.domain.snippet import Snippet, filled, next_place
from app.ui.chat.composer import Composer
from app.ui.kit.announce import announce
from app.ui.kit.choosing import ChoicePainter, ChoiceRows, Index, chosen_by, paint_outline
from app.ui.kit.layout import column_of
from app.ui.theme import Theme

ROW, SHOWN = 32, 8


@dataclass(frozen=True)
class SlashCommand:
    word: str
    title: str
    icon: str
    run: Callable[[], None]


Entry = Snippet | SlashCommand


class SlashRows(ChoiceRows[Entry]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            word, about = shown(self.rows[index.row()])
            return f"/{word}, {about}"
        return None


def shown(entry: Entry) -> tuple[str, str]:
    """Its word, and what it is."""
    if isinstance(entry, Snippet):
        return entry.name, " ".join(entry.text[:200].split())
    return entry.word, entry.title


class SlashPainter(ChoicePainter[Entry]):
    def draw(self, painter: QPainter, rect: QRect, row: Entry) -> None:
        px = self.theme.px
        icon = "edit" if isinstance(row, Snippet) else row.icon
        self.icon(painter, rect.x() + px(9), rect.y() + (rect.height() - px(16)) // 2, icon, "text2", 16)
        box = rect.adjusted(px(34), 0, -px(10), 0)
        word, about = shown(row)
        box.setLeft(box.left() + self.line(painter, box, f"/{word}", "base", "text", 500) + px(10))
        self.line(painter, box, about, "label", "muted", 400)


class SlashList(QFrame):
    """Above the composer while its text is a slash and the beginning of a word. Nothing fits: it is a message."""

    def __init__(self, theme: Theme, composer: Composer, known: Callable[[], dict[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._composer, self._known, self._over = theme, composer, known, parent
        self._commands: tuple[SlashCommand, ...] = ()
        self.snippets: tuple[Snippet, ...] = ()
        self._declined = ""
        """The text for which Esc has closed the list."""
        self.setProperty("kind", "overlay")
        self.setAccessibleName(self.tr("Snippets and commands"))
        self.model = SlashRows(self)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(SlashPainter(theme, self.model, self.list))
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("Snippets and commands"))
        self.list.clicked.connect(self._take_clicked)
        column_of(theme, self.list, parent=self, inset=(6, 6, 6, 6))
        composer.editor.textChanged.connect(self._typed)
        composer.editor.installEventFilter(self)
        parent.installEventFilter(self)
        theme.changed.connect(self._place)
        self.hide()

    def set_commands(self, commands: tuple[SlashCommand, ...]) -> None:
        self._commands = commands

    def set_snippets(self, snippets: tuple[Snippet, ...]) -> None:
        self.snippets = snippets
        self._typed()

    def _typed(self) -> None:
        text = self._composer.text
        if text != self._declined:
            self._declined = ""
        fitting = self._fitting(text[1:]) if text[:1] == "/" and not self._declined else ()
        self.model.show_rows(fitting)
        self.setVisible(bool(fitting))
        if fitting:
            self.list.setCurrentIndex(self.model.index(0))
            self._place()

    def _fitting(self, word: str) -> tuple[Entry, ...]:
        begun, entries = word.casefold(), (*self.snippets, *self._commands)
        return tuple(entry for entry in entries if shown(entry)[0].casefold().startswith(begun))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.parent():
            if event.type() == QEvent.Type.Resize:
                self._place()
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        elif event.type() == QEvent.Type.FocusOut:
            self.hide()
        elif event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.isVisible():
            event.accept()  # Esc closes the list, and nothing else yet.
            return True
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if not self.isVisible():
            return key == Qt.Key.Key_Tab and self._to_next_place()
        at = self.list.currentIndex().row()
        choice = chosen_by(key, at, range(len(self.model.rows)), SHOWN)
        if choice is not None:
            index = self.model.index(choice)
            self.list.setCurrentIndex(index)
            announce(self.list, str(index.data(Qt.ItemDataRole.AccessibleTextRole)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            self._take(at)
        elif key == Qt.Key.Key_Escape:
            self._declined = self._composer.text
            self.hide()
        else:
            return False
        return True

    def _take_clicked(self, index: QModelIndex) -> None:
        self._take(index.row())

    def _take(self, at: int) -> None:
        if not 0 <= at < len(self.model.rows):
            return
        entry, editor = self.model.rows[at], self._composer.editor
        cursor = editor.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(filled(entry.text, self._known()) if isinstance(entry, Snippet) else "")
        editor.setTextCursor(cursor)
        editor.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(entry, Snippet):
            editor.moveCursor(QTextCursor.MoveOperation.Start)
            if not self._to_next_place():
                editor.moveCursor(QTextCursor.MoveOperation.End)
        else:
            entry.run()

    def _to_next_place(self) -> bool:
        """Selects the next `{{place}}`, so that typing writes over it. False: there is none."""
        editor = self._composer.editor
        cursor, text = editor.textCursor(), self._composer.text
        place = next_place(text, cursor.selectionEnd()) if "{{" in text else None
        if place is None:
            return False
        # Qt counts a sign outside of the basic plane as two.
        first, last = (len(text[:at].encode("utf-16-le")) // 2 for at in place)
        cursor.setPosition(first)
        cursor.setPosition(last, QTextCursor.MoveMode.KeepAnchor)
        editor.setTextCursor(cursor)
        return True

    def _place(self) -> None:
        over = self.parentWidget()
        if over is None or not self.isVisible():
            return
        px, composer = self._theme.px, self._composer
        rows = min(len(self.model.rows), SHOWN)
        self.list.setFixedHeight(rows * px(ROW) + px(2))
        height = self.list.height() + 2 * px(6)
        top = composer.mapTo(self._over, composer.rect().topLeft())
        self.setGeometry(top.x(), max(px(4), top.y() - height - px(4)), min(px(520), composer.width()), height)
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_outline(QPainter(self), self, self._theme)
