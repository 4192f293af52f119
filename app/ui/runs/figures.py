"""The figures of one step: how fast it was, what its server counted, what was cut."""

from PySide6.QtWidgets import QFrame, QWidget

from app.domain.run import Step
from app.ui.kit.flow import Flow
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, empty, follow
from app.ui.kit.wording import count
from app.ui.runs.words import took
from app.ui.theme import Theme


class Figures(QFrame):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Figures of the step"))
        self._row = Flow()
        column_of(theme, self._row, parent=self, inset=(14, 9, 14, 9))
        follow(theme, self, lambda: self._row.setSpacing(theme.px(24)))

    def clear(self) -> None:
        empty(self._row)
        self.hide()

    def show_step(self, step: Step) -> None:
        empty(self._row)
        for name, value, kind in self._of(step):
            words = Label(self._theme, value, "base", kind)
            words.set_weight(500)
            figure = QWidget()
            column_of(self._theme, Label(self._theme, name, "caption", "muted"), words, parent=figure, gap=2)
            self._row.addWidget(figure)
        self.show()

    def _of(self, step: Step) -> list[tuple[str, str, str]]:
        usage, first, end = step.usage, step.first_token_at, step.completed_at
        figures: list[tuple[str, str, str]] = []
        if first is not None:
            figures.append((self.tr("First token"), took(first - step.created_at), ""))
            read = usage.prompt_tokens - (usage.cached_tokens or 0)
            if read > 0 and first > step.created_at:
                figures.append((self.tr("Reading"), self._speed(read, first - step.created_at), ""))
            if end is not None and end > first and usage.completion_tokens > 1:
                figures.append((self.tr("Writing"), self._speed(usage.completion_tokens, end - first), ""))
        if usage.prompt_tokens:
            words = self.tr("{0} in, {1} out").format(count(usage.prompt_tokens), count(usage.completion_tokens))
            figures.append((self.tr("Server’s count"), words, ""))
        if usage.reasoning_tokens:
            figures.append((self.tr("Reasoning"), self.tr("{} tokens").format(count(usage.reasoning_tokens)), ""))
        if usage.prompt_tokens:
            words, kind = (self.tr("part of the request"), "danger") if step.truncated else (self.tr("nothing"), "ok")
            figures.append((self.tr("Cut by server"), words, kind))
        return figures

    def _speed(self, tokens: int, micros: int) -> str:
        return self.tr("{} tokens/s").format(f"{tokens * 1_000_000 / micros:,.1f}")
