"""Why a change is there: who, with what, in which run and step, because of which message; and the ways back."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from app.domain.history import MemoryEvent, kind_of
from app.domain.ids import short
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, follow, frame_of, hairline, row_of, scrolled
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import full_time
from app.ui.memory.history.change_list import ChangeRow
from app.ui.memory.history.sentences import KIND_LOOK, actor_name, place_name
from app.ui.theme import Theme

LABEL_SHOWN = 18


def short_label(label: str) -> str:
    return label if len(label) <= LABEL_SHOWN else f"{label[: LABEL_SHOWN - 1]}…"


class WhyPane(QFrame):
    message_wanted = Signal(str)
    undo_wanted = Signal(object, bool)
    """MemoryEvent, and whether it is itself an undo."""
    restore_wanted = Signal(object)
    restore_all_wanted = Signal(object)
    """MemoryEvent: the whole memory is to be as it was right after it."""
    fork_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._event: MemoryEvent | None = None
        self._again = False
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Why it is there"))
        self._title = Label(theme, "", "strong")
        self._title.setWordWrap(True)
        self._facts = QWidget()
        self._grid = QGridLayout(self._facts)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self._because = Label(theme, self.tr("Because of"), "label", "muted")
        self._cause = Label(theme, "", "base")
        self._cause.setWordWrap(True)
        self._quote = QWidget()
        edge = frame_of("vline")
        row_of(theme, edge, self._cause, parent=self._quote, gap=10).setStretch(1, 1)
        self._open = Button(theme, self.tr("Open the message"), "link", "jump")
        self.undo = Button(theme, "", "", "undo")
        self.restore = Button(theme, "", "", "history")
        self.restore_all = Button(theme, self.tr("Restore all memory…"), "", "history")
        self.fork = Button(theme, self.tr("Fork an agent from here"), "", "fork")
        self._back = Label(theme, "", "strong")
        self._back.setWordWrap(True)
        self.why_not_restore = Label(theme, "", "caption", "muted")
        self.why_not_restore.setWordWrap(True)
        note = self.tr("Restoring adds a version, and you can undo it. A fork changes nothing here.")
        self._note = Label(theme, note, "caption", "muted")
        self._note.setWordWrap(True)
        self._lay_out()
        self._open.clicked.connect(lambda: self._emit_message())
        self.undo.clicked.connect(lambda: self.undo_wanted.emit(self._event, self._again))
        self.restore.clicked.connect(lambda: self.restore_wanted.emit(self._event))
        self.restore_all.clicked.connect(lambda: self.restore_all_wanted.emit(self._event))
        self.fork.clicked.connect(lambda: self.fork_wanted.emit(self._event))
        self.clear()

    def _lay_out(self) -> None:
        theme = self._theme
        head, body, self._foot = QWidget(), QWidget(), QWidget()
        row_of(theme, Label(theme, self.tr("Why it is there"), "strong"), None, parent=head, inset=(14, 9, 14, 9))
        column_of(
            theme,
            self._title,
            self._facts,
            4,
            self._because,
            self._quote,
            row_of(theme, self._open, None),
            None,
            parent=body,
            inset=(14, 12, 14, 12),
            gap=8,
        )
        column_of(
            theme,
            self.undo,
            self._back,
            self.restore,
            self.why_not_restore,
            self.restore_all,
            self.fork,
            self._note,
            parent=self._foot,
            inset=(14, 12, 14, 14),
            gap=8,
        )
        column_of(
            theme,
            head,
            hairline(),
            scrolled(body, self.accessibleName()),
            hairline(),
            self._foot,
            parent=self,
            gap=0,
        )

        def fit() -> None:
            self._grid.setHorizontalSpacing(theme.px(12))
            self._grid.setVerticalSpacing(theme.px(5))
            self._grid.setColumnMinimumWidth(0, theme.px(72))

        follow(theme, self, fit)

    def keep_free(self, pixels: int) -> None:
        """Room at its foot for what lies there for a while."""
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(0, 0, 0, pixels)
        layout.activate()

    def clear(self) -> None:
        self._event = None
        self._title.setText(self.tr("Choose a change to see where it comes from."))
        empty(self._grid)
        for part in (self._because, self._quote, self._open, self._foot):
            part.hide()

    def show_change(self, row: ChangeRow, agent_name: str, newest: bool) -> None:
        """`newest`: nothing was changed in the block since."""
        event = self._event = row.event
        self._again = event.undoes is not None and not row.redo
        self._title.setText(row.sentence)
        empty(self._grid)
        self._fact(self.tr("Where"), place_name(event), mono=event.target_kind != "agent")
        self._written_by(event, agent_name)
        origin = event.origin
        if origin.tool_name:
            self._fact(self.tr("With"), origin.tool_name, mono=True)
        if event.undoes is not None or not origin.run_id:
            self._fact(self.tr("In"), row.place)
        for name, id in ((self.tr("Run"), origin.run_id), (self.tr("Step"), origin.step_id)):
            if id:
                self._fact(name, short(id), mono=True, whole=id)
        if origin.tool_call_id:
            self._fact(self.tr("Tool call"), origin.tool_call_id, mono=True, whole=origin.tool_call_id)
        self._fact(self.tr("Version"), str(event.version))
        if origin.sources:
            self._fact(self.tr("Had read"), ", ".join(origin.sources), whole="\n".join(origin.sources))
        self._cause.setText(f"“{event.cause}”")
        for part in (self._because, self._quote):
            part.setVisible(bool(event.cause))
        self._open.setVisible(bool(origin.message_id))
        self._offer(event, newest)

    def _offer(self, event: MemoryEvent, newest: bool) -> None:
        undone = event.undone_by is not None
        block, whole_agent = event.target_kind == "block", event.target_kind == "agent" and event.op != "update"
        self._foot.show()
        self.undo.setVisible(not whole_agent)
        for back in (self.restore_all, self.restore):
            back.setVisible(not whole_agent)
        self._note.setVisible(not whole_agent)
        self._back.setText(self.tr("Go back to {}").format(full_time(event.at)))
        self.undo.setText(self.tr("Redo this change") if self._again else self.tr("Undo this change"))
        self.undo.set_icon("redo" if self._again else "undo")
        self.undo.setEnabled(not undone)
        set_tip(self.undo, self.tr("This change has already been undone.") if undone else "")
        settings = event.target_kind == "agent" and not whole_agent
        self.restore.setVisible(block or settings)
        self.restore.setText(self.tr("Restore only “{}”").format(short_label(event.label)))
        self.restore.setAccessibleName(self.tr("Restore only {} as it was then").format(event.label))
        if settings:
            self.restore.setText(self.tr("Restore all settings"))
            self.restore.setAccessibleName(self.tr("Restore all settings as they were then"))
        reason = ""
        if block and newest:
            reason = self.tr("Nothing to restore: the block already reads like this.")
        self.restore.setEnabled(not reason)
        set_tip(self.restore, reason)
        self.restore.setAccessibleDescription(reason)
        self.why_not_restore.setText(reason)
        self.why_not_restore.setVisible(block and bool(reason))

    def _written_by(self, event: MemoryEvent, agent_name: str) -> None:
        icon, token = KIND_LOOK[kind_of(event)]
        value = QWidget()
        words = ElidedLabel(self._theme, f"{actor_name(event, agent_name)}, {full_time(event.at)}", "base")
        row_of(self._theme, Icon(self._theme, icon, token, 14), words, parent=value, gap=6).setStretch(1, 1)
        self._add(self.tr("Written by"), value)

    def _fact(self, name: str, value: str, *, mono: bool = False, whole: str = "") -> None:
        label = ElidedLabel(self._theme, value, "mono" if mono else "base")
        if whole:
            set_tip(label, whole)
            label.setAccessibleName(f"{name} {whole}")
        self._add(name, label)

    def _add(self, name: str, value: QWidget) -> None:
        at = self._grid.rowCount()
        self._grid.addWidget(Label(self._theme, name, "label", "muted"), at, 0)
        self._grid.addWidget(value, at, 1)

    def _emit_message(self) -> None:
        if self._event is not None and self._event.origin.message_id:
            self.message_wanted.emit(self._event.origin.message_id)
