"""What the person said: a bubble at the right, its images, its branches, and the editor that makes a new one."""

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.domain.history import MemoryEvent
from app.ui.chat.cards.context import CardContext
from app.ui.chat.cards.editable_card import EditableCard
from app.ui.chat.cards.hover_card import HoverTools
from app.ui.chat.images import ThumbnailRow
from app.ui.chat.transcript.row import Row
from app.ui.kit.buttons import Button
from app.ui.kit.markdown import Fold

BUBBLE = 560
PAD_X = 14
PAD_Y = 8
OWN = Fold(2_400, 24)
"""How much of one's own words is shown at first: whoever wrote or pasted them knows them."""


class UserCard(EditableCard):
    """What the person said: a bubble at the right, with its branch switcher."""

    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self._text = self._text_view(fold=OWN)
        self._text.link_activated.connect(context.signals.link)
        self._bubble = QRectF()
        self._thumbnails = ThumbnailRow(self.theme, context.images, self)
        self._note = QRect()
        self._buttons: list[Button] = []

    def _fill(self) -> None:
        row = self.row
        self._text.set_plain(row.text)
        self._thumbnails.fill(row.images)
        self._text.setVisible(bool(row.text) and self.editor is None)
        self._text.setAccessibleName(self.tr("Your message"))
        self.setAccessibleName(self.tr("You: {0}").format(row.text[:400]))
        super()._fill()
        self._offer_buttons()

    def _offer_buttons(self) -> None:
        for button in self._buttons:
            button.deleteLater()
        self._buttons = []
        otid = self.row.key.removeprefix("sent:")
        signals = self.context.signals
        if self.row.state == "not_sent":
            self._add_button(self.tr("Send again"), "", lambda: signals.send_again.emit(otid))
            self._add_button(self.tr("Discard"), "ghost", lambda: signals.discard.emit(otid))
        elif self.row.kind == "queued":
            self._add_button(self.tr("Cancel"), "ghost", lambda: signals.discard.emit(otid))

    def _add_button(self, text: str, role: str, run: Callable[[], object]) -> None:
        button = Button(self.theme, text, role, size="small", parent=self)
        button.setAccessibleName(self.tr("{0}: {1}").format(text, self.row.text[:60]))
        button.clicked.connect(lambda _checked=False: run())
        button.show()
        self._buttons.append(button)

    def _lay_body(self, width: int) -> int:
        px = self.theme.px
        if self.editor is not None:
            height = self.editor.height_for(width)
            self.editor.setGeometry(0, 0, width, height)
            return height
        most = min(px(BUBBLE), width - px(72)) - 2 * px(PAD_X)
        top = px(PAD_Y)
        inner = self._thumbnails.natural_width(most)
        if self.row.text:
            inner = max(inner, self._text.natural_width(most))
        left = width - inner - 2 * px(PAD_X)
        top = self._thumbnails.lay_out(left + px(PAD_X), top, inner)
        if self.row.text:
            height = self._text.height_for(inner)
            # A line of fixed height has its spare room above the letters; half of it belongs below.
            self._text.setGeometry(left + px(PAD_X), top - px(2), inner, height)
            top += height
        self._bubble = QRectF(left, 0, width - left, top + px(PAD_Y))
        return self._lay_below(width, round(self._bubble.bottom()))

    def _lay_below(self, width: int, top: int) -> int:
        """Switcher, state of sending, ways out."""
        px, right = self.theme.px, width
        self._note = QRect()
        top = self._lay_switcher(None, width, top)
        if self.row.state == "done" and self.row.kind == "user":
            return top
        for button in reversed(self._buttons):
            size = button.sizeHint()
            right -= size.width()
            button.setGeometry(right, top + px(4), size.width(), size.height())
            right -= px(6)
        self._note = QRect(0, top + px(4), right - px(4), px(24))
        return top + px(30)

    def _note_text(self) -> tuple[str, str]:
        reason = self.row.problem.message if self.row.problem else ""
        if self.row.kind == "queued":
            return self.tr("Queued; will be sent when {0} is done").format(self.context.agent_name), "muted"
        if self.row.state == "not_sent":
            return self.tr("Not sent. {0}").format(reason).strip(), "danger"
        return self.tr("Sending"), "muted"

    def _paint_body(self, painter: QPainter) -> None:
        if self.editor is not None:
            return
        px, theme = self.theme.px, self.theme
        waits = self.row.kind == "queued"
        pen = QPen(theme.color("control"), 1, Qt.PenStyle.DashLine) if waits else QPen(Qt.PenStyle.NoPen)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush if waits else theme.color("userbubble"))
        painter.drawRoundedRect(self._bubble.adjusted(0.5, 0.5, -0.5, -0.5), px(10), px(10))
        if not self._note.isNull():
            text, token = self._note_text()
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color(token))
            painter.drawText(self._note, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _offer(self, tools: HoverTools) -> None:
        if self.row.message is not None:
            tools.add("edit", self.tr("Edit message"), "E", self.edit)
        tools.add("copy", self.tr("Copy message"), "C", self.copy)
        if self.row.message is not None:
            tools.add("trash", self.tr("Delete message"), "Del", self.delete)

    def _place_tools(self, tools: HoverTools) -> None:
        px = self.theme.px
        tools.move(round(self._bubble.left()) - tools.width() - px(6), px(6))

    def edit(self) -> None:
        """Sending makes a branch; the old words stay in theirs."""
        opened = self.editor is None
        super().edit()
        if opened and self.editor is not None:
            self.context.signals.edit_opened.emit(self)

    def _show_text(self, shown: bool) -> None:
        self._text.setVisible(shown and bool(self.row.text))
        self._thumbnails.set_visible(shown)

    def offer_memory_undo(self, changes: tuple[MemoryEvent, ...]) -> None:
        """The memory changes that came of this message and what followed it."""
        if self.editor is not None:
            self.editor.offer_memory_undo(changes)

    def _rewritten(self, text: str, undo_memory: bool) -> None:
        self.context.signals.resend.emit(self.row, text, undo_memory)
