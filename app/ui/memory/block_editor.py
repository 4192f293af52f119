"""Editing a block's text, in its card or wide: live count, Save and Cancel, and a way out when it changed meanwhile."""

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.merge import merge
from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.diff import DiffView
from app.ui.kit.flow import Flow
from app.ui.kit.labels import Label
from app.ui.kit.tooltip import set_tip
from app.ui.kit.usage_bar import UsageBar
from app.ui.kit.wording import counted
from app.ui.memory.block_change import count_text
from app.ui.memory.merge_panes import MergePanes
from app.ui.memory.merging import Merging
from app.ui.memory.text_field import TextField
from app.ui.theme import Theme, set_prop


@dataclass(frozen=True)
class Unsaved:
    """What was typed, and the text and version it began with."""

    text: str
    base: str
    version: int


class WarnFoot(QFrame):
    """A question at the foot of the card with its answers."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("kind", "warnfoot")
        self.sentence = Label(theme, "", "label", parent=self)
        self.sentence.setWordWrap(True)
        self._row = Flow()
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.sentence)
        self._column.addLayout(self._row)
        self._restyle()
        theme.changed.connect(self._restyle)

    def add_button(self, text: str, role: str = "", icon: str = "") -> Button:
        button = Button(self._theme, text, role, icon, "small", self)
        self._row.addWidget(button)
        return button

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(10), px(6), px(10), px(8))
        self._column.setSpacing(px(6))
        self._row.setSpacing(px(4))


class BlockEditor(QWidget):
    """Knows the version it began with. `meet` tells it of a newer one; the typed text is never touched by it."""

    save_requested = Signal(str, int)
    """Text, and the version it replaces."""
    cancelled = Signal()
    wide_wanted = Signal()
    """A person wants more room for this text."""
    conflict_changed = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._base, self._version, self._limit = "", 0, 0
        self._shown = ""
        """`_base` as the field gives it back: it has one kind of line ends."""
        self._theirs: tuple[str, int] | None = None
        self.field = TextField(theme, self)
        self.field.setAccessibleName(self.tr("Text of the block"))
        self.count = Label(theme, "", "caption", "text2", self)
        self.bar = UsageBar(theme, self.tr("Characters used"), self)
        self.problem = Label(theme, "", "caption", "danger", self)
        self.problem.setWordWrap(True)
        self.save = Button(theme, self.tr("Save"), "primary", size="small", parent=self)
        self.cancel = Button(theme, self.tr("Cancel"), "ghost", size="small", parent=self)
        self.widen = IconButton(theme, "expand", self.tr("Open wide"), "Ctrl+Shift+E", size=14, box=24, parent=self)
        self.difference = DiffView(theme, compact=True, parent=self)
        self._build_feet(theme)
        self._lay_out()
        self._connect()
        self._restyle()
        theme.changed.connect(self._restyle)

    def _build_feet(self, theme: Theme) -> None:
        self.conflict = WarnFoot(theme, self)
        self.show_both = self.conflict.add_button(self.tr("Show both"), icon="diff")
        self.save_mine = self.conflict.add_button(self.tr("Save mine"))
        self.save_both = self.conflict.add_button(self.tr("Save both"))
        self.merge = self.conflict.add_button(self.tr("Merge…"), icon="fork")
        self.take_theirs = self.conflict.add_button(self.tr("Use theirs"), "ghost")
        self.merge_foot = WarnFoot(theme, self)
        self.save_merged = self.merge_foot.add_button(self.tr("Save merged"), "primary")
        self.write_on = self.merge_foot.add_button(self.tr("Edit as one text"))
        self.stop_merging = self.merge_foot.add_button(self.tr("Back"), "ghost")
        self._panes: MergePanes | None = None
        """There once both texts were put together."""
        self.leave = WarnFoot(theme, self)
        self.leave.sentence.setText(self.tr("Your text is not saved yet."))
        self.keep_writing = self.leave.add_button(self.tr("Keep writing"))
        self.throw_away = self.leave.add_button(self.tr("Discard"), "danger")

    def _lay_out(self) -> None:
        self._count_row = QHBoxLayout()
        self._count_row.addWidget(self.count)
        self._count_row.addWidget(self.bar, 1)
        self._buttons = QHBoxLayout()
        self._buttons.addWidget(self.widen)
        self._buttons.addStretch(1)
        self._buttons.addWidget(self.cancel)
        self._buttons.addWidget(self.save)
        self._inner = QVBoxLayout()
        self._inner.addWidget(self.field)
        self._inner.addWidget(self.problem)
        self._inner.addLayout(self._count_row)
        self._inner.addLayout(self._buttons)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._inner, 1)
        column.addWidget(self.difference)
        column.addWidget(self.conflict)
        column.addWidget(self.merge_foot)
        column.addWidget(self.leave)
        for part in (self.problem, self.difference, self.conflict, self.merge_foot, self.leave):
            part.setVisible(False)

    def _connect(self) -> None:
        self.field.textChanged.connect(self._typed)
        self.field.save_pressed.connect(self._save)
        self.field.cancel_pressed.connect(self._escape)
        self.save.clicked.connect(self._save)
        self.cancel.clicked.connect(self.cancelled)
        self.widen.clicked.connect(lambda: self.wide_wanted.emit())
        self.show_both.clicked.connect(self._toggle_both)
        self.save_mine.clicked.connect(lambda: self._send(self.text))
        self.save_both.clicked.connect(lambda: self._send(self.merged or self.text))
        self.take_theirs.clicked.connect(self._take_theirs)
        self.merge.clicked.connect(lambda: self.begin_merging())
        self.save_merged.clicked.connect(lambda: self._send(self.wanted))
        self.write_on.clicked.connect(lambda: self._end_merging(self.wanted))
        self.stop_merging.clicked.connect(lambda: self._end_merging())
        self.keep_writing.clicked.connect(self._keep)
        self.throw_away.clicked.connect(self.cancelled)

    def set_wide(self, wide: bool) -> None:
        """Fills a page, with numbered lines and a difference that scrolls; or is as high as a card wants it."""
        self.field.set_wide(wide)
        self.widen.setVisible(not wide)
        before, shown = self.difference, not self.difference.isHidden()
        self.difference = DiffView(self._theme, compact=not wide, parent=self)
        self.difference.setVisible(shown)
        self._column.replaceWidget(before, self.difference)
        self._column.setStretchFactor(self.difference, 1 if wide else 0)
        before.hide()
        before.deleteLater()
        if shown:
            self._compare()

    @property
    def text(self) -> str:
        return self.field.text

    @property
    def merging(self) -> bool:
        """Whether both texts are shown to be put together."""
        return self._panes is not None and not self._panes.isHidden()

    @property
    def wanted(self) -> str:
        """What would be saved: what is typed, or what comes of both texts."""
        return self._panes.merging.text if self.merging and self._panes is not None else self.text

    @property
    def modified(self) -> bool:
        return self.text != self._shown

    @property
    def unsaved(self) -> Unsaved:
        if self.merging and self._theirs is not None and self._panes is not None and self._panes.merging.touched:
            return Unsaved(self.wanted, *self._theirs)
        return Unsaved(self.text, self._base, self._version)

    @property
    def in_conflict(self) -> bool:
        return self._theirs is not None

    @property
    def merged(self) -> str | None:
        """Both changes together, where they do not touch each other."""
        return merge(self._base, self.text, self._theirs[0]) if self._theirs else None

    def begin(self, value: str, version: int, limit: int) -> None:
        self._base, self._version, self._limit = value, version, limit
        self._set_theirs(None)
        self.set_problem("")
        self.leave.setVisible(False)
        self.field.setPlainText(value)
        self._shown = self.text
        self._typed()
        self.set_busy(False)

    def resume(self, unsaved: Unsaved, limit: int) -> None:
        """Goes on with what was typed before; `meet` then tells what was saved meanwhile."""
        self.begin(unsaved.base, unsaved.version, limit)
        self.field.setPlainText(unsaved.text)

    def meet(self, value: str, version: int, limit: int) -> bool:
        """A newer version came. True when the text here is saved with it and editing may end."""
        self._limit = limit
        if value == self.text:
            return True
        if value == self._base:
            self._version = version
        elif not self.modified:
            self.begin(value, version, limit)
        else:
            self._set_theirs((value, version))
        self.set_busy(False)
        self._typed()
        return False

    def set_problem(self, sentence: str) -> None:
        """Why saving did not work; the text stays."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.set_busy(False)
        if sentence:
            announce(self, sentence, urgent=True)

    def set_busy(self, busy: bool) -> None:
        for button in (self.save, self.save_mine, self.save_both, self.save_merged):
            button.set_busy(busy)

    def _set_theirs(self, theirs: tuple[str, int] | None) -> None:
        began = theirs is not None and self._theirs is None
        self._theirs = theirs
        self.conflict.setVisible(theirs is not None)
        for part in (self.save, self.cancel):
            part.setVisible(theirs is None)
        self.difference.setVisible(False)
        if theirs is None and self._panes is not None:
            self._end_merging()
            self._panes.merging = Merging("", "", "")
        elif self.merging:
            self._compare_again()
        if theirs is not None:
            sentence = self.tr("Version {0} was saved while you typed. Your text is kept.").format(theirs[1])
            self.conflict.sentence.setText(sentence)
            if began:
                announce(self, sentence, urgent=True)
        self.conflict_changed.emit(theirs is not None)

    def _typed(self) -> None:
        length = len(self.wanted)
        over = length > self._limit
        self.count.setText(count_text(length, self._limit))
        self.count.set_kind("danger" if over else "text2")
        self.bar.set_usage(length, self._limit, "accent")
        self.save.setEnabled(self.modified and not over)
        set_tip(self.save, self._reason(over))
        self.save_mine.setEnabled(not over)
        self._tell_merging(over)
        both = self.merged
        self.save_both.setVisible(both is not None)
        self.save_both.setEnabled(both is not None and len(both) <= self._limit)
        set_prop(self.field, "invalid", over)
        if self.difference.isVisible():
            self._compare()

    def _reason(self, over: bool) -> str:
        if over:
            return self.tr("The text is longer than the block's limit. Shorten it or raise the limit.")
        return "" if self.modified else self.tr("Nothing has changed yet.")

    def _save(self) -> None:
        if self.in_conflict:
            self.conflict.sentence.setFocus()
            announce(self, self.conflict.sentence.text(), urgent=True)
        elif self.save.isEnabled():
            self._send(self.text)

    def _send(self, text: str) -> None:
        version = self._theirs[1] if self._theirs else self._version
        self._replace(text)
        self.set_problem("")
        self.set_busy(True)
        self.save_requested.emit(text, version)

    def _replace(self, text: str) -> None:
        """In place of what is typed, which Ctrl Z brings back."""
        if text != self.text:
            cursor = self.field.textCursor()
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(text)

    def _escape(self) -> None:
        if self.modified or self.in_conflict:
            self.leave.setVisible(True)
            self.keep_writing.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.cancelled.emit()

    def _keep(self) -> None:
        self.leave.setVisible(False)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _toggle_both(self) -> None:
        shown = not self.difference.isVisible()
        self.difference.setVisible(shown)
        self.show_both.setText(self.tr("Hide both") if shown else self.tr("Show both"))
        if shown:
            self._compare()

    def _compare(self) -> None:
        if self._theirs is not None:
            self.difference.set_texts(self._theirs[0], self.text)
            self.difference.setAccessibleName(self.tr("From their text to yours"))

    # Both together, piece by piece

    def begin_merging(self) -> None:
        """Both texts side by side; each piece is taken from either or written. What is typed stays until it is used."""
        if self._theirs is None:
            return
        if self._panes is None:
            self._panes = MergePanes(self._theme, self)
            self._panes.changed.connect(self._typed)
            self._panes.save_pressed.connect(self._save_merged)
            self._panes.left.connect(lambda: self._end_merging())
            self._column.insertWidget(0, self._panes, 2)
            self._panes.hide()
        self._show_merging(True)
        self._compare_again()
        self._panes.result.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self.widen.isHidden():
            self.wide_wanted.emit()

    def _compare_again(self) -> None:
        if self._panes is not None and self._theirs is not None:
            self._panes.begin(self._panes.merging.again(self._base, self.text, self._theirs[0]))
            self._typed()

    def _show_merging(self, shown: bool) -> None:
        assert self._panes is not None
        self._panes.setVisible(shown)
        self.field.setVisible(not shown)
        self._column.setStretchFactor(self._inner, 0 if shown else 1)
        self.merge_foot.setVisible(shown)
        self.conflict.setVisible(not shown and self.in_conflict)
        self.difference.setVisible(False)
        self.show_both.setText(self.tr("Show both"))

    def _end_merging(self, text: str | None = None) -> None:
        """Back to what is typed, or on with this text in its place; Ctrl Z brings back what was typed."""
        if not self.merging:
            return
        self._show_merging(False)
        if text is not None:
            self._replace(text)
        self._typed()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _save_merged(self) -> None:
        if self.save_merged.isEnabled():
            self._send(self.wanted)
        else:
            announce(self, self.merge_foot.sentence.text(), urgent=True)

    def _tell_merging(self, over: bool) -> None:
        if not self.merging or self._panes is None:
            return
        still = len(self._panes.merging.open)
        self.merge_foot.sentence.setText(
            counted(still, self.tr("One difference is still to be chosen."), self.tr("{} are still to be chosen."))
            if still
            else self._reason(over) or self.tr("Everything is chosen.")
        )
        self.save_merged.setEnabled(not still and not over)

    def _take_theirs(self) -> None:
        if self._theirs is not None:
            self.cancelled.emit()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(240), super().sizeHint().height())

    def _restyle(self) -> None:
        px = self._theme.px
        self._inner.setContentsMargins(px(8), 0, px(8), px(8))
        self._inner.setSpacing(px(6))
        self._count_row.setContentsMargins(px(2), 0, px(2), 0)
        self._count_row.setSpacing(px(8))
        self._buttons.setSpacing(px(6))
