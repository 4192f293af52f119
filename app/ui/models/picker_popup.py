"""The list of models under a button: a field that filters, rows with badges, and ways to more."""

from typing import Any

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.choice_popup import ChoicePopup
from app.ui.kit.choosing import ChoicePainter, ChoiceRows, Index
from app.ui.kit.tooltip import literal
from app.ui.models.picker_rows import PickRow, pick_rows
from app.ui.state.model_entries import ModelsKnown
from app.ui.theme import Theme

HEIGHTS = {"server": 28, "model": 46, "note": 30}
WIDTH = 420


class PickList(ChoiceRows[PickRow]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return row.words
        return literal(row.reason) if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        able = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return able if self.rows[index.row()].handle else Qt.ItemFlag.NoItemFlags


class PickPainter(ChoicePainter[PickRow]):
    current = ""
    """Handle of the present model."""

    def height_of(self, row: PickRow) -> int:
        return HEIGHTS[row.kind]

    def draw(self, painter: QPainter, rect: QRect, row: PickRow) -> None:
        match row.kind:
            case "server":
                self._draw_server(painter, rect, row)
            case "note":
                inner = rect.adjusted(self.theme.px(30), 0, -self.theme.px(10), 0)
                words = f"{row.title} {row.reason}".strip()
                self.line(painter, inner, words, "label", "danger" if row.reason else "muted")
            case "model":
                self._draw_model(painter, rect, row)

    def _draw_server(self, painter: QPainter, rect: QRect, row: PickRow) -> None:
        px = self.theme.px
        inner = rect.adjusted(px(10), 0, -px(10), 0)
        wide = self.line(painter, inner, row.title, "label", "text", 600)
        inner.setLeft(inner.left() + wide + px(8))
        wide = self.line(painter, inner, row.detail, "label", "muted")
        inner.setLeft(inner.left() + wide + px(8))
        self._draw_badges(painter, inner, row.badges)

    def _draw_model(self, painter: QPainter, rect: QRect, row: PickRow) -> None:
        px = self.theme.px
        if row.handle == self.current and row.handle:
            self.icon(painter, rect.x() + px(9), rect.y() + px(7), "check", "accent", 14)
        inner = rect.adjusted(px(30), px(4), -px(10), 0)
        top, below = QRect(inner), QRect(inner)
        top.setHeight(px(18))
        below.setTop(inner.top() + px(20))
        below.setHeight(px(18))
        right = self.line(painter, top, row.detail, "label", "text2" if row.handle else "disabled", right=True)
        top.setRight(top.right() - right - px(8))
        self.line(painter, top, row.title, "base", "text" if row.handle else "disabled", 500)
        x = self._draw_badges(painter, below, row.badges)
        if row.reason:
            below.setLeft(x)
            self.line(painter, below, row.reason, "label", "muted")

    def _draw_badges(self, painter: QPainter, box: QRect, badges: tuple[tuple[str, str], ...]) -> int:
        """Those that fit, from the left; where the next thing may begin."""
        px, theme = self.theme.px, self.theme
        font = theme.font("badge")
        metrics, x = QFontMetrics(font), box.x()
        high = px(16)
        for text, kind in badges:
            wide = metrics.horizontalAdvance(text) + px(10)
            if x + wide > box.right():
                break
            place = QRectF(x, box.y() + (box.height() - high) / 2, wide, high)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(f"{kind}tint" if kind else "hover"))
            painter.drawRoundedRect(place, px(4), px(4))
            painter.setFont(font)
            painter.setPen(theme.color(kind or "text2"))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), text)
            x += wide + px(4)
        return x


class ModelPopup(ChoicePopup[PickRow]):
    picked = Signal(str)
    refresh_wanted = Signal()
    servers_wanted = Signal()
    models_wanted = Signal()

    def __init__(self, theme: Theme, button: QWidget) -> None:
        rows = PickList(button)
        self._look = PickPainter(theme, rows, button)
        super().__init__(theme, button, rows, self._look)
        self.set_words(self.tr("Models"), self.tr("Filter models"))
        self._known = ModelsKnown()
        self.wide = WIDTH
        self.look = Button(theme, self.tr("Look again"), "ghost", "refresh", "small")
        self.more = Button(theme, self.tr("Models…"), "ghost", "model", "small")
        self.connect_button = Button(theme, self.tr("Connect a server…"), "ghost", "server", "small")
        self.set_foot(self.look, None, self.more, self.connect_button)
        self.look.clicked.connect(lambda: self.refresh_wanted.emit())
        self.more.clicked.connect(lambda: self.leave(self.models_wanted))
        self.connect_button.clicked.connect(lambda: self.leave(self.servers_wanted))

    def show_models(self, known: ModelsKnown) -> None:
        self._known = known
        if self.isVisible():
            self.search()

    def open_at(self, current: str) -> None:
        """Opens it with the present model chosen."""
        self._look.current = current
        self.model.show_rows(())
        self.open()

    def search(self) -> None:
        wanted = self.chosen.handle if self.chosen is not None else self._look.current
        rows = pick_rows(self._known, self.field.text())
        self.fill(rows, next((at for at, row in enumerate(rows) if row.handle and row.handle == wanted), -1))

    def take(self, row: PickRow) -> None:
        self.picked.emit(row.handle)
