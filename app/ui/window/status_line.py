"""The line below everything: what the agent does, its model, speed, how full its context is, saved, engine."""

from PySide6.QtWidgets import QFrame, QWidget

from app.domain.context import ContextOverview
from app.domain.event import Progress
from app.domain.run import Step
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, follow, hairline, row_of
from app.ui.kit.usage_bar import UsageBar
from app.ui.theme import Theme

NARROW = 760
"""Below this width, at 100 %, only the first three parts are shown."""


class StatusLine(QFrame):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("kind", "window")
        self.setAccessibleName(self.tr("Status line"))
        self._name = ""
        self._doing_icon = Icon(theme, "check", "muted", 14)
        self._doing = ElidedLabel(theme, "", "label", "muted")
        self._model_icon = Icon(theme, "model", "text2", 14)
        self._model = ElidedLabel(theme, "", "label", "text2")
        self._speed = Label(theme, "", "label", "text2")
        self._share = Label(theme, "", "label", "text2")
        self._bar = UsageBar(theme, self.tr("Context used"))
        self._saved_icon = Icon(theme, "check", "muted", 14)
        self._saved = Label(theme, self.tr("Saved"), "label", "muted")
        self._engine = Label(theme, self.tr("Engine starting"), "label", "muted")
        self._known_speed = False
        self._engine_state = "starting"
        self._shown = "", ""
        self._progress: Progress | None = None
        self._waiting: dict[str, int] = {}
        """Calls that wait for an answer, by the id of their agent."""
        self._parts: list[tuple[QWidget, tuple[QWidget, ...]]] = []
        self._row = row_of(theme, parent=self, inset=(14, 0, 14, 0), gap=8)
        self._part(self._doing_icon, self._doing)
        self._part(self._model_icon, self._model)
        self._part(self._share, self._bar)
        self._part(self._speed)
        self._row.addStretch(1)
        self._row.addWidget(self._saved_icon)
        self._row.addWidget(self._saved)
        self._row.addWidget(self._upright())
        self._row.addWidget(self._engine)
        for widget in (self._saved, self._saved_icon):
            widget.hide()
        follow(theme, self, self._restyle)
        self.show_agent("", "", "")

    def _upright(self) -> QWidget:
        line = hairline(vertical=True)
        follow(self._theme, line, lambda: line.setFixedHeight(self._theme.px(12)))
        return line

    def _part(self, *widgets: QWidget) -> None:
        line = self._upright()
        if self._parts:
            self._row.addWidget(line)
        else:
            line.setParent(self)
            line.hide()
        for widget in widgets:
            self._row.addWidget(widget)
        self._parts.append((line, widgets))

    def _show_part(self, number: int, shown: bool) -> None:
        line, widgets = self._parts[number]
        line.setVisible(shown and number > 0)
        for widget in widgets:
            widget.setVisible(shown)

    def show_agent(self, agent_id: str, name: str, model: str) -> None:
        """What is known of an agent stays while it is renamed or set otherwise; of another one nothing is known yet."""
        other = (agent_id, model) != self._shown
        self._shown = agent_id, model
        self._name = name
        self._model.set_text(model)
        self._show_part(1, bool(model))
        if other:
            self._show_part(2, False)
            self._known_speed = False
            self._show_speed()
        self.show_working(None if other else self._progress)

    def show_working(self, progress: Progress | None) -> None:
        self._progress = progress
        if not self._name or self._engine_state != "connected":
            self._show_part(0, False)
            return
        self._show_part(0, True)
        if progress is None and self._waiting.get(self._shown[0]):
            self._doing_icon.show_icon("lock", "warn")
            self._doing.set_text(self.tr("{} waits for you").format(self._name))
            self._doing.set_kind("warn")
        elif progress is None:
            self._doing_icon.show_icon("check", "ok")
            self._doing.set_text(self.tr("{} is idle").format(self._name))
            self._doing.set_kind("ok")
        else:
            waits = progress.phase == "waiting"
            self._doing_icon.show_icon("clock" if waits else "flame", "text2" if waits else "accent")
            text = progress.text or self.tr("{} is replying").format(self._name)
            self._doing.set_text(text)
            self._doing.set_kind("text2" if waits else "accent")

    def show_waiting(self, agent_id: str, number: int) -> None:
        """How many calls of an agent wait for an answer."""
        self._waiting[agent_id] = number
        self.show_working(self._progress)

    def show_step(self, step: Step) -> None:
        """Speed of the last reply, as the server's own count says."""
        tokens, start, end = step.usage.completion_tokens, step.first_token_at, step.completed_at
        self._known_speed = bool(tokens and start and end and end > start)
        if self._known_speed and start and end:
            self._speed.setText(self.tr("{:.1f} tokens/s").format(tokens * 1_000_000 / (end - start)))
        self._show_speed()

    def _show_speed(self) -> None:
        self._show_part(3, self._known_speed and self.width() >= self._theme.px(NARROW))

    def show_overview(self, overview: ContextOverview) -> None:
        share = round(100 * overview.used / max(1, overview.window))
        cut = overview.alarm is not None
        self._share.setText(self.tr("Last request was cut") if cut else self.tr("Context {} %").format(share))
        self._share.set_kind("danger" if cut else "warn" if share >= 90 else "text2")
        self._bar.set_usage(overview.used, overview.window, "part_memory")
        self._show_part(2, True)

    def show_engine(self, state: str) -> None:
        words = {
            "starting": self.tr("Engine starting"),
            "connected": self.tr("Engine running"),
            "again": self.tr("Engine restarting"),
            "failed": self.tr("Engine stopped"),
            "closing": self.tr("Closing"),
        }
        self._engine_state = state
        if state == "failed":
            # Nothing is known of what needs an engine.
            for number in range(1, len(self._parts)):
                self._show_part(number, False)
        self.show_working(self._progress)
        self._engine.setText(words[state])
        self._engine.set_kind("danger" if state == "failed" else "text2" if state == "connected" else "warn")
        for widget in (self._saved, self._saved_icon):
            widget.setVisible(state == "connected")

    def _restyle(self) -> None:
        self.setFixedHeight(self._theme.px(26))
        self._doing.setMaximumWidth(self._theme.px(280))
        self._model.setMaximumWidth(self._theme.px(280))
        self._bar.setFixedWidth(self._theme.px(46))
        self._show_speed()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._show_speed()
