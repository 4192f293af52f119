"""A call that waits for a person's answer, above the composer: what would be done, and yes, always or no."""

import json

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.domain.approval import Answer, ApprovalRequest, WaitingCall
from app.domain.json_value import JsonObject, object_of
from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, frame_of, scrolled
from app.ui.kit.wording import ago
from app.ui.theme import Theme, set_prop
from app.ui.tools.arguments import ArgumentForm, NotReadable
from app.ui.tools.mcp.change_view import ChangeView

ROOM = 0.42
"""Share of the view's height that arguments and difference may take before they scroll."""


class ApprovalCard(QFrame):
    """Hidden while nothing waits. Of several calls the first open one is shown."""

    answered = Signal(object)
    """The `Answer`."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.request: ApprovalRequest | None = None
        self.call: WaitingCall | None = None
        self._as_shown: JsonObject = {}
        self.setProperty("kind", "banner")
        set_prop(self, "tone", "warn")
        self.title = Label(theme, "", "base", parent=self)
        self.title.set_weight(600)
        self.tool = ElidedLabel(theme, "", "ids", "text2", self)
        self.since = Label(theme, "", "label", "text2", self)
        self.form = ArgumentForm(theme, compact=True)
        self.form.changed.connect(self._tell_changed)
        self.edited = Label(theme, self.tr("Changed by you"), "label", "accent", self)
        self.note = Label(theme, "", "label", "text2", self)
        self.note.setWordWrap(True)
        self.diff = DiffView(theme, compact=True)
        self.change = ChangeView(theme)
        self.reason = QLineEdit(self)
        self.reason.setPlaceholderText(self.tr("Reason for refusing"))
        self.reason.setAccessibleName(self.tr("Reason for refusing, which the agent is told"))
        self.reason.returnPressed.connect(self.refuse_now)
        self.refuse = Button(theme, self.tr("Refuse"), "danger", parent=self)
        self.always = Button(theme, self.tr("Always for this agent"), parent=self)
        self.approve = Button(theme, self.tr("Approve"), "primary", "check", parent=self)
        self.refuse.clicked.connect(lambda _checked=False: self.refuse_now())
        self.always.clicked.connect(lambda _checked=False: self.approve_now(always=True))
        self.approve.clicked.connect(lambda _checked=False: self.approve_now())
        self._clock = QTimer(self)
        self._clock.setInterval(30_000)
        self._clock.timeout.connect(self._tell_since)
        self._lay_out()
        self.setVisible(False)
        self._restyle()
        theme.changed.connect(self._restyle)

    def _lay_out(self) -> None:
        self._head = QHBoxLayout()
        for part, stretch in ((Icon(self._theme, "lock", "warn", 16), 0), (self.title, 0), (self.tool, 1)):
            self._head.addWidget(part, stretch)
        self._head.addWidget(self.edited)
        self._head.addWidget(self.since)
        self._body = QWidget()
        self._body.installEventFilter(self)
        self._inner = QVBoxLayout(self._body)
        for part in (self.change, self.form, self.note, self.diff):
            self._inner.addWidget(part)
        self._scroll: QScrollArea = scrolled(self._body, self.tr("What would be done"))
        self._paper = frame_of("surface", self)
        inside = QVBoxLayout(self._paper)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._scroll)
        self._buttons = QHBoxLayout()
        self._buttons.addWidget(self.reason, 1)
        for button in (self.refuse, self.always, self.approve):
            self._buttons.addWidget(button)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._head)
        self._column.addWidget(self._paper)
        self._column.addLayout(self._buttons)

    def show_request(self, request: ApprovalRequest | None) -> None:
        """What was typed stays while the same call is shown."""
        before = self.call
        self.request = request
        self.call = request.open[0] if request is not None and request.open else None
        self.setVisible(self.call is not None)
        self._clock.start() if self.call is not None else self._clock.stop()
        if request is None or self.call is None:
            return
        for button in (self.refuse, self.always, self.approve):
            button.set_busy(False)
        if before is None or before.tool_call_id != self.call.tool_call_id:
            self.reason.clear()
            self._show_call(request, self.call)
        self._tell_since()

    def _show_call(self, request: ApprovalRequest, call: WaitingCall) -> None:
        name = request.agent_name
        known = {
            "memory_insert": self.tr("{} wants to add to its memory"),
            "core_memory_append": self.tr("{} wants to add to its memory"),
            "memory_replace": self.tr("{} wants to change its memory"),
            "core_memory_replace": self.tr("{} wants to change its memory"),
            "memory_rethink": self.tr("{} wants to rewrite a memory block"),
        }
        words = self.tr("{} waits for a program") if call.client_side else self.tr("{} wants to use a tool")
        self.change.show_tool(call.tool)
        if self.change.digest:
            words = self.tr("{} wants to use a tool that its server has changed")
        self.title.setText(known.get(call.name, words).format(name))
        self.tool.set_text(call.name)
        self._as_shown = object_of(json.loads(call.arguments))
        schema = call.tool.parameters if call.tool is not None else _schema_of(self._as_shown)
        self.form.show_arguments(schema, self._as_shown)
        self.form.setEnabled(not call.client_side)
        self._as_shown = self.form.readable()
        preview = call.preview
        self.diff.setVisible(preview is not None)
        if preview is not None:
            self.diff.set_texts(preview.before, preview.after)
        self._note(call)
        # A change is agreed to once; what comes after it asks again.
        self.always.setVisible(not call.client_side and not self.change.digest)
        self.approve.setVisible(not call.client_side)
        self._tell_changed()
        self.fit()
        self.setAccessibleName(f"{self.title.text()}, {call.name}")
        self.setAccessibleDescription(call.arguments)
        announce(self, self.accessibleName())

    def _note(self, call: WaitingCall) -> None:
        words = call.problem
        if call.client_side:
            words = self.tr("The program that sent the message runs this tool and answers it. You can refuse it here.")
        elif call.tool is None:
            words = self.tr("The agent no longer has this tool, so it will be told that.")
        elif call.preview is not None:
            words = self.tr("Block “{}”").format(call.preview.label)
        self.note.setText(words)
        self.note.setVisible(bool(words))

    @property
    def is_changed(self) -> bool:
        """Whether a person changed the arguments."""
        return self.form.readable() != self._as_shown

    def _tell_changed(self) -> None:
        changed = self.is_changed
        self.edited.setVisible(changed)
        self.approve.setText(self.tr("Approve with my change") if changed else self.tr("Approve"))
        if self.call is not None and self.call.preview is not None:
            self.diff.setVisible(not changed)  # it shows what the agent wrote

    def _tell_since(self) -> None:
        if self.request is None:
            return
        calls = self.request.calls
        done = sum(call.status != "waiting" for call in calls)
        which = self.tr("{0} of {1}, ").format(done + 1, len(calls)) if len(calls) > 1 else ""
        self.since.setText(which + self.tr("asked {}, survives a restart").format(ago(self.request.at)))

    def approve_now(self, always: bool = False) -> None:
        if self.call is None or self.call.client_side:
            return
        arguments = None
        if self.is_changed:
            try:
                arguments = self.form.arguments()
            except NotReadable:
                return
        (self.always if always else self.approve).set_busy(True)
        call_id, seen = self.call.tool_call_id, self.change.digest
        self.answered.emit(Answer(tool_call_id=call_id, arguments=arguments, always=always, seen=seen))

    def refuse_now(self) -> None:
        if self.call is not None:
            self.refuse.set_busy(True)
            reason = self.reason.text().strip()
            self.answered.emit(Answer(tool_call_id=self.call.tool_call_id, approve=False, reason=reason))

    def fit(self) -> None:
        """As high as its content, until it would take too much of the view that it stands in."""
        around = self.parentWidget()
        self._scroll.setMaximumHeight(max(self._theme.px(80), int((around.height() if around else 0) * ROOM)))
        width = self._scroll.viewport().width()
        height = self._inner.heightForWidth(width) if self._inner.hasHeightForWidth() else 0
        wanted = max(height, self._body.sizeHint().height())
        self._scroll.setMinimumHeight(min(wanted, self._scroll.maximumHeight()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._body and event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return super().eventFilter(watched, event)

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(12), px(10), px(12), px(10))
        self._column.setSpacing(px(8))
        self._inner.setSpacing(px(6))
        self._inner.setContentsMargins(px(10), px(8), px(10), px(8))
        self._head.setSpacing(px(8))
        self._buttons.setSpacing(px(8))
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)


def _schema_of(arguments: JsonObject) -> JsonObject:
    """Of a tool that nothing more is known of."""
    properties = {name: {"type": "string"} if isinstance(value, str) else {} for name, value in arguments.items()}
    return {"type": "object", "properties": properties}
