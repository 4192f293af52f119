"""The figures of one step: how fast it was, what its server counted, what was cut."""

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLayout, QWidget

from app.domain.run import Step
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow
from app.ui.kit.wording import count
from app.ui.runs.words import took
from app.ui.theme import Theme


class Figure(QWidget):
    """A number with its name; not there while it has no value. Made once: rows of them only change their words."""

    def __init__(self, theme: Theme, name: str, *, name_first: bool = True) -> None:
        super().__init__()
        self._value = Label(theme, "", "base")
        self._value.set_weight(500 if name_first else 600)
        words = Label(theme, name, "caption", "muted"), self._value
        column_of(theme, *(words if name_first else words[::-1]), parent=self, gap=2 if name_first else 0)
        self.hide()

    def show_value(self, value: str, kind: str = "") -> None:
        self._value.setText(value)
        self._value.set_kind(kind)
        self.setVisible(bool(value))


class FigureRow(QWidget):
    """Figures side by side, as many in a row as have room. Qt's own grid: its items are never held from Python."""

    def __init__(self, theme: Theme, figures: Sequence[Figure], least: int) -> None:
        """`least`: width of one, at 100 %."""
        super().__init__()
        self._theme, self._figures, self._least = theme, figures, least
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        for figure in figures:
            figure.setParent(self)
        follow(theme, self, self._restyle)

    def minimumSizeHint(self) -> QSize:
        """As narrow as one of them."""
        return QSize(self._theme.px(self._least), super().minimumSizeHint().height())

    def arrange(self) -> None:
        """After some of them came or went."""
        self._columns = 0
        self._place()

    def _restyle(self) -> None:
        self._grid.setHorizontalSpacing(self._theme.px(20))
        self._grid.setVerticalSpacing(self._theme.px(6))
        self.arrange()

    def _place(self) -> None:
        columns = max(1, self.width() // self._theme.px(self._least + 20))
        if columns == self._columns:
            return
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        self._columns = columns
        shown = [figure for figure in self._figures if not figure.isHidden()]
        for at, figure in enumerate(shown):
            self._grid.addWidget(figure, at // columns, at % columns)
        self._grid.setColumnStretch(min(columns, max(1, len(shown))), 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()


class Figures(QFrame):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Figures of the step"))
        self._first = Figure(theme, self.tr("First token"))
        self._reading = Figure(theme, self.tr("Reading"))
        self._writing = Figure(theme, self.tr("Writing"))
        self._counted = Figure(theme, self.tr("Server’s count"))
        self._thought = Figure(theme, self.tr("Reasoning"))
        self._cut = Figure(theme, self.tr("Cut by server"))
        figures = (self._first, self._reading, self._writing, self._counted, self._thought, self._cut)
        self._row = FigureRow(theme, figures, 100)
        column_of(theme, self._row, parent=self, inset=(14, 9, 14, 9))

    def clear(self) -> None:
        self.hide()

    def show_step(self, step: Step) -> None:
        usage, first, end = step.usage, step.first_token_at, step.completed_at
        read = usage.prompt_tokens - (usage.cached_tokens or 0)
        self._first.show_value("" if first is None else took(first - step.created_at))
        self._reading.show_value("" if first is None else self._speed(read, first - step.created_at))
        spoke = first is not None and end is not None and usage.completion_tokens > 1
        self._writing.show_value(self._speed(usage.completion_tokens, (end or 0) - (first or 0)) if spoke else "")
        words = self.tr("{0} in, {1} out").format(count(usage.prompt_tokens), count(usage.completion_tokens))
        self._counted.show_value(words if usage.prompt_tokens else "")
        thought = usage.reasoning_tokens
        self._thought.show_value(self.tr("{} tokens").format(count(thought)) if thought else "")
        if step.truncated:
            self._cut.show_value(self.tr("part of the request"), "danger")
        else:
            self._cut.show_value(self.tr("nothing") if usage.prompt_tokens else "", "ok")
        self._row.arrange()
        self.show()

    def _speed(self, tokens: int, micros: int) -> str:
        if tokens <= 0 or micros <= 0:
            return ""
        return self.tr("{} tokens/s").format(f"{tokens * 1_000_000 / micros:,.1f}")
