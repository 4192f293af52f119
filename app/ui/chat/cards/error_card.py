"""The card of a run that ended badly: a sentence, a second line, ways out, details. Folds once it is solved."""

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from app.domain.ids import short
from app.ui.chat.cards.card import TEXT_X, Card, FoldHead, draw_text
from app.ui.chat.cards.context import CardContext
from app.ui.chat.problem_remedies import Remedy, remedies_of
from app.ui.chat.transcript.row import Problem, Row
from app.ui.kit.buttons import Button
from app.ui.kit.copying import copy_text
from app.ui.kit.markdown import MarkdownView

PAD = 12
TEXT = 30
FOLDED = 26


class ErrorCard(Card):
    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self._unfolded: bool | None = None
        self._detailed = False
        self._box = QRectF()
        theme = self.theme
        self._title = MarkdownView(theme, role="strong", parent=self)
        self._hint = MarkdownView(theme, role="label", ink="text2", parent=self)
        self._details = MarkdownView(theme, role="ids", ink="text2", parent=self)
        self.remedies: dict[str, Button] = {}
        """Buttons by the key of their remedy, the most wanted first."""
        self._offered: tuple[Remedy, ...] = ()
        self._more = Button(theme, self.tr("Details"), "ghost", "chevron-right", parent=self)
        self._more.clicked.connect(lambda _checked=False: self._toggle_details())
        self._copy = Button(theme, self.tr("Copy details"), "ghost", "copy", "small", self)
        self._copy.clicked.connect(lambda _checked=False: copy_text(theme, self.details(), self._copy))
        self._head = FoldHead(theme, self)
        self._head.clicked.connect(lambda _checked=False: self._toggle())

    @property
    def problem(self) -> Problem:
        assert self.row.problem is not None
        return self.row.problem

    @property
    def opened(self) -> bool:
        return not self.problem.solved if self._unfolded is None else self._unfolded

    def retry(self) -> None:
        if not self.problem.solved:
            self.context.signals.retry.emit(self.row)

    def _go(self, key: str) -> None:
        if key == "again":
            self.retry()
        elif key == "switch":
            self.context.signals.switch_model.emit()
        else:
            self.context.signals.remedy.emit(key, self.row)

    def _offer_buttons(self) -> None:
        context = self.context
        remedies = remedies_of(self.problem, context.models, context.agent_model, context.max_steps)
        if remedies == self._offered:
            return
        self._offered = remedies
        for button in self.remedies.values():
            button.hide()
            button.deleteLater()
        self.remedies = {remedy.key: self._button(remedy, first=place == 0) for place, remedy in enumerate(remedies)}

    def _button(self, remedy: Remedy, *, first: bool) -> Button:
        button = Button(self.theme, remedy.text, "primary" if first else "", remedy.icon, parent=self)
        button.clicked.connect(lambda _checked=False: self._go(remedy.key))
        return button

    def text_to_copy(self) -> str:
        return f"{self.problem.message}\n{self.problem.hint}\n\n{self.details()}".strip()

    def details(self) -> str:
        lines = [f"code: {self.problem.code}", f"run: {self.row.run_id}"]
        return "\n".join([*lines, *(f"{name}: {value}" for name, value in self.problem.details)])

    def _toggle(self) -> None:
        self._unfolded = not self.opened
        self._fill()
        self.resized.emit()

    def _toggle_details(self) -> None:
        self._detailed = not self._detailed
        self._fill()
        self.resized.emit()

    def _fill(self) -> None:
        problem, opened = self.problem, self.opened
        self.setAccessibleName(problem.message)
        self.setAccessibleDescription(problem.hint)
        self._head.setVisible(problem.solved)
        self._head.setAccessibleName(problem.message)
        self._title.set_plain(problem.message)
        self._title.setAccessibleName(self.tr("What happened"))
        underway = self.context.underway.get(self.row.key, "")
        hint = underway or problem.hint
        self._hint.set_plain(hint)
        self._hint.setAccessibleName(self.tr("What you can do"))
        self._details.set_plain(self.details())
        self._details.setAccessibleName(self.tr("Details of the problem"))
        self._title.setVisible(opened and not problem.solved)
        self._hint.setVisible(opened and bool(hint))
        self._offer_buttons()
        for button in self.remedies.values():
            button.setVisible(opened and not problem.solved)
            button.setEnabled(not underway)
        self._more.setVisible(opened)
        self._more.set_icon("chevron-down" if self._detailed else "chevron-right")
        self._details.setVisible(opened and self._detailed)
        self._copy.setVisible(opened and self._detailed)

    def _lay_body(self, width: int) -> int:
        px = self.theme.px
        left = px(TEXT_X)
        inner = width - left
        top = 0
        if self.problem.solved:
            self._head.setGeometry(left, 0, inner, px(FOLDED))
            top = px(FOLDED)
            if not self.opened:
                self._box = QRectF()
                return top
        begin, text_left = top, left + px(PAD) + px(TEXT)
        room = inner - px(TEXT) - 2 * px(PAD)
        top += px(10)
        for view in (self._title, self._hint):
            if view.isVisibleTo(self):
                height = view.height_for(room)
                view.setGeometry(text_left, top, room, height)
                top += height + px(2)
        top = self._lay_buttons(text_left, left + inner - px(PAD), top + px(6))
        if self._detailed:
            height = self._details.height_for(room)
            self._details.setGeometry(text_left, top + px(6), room, height)
            top += height + px(8)
            size = self._copy.sizeHint()
            self._copy.setGeometry(text_left - px(8), top, size.width(), size.height())
            top += size.height()
        self._box = QRectF(left, begin, inner, top + px(10) - begin)
        return round(self._box.bottom())

    def _lay_buttons(self, x: int, right: int, top: int) -> int:
        height, left = 0, x
        for button in self.remedies.values():
            if button.isVisibleTo(self):
                size = button.sizeHint()
                if x > left and x + size.width() > right:
                    x, top = left, top + size.height() + self.theme.px(6)
                button.setGeometry(x, top, size.width(), size.height())
                x += size.width() + self.theme.px(6)
                height = size.height()
        size = self._more.sizeHint()
        if right - size.width() < x:
            top, right = top + height + self.theme.px(4), x + size.width()
        self._more.setGeometry(right - size.width(), top, size.width(), size.height())
        return top + max(height, size.height())

    def _paint_body(self, painter: QPainter) -> None:
        if self._box.isNull():
            return
        px, theme = self.theme.px, self.theme
        painter.setPen(theme.color("line" if self.problem.solved else "danger"))
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(self._box.adjusted(0.5, 0.5, -0.5, -0.5), px(8), px(8))
        if not self.problem.solved:
            side = px(16)
            place = QRect(round(self._box.left()) + px(PAD), round(self._box.top()) + px(11), side, side)
            painter.drawPixmap(place, theme.pixmap("error", "danger", 16))

    def paint_head(self, painter: QPainter, rect: QRect) -> None:
        px, theme = self.theme.px, self.theme
        side = px(14)
        painter.drawPixmap(0, (rect.height() - side) // 2, side, side, theme.pixmap("error", "muted", 14))
        words = self.problem.message
        if self.row.run_id:
            words += " · " + self.tr("run {0}").format(short(self.row.run_id))
        place = QRect(px(21), 0, rect.width() - px(42), rect.height())
        draw_text(painter, place, words, theme.font("label"), theme.color("muted"))
        chevron = theme.pixmap("chevron-up" if self.opened else "chevron-down", "muted", 14)
        painter.drawPixmap(rect.right() - side, (rect.height() - side) // 2, side, side, chevron)
