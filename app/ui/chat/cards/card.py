"""What all cards of a conversation share: a row, a height for a width, the agent's tile, keys, and the debug strip."""

import datetime

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.ui.chat.cards.context import CardContext
from app.ui.chat.transcript.row import Row
from app.ui.kit.buttons import Button
from app.ui.kit.copying import copy_text
from app.ui.kit.markdown import Fold, MarkdownView
from app.ui.kit.tile import paint_tile
from app.ui.theme import Theme

TILE = 26
TEXT_X = 38
"""Where the text of the agent begins, right of its tile."""
_TAB = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)


class Card(QWidget):
    """Draws one row. Made, and given newer rows, by the area alone."""

    resized = Signal()
    """The height changed by itself: something was folded or opened."""
    grew = Signal()
    """More of a long text was written, so the card is higher now."""

    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.theme = context.theme
        self.row = row
        self.ringed = False
        self._raw: MarkdownView | None = None
        self._raw_button: Button | None = None
        self._strip = QRect()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_row(self, row: Row) -> None:
        """Shows a newer state of the same card."""
        self.row = row
        self._fill()
        self.update()

    def lay_out(self, width: int) -> int:
        """Places everything for this width; returns the height."""
        height = self._lay_body(width)
        if self.row.lead:
            height = max(height, self.theme.px(TILE))
        return self._lay_strip(width, height) if self.context.mode == "debug" else self._no_strip(height)

    def restyle(self) -> None:
        """Colours or sizes of the theme changed."""
        for view in self.findChildren(MarkdownView):
            view.restyle()
        self._fill()
        self.update()

    def begin(self) -> None:
        """Called once after construction."""
        self._fill()

    def _text_view(self, role: str = "conversation", ink: str = "", fold: Fold = Fold()) -> MarkdownView:  # noqa: B008
        """A text of this card, which grows with it."""
        view = MarkdownView(self.theme, role, ink, self, fold=fold)
        view.grew.connect(self.grew)
        view.unfolded.connect(self.resized)
        return view

    def _fill(self) -> None:
        """Puts the row into the widgets."""

    def _lay_body(self, width: int) -> int:
        return 0

    def _paint_body(self, painter: QPainter) -> None:
        """What is drawn below the widgets."""

    def unfold(self) -> None:
        """Opens what is folded, where something is."""

    @property
    def editing(self) -> bool:
        """Whether a person writes in this card, so that it must not go."""
        return False

    def take_edit(self) -> str:
        """What a person wrote in this card and did not send; it is the caller's from now on."""
        return ""

    def text_to_copy(self) -> str:
        return self.row.text

    def copy(self) -> None:
        text = self.text_to_copy()
        if text:
            copy_text(self.theme, text, self.copying_beside())

    def copying_beside(self) -> QWidget:
        """Where the word stands that it was copied."""
        return self

    def edit(self) -> None:
        """E on a focused card."""

    def undo(self) -> None:
        """U on a focused card."""

    def retry(self) -> None:
        """R on a focused card."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        verbs = {Qt.Key.Key_C: self.copy, Qt.Key.Key_R: self.retry, Qt.Key.Key_E: self.edit, Qt.Key.Key_U: self.undo}
        verb = verbs.get(Qt.Key(event.key())) if event.modifiers() == Qt.KeyboardModifier.NoModifier else None
        if verb is None:
            super().keyPressEvent(event)
            return
        verb()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._show_ring(event.reason() in _TAB)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._show_ring(False)

    def _show_ring(self, ringed: bool) -> None:
        """The ring is drawn around the card by what holds it, so that it covers nothing."""
        self.ringed = ringed
        holder = self.parentWidget()
        if holder is not None:
            holder.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        px = self.theme.px
        if self.row.lead:
            side = px(TILE)
            paint_tile(painter, self.theme, QRectF(0, 0, side, side), self.context.agent_name, self.context.agent_id)
        self._paint_body(painter)
        if not self._strip.isNull():
            draw_text(painter, self._strip, debug_line(self.row), self.theme.font("ids"), self.theme.color("muted"))

    def _no_strip(self, height: int) -> int:
        self._strip = QRect()
        for widget in (self._raw, self._raw_button):
            if widget is not None:
                widget.hide()
        return height

    def _lay_strip(self, width: int, top: int) -> int:
        """Debug view: ids and time, and the stored message as JSON on request."""
        px = self.theme.px
        left = 0 if self.row.kind in ("day", "boundary", "event") else px(TEXT_X)
        if self.row.message is None:
            self._strip = QRect(left, top + px(4), width - left, px(18)) if debug_line(self.row) else QRect()
            return top + px(22) if debug_line(self.row) else top
        if self._raw_button is None:
            self._raw_button = Button(self.theme, self.tr("Raw"), "link", size="small", parent=self)
            self._raw_button.setAccessibleName(self.tr("Raw JSON of this message"))
            self._raw_button.clicked.connect(self._toggle_raw)
        button = self._raw_button.sizeHint()
        self._raw_button.setGeometry(width - button.width(), top + px(2), button.width(), button.height())
        self._raw_button.show()
        self._strip = QRect(left, top + px(4), width - left - button.width() - px(8), px(18))
        top += px(28)
        if self._raw is not None:
            height = self._raw.height_for(width - left)
            self._raw.setGeometry(left, top, width - left, height)
            self._raw.show()
            top += height + px(8)
        return top

    def _toggle_raw(self) -> None:
        if self._raw is not None:
            self._raw.deleteLater()
            self._raw = None
        elif self.row.message is not None:
            self._raw = self._text_view()
            self._raw.set_markdown(f"```json\n{self.row.message.model_dump_json(indent=2)}\n```")
            self._raw.setAccessibleName(self.tr("Raw JSON of this message"))
        self.resized.emit()


class FoldHead(QAbstractButton):
    """A whole line that folds and opens what is below it; its owner draws it."""

    def __init__(self, theme: Theme, parent: "Card") -> None:
        super().__init__(parent)
        self._theme = theme
        self._card = parent
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._card.paint_head(painter, self.rect())  # type: ignore[attr-defined]
        if self.property("ring"):
            painter.setPen(QPen(self._theme.color("focus"), self._theme.px(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)


def draw_text(painter: QPainter, rect: QRect, text: str, font: QFont, color: object) -> int:
    """One line, shortened at its end, vertically centred. Returns the x right of it."""
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, rect.width()))
    painter.setFont(font)
    painter.setPen(color)  # type: ignore[call-overload]
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    return rect.left() + metrics.horizontalAdvance(shown)


def draw_badge(painter: QPainter, theme: Theme, rect: QRect, text: str, kind: str) -> int:
    """A badge 18 high at the left of `rect`. Returns the x right of it."""
    px, font = theme.px, theme.font("badge")
    room = rect.width() - px(12)
    if room < px(24):
        return rect.left()
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room)
    width = QFontMetrics(font).horizontalAdvance(shown) + px(12)
    box = QRectF(rect.left(), rect.center().y() - px(18) / 2 + 0.5, width, px(18))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(f"{kind}tint" if kind else "hover"))
    painter.drawRoundedRect(box, px(4), px(4))
    painter.setPen(theme.color(kind or "text2"))
    painter.setFont(font)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
    return round(box.right())


def debug_line(row: Row) -> str:
    """Ids and time of a card, for the debug view."""
    parts = [row.message_id or "", row.run_id or "", row.message.step_id or "" if row.message else ""]
    if row.position is not None:
        parts.append(f"#{row.position}")
    if row.at:
        moment = datetime.datetime.fromtimestamp(row.at / 1_000_000, datetime.UTC).astimezone()
        parts.insert(0, moment.isoformat(sep=" ", timespec="milliseconds"))
    return "  ".join(part for part in parts if part)
