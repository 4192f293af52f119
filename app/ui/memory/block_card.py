"""The card of a memory block: its text, what just changed and who did it, editing in place, and how full it is."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.domain.block import Block
from app.domain.history import MemoryEvent
from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.kit.tooltip import set_tip
from app.ui.kit.usage_bar import NEARLY_FULL, UsageBar
from app.ui.kit.wording import ago, counted, moment, now
from app.ui.memory.block_change import LineChange, change_of, count_text, sentence
from app.ui.memory.block_editor import BlockEditor, Unsaved
from app.ui.memory.block_form import BlockForm
from app.ui.memory.block_head import BadgeText, BlockHead
from app.ui.memory.block_preview import COUNTED, PORTION, BlockText, ChangedLine
from app.ui.memory.history.sentences import actor_in_sentence
from app.ui.theme import Theme, set_prop

ROWS = 4
MINUTE = 60
TICK_MS = 1000


class BlockCard(QFrame):
    """Feed it with `set_block`. While somebody edits, what they typed is never replaced."""

    save_requested = Signal(str, int)
    """Text, and the version it replaces. Answer with `set_block`, or `save_failed`."""
    undo_requested = Signal(int)
    """seq of the change on show."""
    history_requested = Signal()
    shared_requested = Signal()
    """The person wants to see which agents share the block."""
    rename_requested = Signal(str)
    description_requested = Signal(str)
    limit_requested = Signal(int)
    read_only_requested = Signal(bool)
    detach_requested = Signal()
    delete_requested = Signal()
    editing_changed = Signal(bool)
    wide_requested = Signal()
    """The person wants to edit the text on a page of its own."""
    shown = Signal()
    """The block, or what is known of it, is another now."""
    editor_returned = Signal()
    """Whoever was lent the editor has it no more."""

    def __init__(self, theme: Theme, agent_name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._agent_name = agent_name
        self._block: Block | None = None
        self._change: MemoryEvent | None = None
        self._line: LineChange | None = None
        self._shared_with = 0
        self._rows = ROWS
        """At most so many rows of the text are on show."""
        self._form: BlockForm | None = None
        self.setProperty("kind", "card")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.head = BlockHead(theme, self)
        self.before = BlockText(theme, self)
        self.changed_line = ChangedLine(theme, self)
        self.after = BlockText(theme, self)
        self.empty = Label(theme, self.tr("Empty. The agent may write here."), "label", "muted", self)
        self.more = Button(theme, "", "quiet", parent=self)
        self.count = Label(theme, "", "caption", "text2", self)
        self.bar = UsageBar(theme, self.tr("Characters used"), self)
        self.elsewhere = Label(theme, self.tr("You are editing it in the centre."), "label", "muted", self)
        self.elsewhere.setWordWrap(True)
        self.elsewhere.hide()
        self._editor: BlockEditor | None = None
        self._lent = False
        self._lay_out()
        self._connect()
        self._clock = QTimer(self)
        self._clock.setInterval(TICK_MS)
        self._clock.timeout.connect(self._tell_time)
        self._restyle()
        theme.changed.connect(self._restyle)

    def _lay_out(self) -> None:
        self._texts = QVBoxLayout()
        self._texts.setSpacing(0)
        self._before_row, self._after_row = QHBoxLayout(), QHBoxLayout()
        self._before_row.addWidget(self.before)
        self._after_row.addWidget(self.after, 1)
        self._after_row.addWidget(self.empty, 1)
        self._texts.addLayout(self._before_row)
        self._texts.addWidget(self.changed_line)
        self._texts.addLayout(self._after_row)
        self._foot = QHBoxLayout()
        self._foot.addWidget(self.count)
        self._foot.addWidget(self.bar, 1)
        self._reading = QWidget(self)
        reading = QVBoxLayout(self._reading)
        reading.setContentsMargins(0, 0, 0, 0)
        reading.setSpacing(0)
        reading.addLayout(self._texts)
        reading.addLayout(self._foot)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self._column.addWidget(self.head)
        self._column.addWidget(self._reading)
        self._column.addWidget(self.elsewhere)

    def _connect(self) -> None:
        self.head.history_clicked.connect(lambda: self.history_requested.emit())
        self.head.edit_clicked.connect(lambda: self.begin_edit())
        self.head.badge_clicked.connect(lambda: self.shared_requested.emit())
        self.head.picked.connect(self._picked)
        self.more.clicked.connect(self._toggle_more)
        self.after.set_corner(self.more)
        self.after.rewrapped.connect(self._show_more)
        self.changed_line.undo_clicked.connect(self._undo)

    @property
    def block(self) -> Block | None:
        return self._block

    @property
    def editing(self) -> bool:
        return self._editor is not None and not self._editor.isHidden()

    @property
    def unsaved(self) -> Unsaved | None:
        """What was typed here and is not saved."""
        return self.editor.unsaved if self.editing and self.editor.modified else None

    @property
    def editor(self) -> BlockEditor:
        """Made when it is first needed: most cards are only read."""
        if self._editor is None:
            self._editor = BlockEditor(self._theme, self)
            self._editor.setVisible(False)
            self._editor.save_requested.connect(self.save_requested)
            self._editor.cancelled.connect(self.end_edit)
            self._editor.conflict_changed.connect(lambda: self._show_state())
            self._editor.wide_wanted.connect(self.wide_requested)
            self._column.addWidget(self._editor)
        return self._editor

    @property
    def form(self) -> BlockForm | None:
        """The open form for one property."""
        return self._form

    def set_block(self, block: Block, change: MemoryEvent | None = None, shared_with: int = 0) -> None:
        """`change`: the last change worth showing, None when it is old or was undone."""
        newer = self._block is None or block.version != self._block.version
        fresh = change is not None and (self._change is None or change.seq != self._change.seq)
        self._block, self._change, self._shared_with = block, change, shared_with
        self._line = self._find_line(change)
        if self._form is not None and newer:
            self._close_form()
        if self.editing and self.editor.meet(block.value, block.version, block.limit):
            self.end_edit()
        self._show_block()
        self.shown.emit()
        if fresh and self._line is not None:
            self.changed_line.glow()
            announce(self, self.tr("Block {0} changed: {1}").format(block.label, self.changed_line.cause.whole_text))

    def set_agent_name(self, name: str) -> None:
        self._agent_name = name
        self._tell_time()

    def begin_edit(self) -> None:
        if self._block is None:
            return
        if not self.editing:
            self._close_form()
            self.editor.begin(self._block.value, self._block.version, self._block.limit)
            self._open_editor()
        self.editor.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def resume(self, unsaved: Unsaved) -> None:
        """The editor as it was when another card showed this block."""
        if self._block is None:
            return
        self.editor.resume(unsaved, self._block.limit)
        if not self.editor.meet(self._block.value, self._block.version, self._block.limit):
            self._open_editor()

    def _open_editor(self) -> None:
        self.editor.setVisible(True)
        self._show_state()
        self.editing_changed.emit(True)

    @property
    def lent(self) -> bool:
        """Whether the editor stands somewhere else."""
        return self._lent

    def lend_editor(self) -> BlockEditor:
        """The editor with what is typed in it, for another place, until `take_editor`. There must be a block."""
        self.begin_edit()
        self._lent = True
        self._column.removeWidget(self.editor)
        self._show_state()
        return self.editor

    def take_editor(self) -> None:
        """The editor stands in this card again, as it is."""
        if not self._lent:
            return
        self._lent = False
        shown = not self.editor.isHidden()
        self.editor.set_wide(False)
        self._column.addWidget(self.editor)
        self.editor.setVisible(shown)
        self._show_state()
        self.editor_returned.emit()

    def end_edit(self) -> None:
        if not self.editing:
            return
        had_focus = not self._lent and bool(self.focusWidget()) and self.editor.isAncestorOf(self.focusWidget())
        self.editor.setVisible(False)
        self.take_editor()
        self._show_block()
        if had_focus:
            self.head.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        self.editing_changed.emit(False)

    def save_failed(self, sentence: str) -> None:
        """What happened and what to do; whatever was typed stays."""
        if self._form is not None:
            self._form.set_problem(sentence)
        elif self.editing:
            self.editor.set_problem(sentence)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.editing:
            self.editor.field.cancel_pressed.emit()
        elif _is_edit_key(event) and self._form is None:
            self.begin_edit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """F2 edits the block that has the keyboard; elsewhere it renames."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_edit_key(event):
            event.accept()
            return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tell_time()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def _find_line(self, change: MemoryEvent | None) -> LineChange | None:
        if change is None or "value" not in (change.after or {}):
            return None
        return change_of(str((change.before or {}).get("value") or ""), str((change.after or {})["value"]))

    def _show_block(self) -> None:
        block = self._block
        if block is None:
            return
        self.head.set_label(block.label)
        self.head.read_only = block.read_only
        set_tip(self.head.label, block.description)
        self.setAccessibleName(self.tr("Block {0}").format(block.label))
        self.count.setText(count_text(len(block.value), block.limit))
        over = len(block.value) > block.limit
        self.count.set_kind("danger" if over else "text2")
        self.bar.set_usage(len(block.value), block.limit, "accent" if self._line else "")
        self.changed_line.undo.setAccessibleName(self.tr("Undo change to block {0}").format(block.label))
        self.empty.setText(
            self.tr("Empty. Only you may write here.")
            if block.read_only
            else self.tr("Empty. The agent may write here.")
        )
        self._show_texts(block.value)
        self._show_state()
        self._tell_time()

    def _show_texts(self, value: str) -> None:
        """At most four lines, the changed one among them; by portions more on request."""
        lines = value.split("\n") if value else []
        change, at, room = self._line, None, self._rows
        if change is not None and change.line is not None and change.line < len(lines):
            at = change.line if lines[change.line] == change.text else None
        first = 0 if self._expanded or at is None else max(0, at - 1)
        self.before.set_text("\n".join(lines[first:at]) if at is not None else "", room)
        self.before.setVisible(at is not None and at > first)
        self.changed_line.setVisible(change is not None)
        self.changed_line.set_change(lines[at] if at is not None else "", room)
        rest = lines[(at + 1) if at is not None else 0 :]
        left = room if at is None else max(1, room - 1 - (at > first))
        self.after.set_text("\n".join(rest), left)
        self.after.setVisible(bool(rest) and (bool(value) or change is None))
        self.empty.setVisible(not value)
        self._show_more()

    @property
    def _expanded(self) -> bool:
        return self._rows > ROWS

    def _show_more(self) -> None:
        if self._block is None:
            return
        below = self.after.hidden_rows(self.after.width())
        hidden = below + (0 if self._expanded else self._lines_above())
        self.more.setVisible((hidden > 0 or self._expanded) and bool(self._block.value))
        self.more.setText(self._more_text(below, hidden))
        shown_whole = self._expanded and not below
        pattern = self.tr("Show less of block {0}") if shown_whole else self.tr("Show more of block {0}")
        self.more.setAccessibleName(pattern.format(self._block.label))
        self.after.place_corner()

    def _more_text(self, below: int, hidden: int) -> str:
        if self._expanded and not below:
            return self.tr("Less")
        return self.tr("More") if below > COUNTED else self.tr("{0:,} more").format(hidden)

    def _lines_above(self) -> int:
        line = self._line.line if self._line is not None else None
        return max(0, line - 1) if line is not None else 0

    def _toggle_more(self) -> None:
        whole = self._expanded and not self.after.hidden_rows(self.after.width())
        self._rows = ROWS if whole else self._rows + PORTION
        self._show_block()

    def _show_state(self) -> None:
        busy = self.editing or self._form is not None
        conflict = self.editing and self.editor.in_conflict
        self._reading.setVisible(not busy)
        self.elsewhere.setVisible(self._lent)
        self.head.set_actions_visible(not busy)
        set_prop(self, "changed", self._line is not None and not conflict)
        set_prop(self, "tone", "warn" if conflict else "")
        self.head.set_badges(self._badges(conflict))

    def _badges(self, conflict: bool) -> list[BadgeText]:
        block = self._block
        if block is None:
            return []
        badges: list[BadgeText] = []
        if conflict:
            long = self.tr("Changed while you typed")
            badges.append(BadgeText("conflict", long, self.tr("Changed"), "warn", "warning"))
        if self._change is not None and not conflict:
            when = self._when(self._change)
            badges.append(BadgeText("change", f"v{block.version} {when}", f"v{block.version}", "accent"))
        if len(block.value) > block.limit:
            words = count_text(len(block.value), block.limit)
            badges.append(BadgeText("over", words, words, "danger", "error"))
        elif len(block.value) >= NEARLY_FULL * block.limit:
            badges.append(BadgeText("full", self.tr("Nearly full"), self.tr("Full"), "warn", "warning"))
        if block.read_only:
            badges.append(BadgeText("read_only", self.tr("Read-only for the agent"), self.tr("Read-only"), "", "lock"))
        if self._shared_with:
            words = counted(self._shared_with, self.tr("Shared with {0} agent"), self.tr("Shared with {0} agents"))
            badges.append(BadgeText("shared", words, self.tr("Shared"), "info", "shared"))
        return badges

    def _when(self, change: MemoryEvent) -> str:
        """Seconds would count on in a badge that nobody reads so closely."""
        recent = (now() - moment(change.at)).total_seconds() < MINUTE
        return self.tr("just now") if recent else ago(change.at)

    def _tell_time(self) -> None:
        """`4 s ago` counts on while somebody can see it."""
        change, line = self._change, self._line
        if change is not None and line is not None:
            self.changed_line.cause.set_text(
                sentence(line, actor_in_sentence(change, self._agent_name), ago(change.at))
            )
        if self._block is not None and change is not None:
            self.head.set_badges(self._badges(self.editing and self.editor.in_conflict))
        if change is not None and self.isVisible():
            self._clock.start()
        else:
            self._clock.stop()

    def _undo(self) -> None:
        if self._change is not None:
            self.undo_requested.emit(self._change.seq)

    def _picked(self, key: str) -> None:
        if self._block is None:
            return
        match key:
            case "edit":
                self.begin_edit()
            case "wide":
                self.wide_requested.emit()
            case "history":
                self.history_requested.emit()
            case "detach":
                self.detach_requested.emit()
            case "delete":
                self.delete_requested.emit()
            case "read_only":
                self.read_only_requested.emit(not self._block.read_only)
            case _:
                self._open_form(key, self._block)

    def _open_form(self, key: str, block: Block) -> None:
        self._close_form()
        self._form = BlockForm(self._theme, key, _property(block, key), self)
        self._form.submitted.connect(self._submitted)
        self._form.cancelled.connect(self._close_form)
        self._column.addWidget(self._form)
        self._show_state()
        self._form.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close_form(self) -> None:
        form, self._form = self._form, None
        if form is None:
            return
        had_focus = bool(self.focusWidget()) and form.isAncestorOf(self.focusWidget())
        self._column.removeWidget(form)
        form.hide()
        form.deleteLater()
        self._show_state()
        if had_focus:
            self.head.more.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submitted(self, key: str, value: object) -> None:
        if self._block is not None and _property(self._block, key) == value:
            self._close_form()
            return
        signals = {
            "label": self.rename_requested,
            "description": self.description_requested,
            "limit": self.limit_requested,
        }
        signals[key].emit(value)

    def _restyle(self) -> None:
        px = self._theme.px
        border = px(1)
        self._column.setContentsMargins(border, border, border, border)
        self._before_row.setContentsMargins(px(10), px(2), px(10), px(2))
        self._after_row.setContentsMargins(px(10), px(1), px(10), px(2))
        self._after_row.setSpacing(px(6))
        self._foot.setContentsMargins(px(10), px(1), px(10), px(8))
        self._foot.setSpacing(px(8))
        self.elsewhere.setContentsMargins(px(10), px(2), px(10), px(8))
        self.empty.setMinimumHeight(QFontMetrics(self._theme.font("label")).height() + px(4))
        if self._block is not None:
            self._show_more()


def _is_edit_key(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_F2 and not event.modifiers()


def _property(block: Block, key: str) -> str | int:
    """What the form for `key` begins with."""
    match key:
        case "limit":
            return block.limit
        case "description":
            return block.description
        case _:
            return block.label
