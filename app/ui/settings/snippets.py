"""Snippets: texts for messages, offered behind a slash. What is typed here is stored a moment later."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.domain.event import Changed
from app.domain.snippet import (
    MOST,
    NAME_MAX,
    OWN_PLACES,
    SETTING,
    TEXT_MAX,
    Snippet,
    place_names,
    read_snippets,
    snippet_name,
    stored_snippets,
)
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.field import Field
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, empty, follow, frame_of, row_of
from app.ui.state.view_context import Notice, ViewContext

STORED_AFTER_MS = 600
TEXT_LINES = 4


class SnippetCard(QWidget):
    changed = Signal()
    delete_wanted = Signal()

    def __init__(self, view: ViewContext, snippet: Snippet) -> None:
        super().__init__()
        theme = view.theme
        self.name = QLineEdit(snippet.name)
        self.name.setMaxLength(NAME_MAX)
        self.text = QPlainTextEdit(snippet.text)
        self.text.setTabChangesFocus(True)
        self.name_field = Field(theme, self.tr("Name"), self.name, self.tr("Typed behind a slash, as one word."))
        self.text_field = Field(theme, self.tr("Text"), self.text)
        self.delete = IconButton(theme, "trash", self.tr("Delete this snippet"), token="muted")
        self.delete.clicked.connect(lambda: self.delete_wanted.emit())
        self.kept_name = snippet.name
        """The last one that could be stored; empty if there was none yet."""
        card = frame_of("card")
        # At the foot, so that Tab comes to the text before it.
        below = row_of(theme, self.text_field, self.delete, gap=8)
        below.setStretch(0, 1)
        below.setAlignment(self.delete, Qt.AlignmentFlag.AlignBottom)
        column_of(theme, self.name_field, below, parent=card, inset=(14, 10, 14, 12), gap=8)
        column_of(theme, card, parent=self)
        self.name.textChanged.connect(self._typed)
        self.text.textChanged.connect(self._typed)
        follow(theme, self, lambda: self.text.setFixedHeight(TEXT_LINES * theme.px(20) + theme.px(10)))
        self._tell_places()

    @property
    def snippet(self) -> Snippet:
        return Snippet(name=snippet_name(self.name.text()), text=self.text.toPlainText()[:TEXT_MAX])

    def _typed(self) -> None:
        self._tell_places()
        self.changed.emit()

    def _tell_places(self) -> None:
        names = [name for name in place_names(self.text.toPlainText()) if name.casefold() not in OWN_PLACES]
        some = self.tr("To fill in: {}. Tab goes from one to the next.").format(", ".join(names))
        none = self.tr("Write {{name}} for what is filled in later; {{date}}, {{time}} and {{agent}} fill themselves.")
        self.text_field.set_hint(some if names else none)

    def check(self, taken: set[str]) -> bool:
        """Whether it can be stored; else its field says why not. `taken`: names of the others before it."""
        typed, word, sentence = self.name.text().strip().removeprefix("/"), self.snippet.name, ""
        if not word:
            sentence = self.tr("A snippet needs a name.")
        elif typed != word:
            sentence = self.tr("A name is one word, because it is typed behind a slash: write “{}”.").format(word)
        elif word.casefold() in taken:
            sentence = self.tr("Another snippet has this name.")
        self.name_field.set_error(sentence)
        return not sentence


class Snippets(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        about = Label(theme, self.tr("Type / in an empty message to choose one by its first letters."), "base", "text2")
        about.setWordWrap(True)
        self.add = Button(theme, self.tr("Add a snippet"), "", "plus")
        self.add.clicked.connect(lambda: self._add())
        self.cards: list[SnippetCard] = []
        self._list = QWidget()
        self._rows: QVBoxLayout = column_of(theme, parent=self._list, gap=10)
        column_of(theme, about, self._list, row_of(theme, self.add, None), parent=self, gap=12)
        self._stored: tuple[Snippet, ...] = ()
        self._writes = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(STORED_AFTER_MS)
        self._soon.timeout.connect(lambda: self._store())
        view.workspace.changed.connect(self._on_changed)

    def read(self) -> None:
        writes = self._writes

        def show(value: object) -> None:
            """Unless it was typed here meanwhile, or is not stored because it cannot be."""
            typed = self._soon.isActive() or any(card.snippet not in self._stored for card in self.cards)
            if writes == self._writes and not typed:
                self._show(value)

        self._view.run(self._view.services.settings.get(SETTING), self, done=show)

    def _on_changed(self, event: Changed) -> None:
        """Another window may have changed them."""
        if event.kind == "setting" and SETTING in event.ids and self.isVisible():
            self.read()

    def _show(self, value: object) -> None:
        found = read_snippets(value)
        self._stored = found
        if found == tuple(card.snippet for card in self.cards):
            return
        empty(self._rows)
        self.cards = []
        for snippet in found:
            self._append(snippet)

    def _append(self, snippet: Snippet) -> SnippetCard:
        card = SnippetCard(self._view, snippet)
        card.changed.connect(self._soon.start)
        card.delete_wanted.connect(lambda: self._delete(card))
        self.cards.append(card)
        self._rows.addWidget(card)
        self.add.setEnabled(len(self.cards) < MOST)
        return card

    def _add(self) -> None:
        self._append(Snippet(name="", text="")).name.setFocus()

    def _delete(self, card: SnippetCard) -> None:
        before, at = self._stored, self.cards.index(card)
        self.cards.remove(card)
        self._rows.removeWidget(card)
        card.hide()
        card.deleteLater()
        (self.cards[min(at, len(self.cards) - 1)].name if self.cards else self.add).setFocus()
        if card.snippet.name or card.snippet.text:
            said = Notice(self.tr("The snippet “{}” was deleted").format(card.snippet.name))
            self._store(said, lambda _: self._put(before))

    def _put(self, snippets: tuple[Snippet, ...]) -> None:
        self._writes += 1
        for card in self.cards:
            self._rows.removeWidget(card)
            card.deleteLater()
        self.cards = []
        work = self._view.services.settings.set(SETTING, stored_snippets(snippets))
        self._view.run(work, self, done=lambda _: self.read())

    def _store(self, said: Notice | None = None, undo: Callable[[object], object] | None = None) -> None:
        """Those that can be; a card whose name cannot says why, and its text stays under the name it had."""
        self._soon.stop()
        taken: set[str] = set()
        kept: list[Snippet] = []
        for card in self.cards:
            if card.check(taken):
                card.kept_name = card.snippet.name
            elif not card.kept_name or card.kept_name.casefold() in taken:
                continue
            kept.append(card.snippet.model_copy(update={"name": card.kept_name}))
            taken.add(card.kept_name.casefold())
        if tuple(kept) != self._stored:
            self._stored, self._writes = tuple(kept), self._writes + 1
            work = self._view.services.settings.set(SETTING, stored_snippets(self._stored))
            self._view.run(work, self, done=said, undo=undo)

    def hideEvent(self, event: QHideEvent) -> None:
        if self._soon.isActive():
            self._store()
        super().hideEvent(event)
