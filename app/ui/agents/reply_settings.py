"""Temperature, output limit, reasoning, most steps, memory helper and reading ahead of an agent.

"Server's default" where nothing is asked for.
"""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from app.domain.agent import Agent, ModelSettings
from app.ui.kit.field import Field
from app.ui.kit.layout import Choice, column_of
from app.ui.kit.number_field import DecimalField, NumberField
from app.ui.theme import Theme

PROPOSALS = ("auto", "on", "off")
REASONING = ("auto", "off", "low", "medium", "high")


class ReplySettings(QWidget):
    changed = Signal(object, int)
    """ModelSettings and the most steps of a run."""
    chosen = Signal()
    """Something was taken from a list."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._silent = False
        self._settings = ModelSettings()
        """Those of the shown agent, some of which are not set here."""
        self._default = QCheckBox(self.tr("Server's default"))
        self._default.setAccessibleName(self.tr("Use the server's default temperature"))
        self._temperature = DecimalField(theme)
        self._temperature.setRange(0, 2)
        self._temperature.setSingleStep(0.1)
        self._temperature.setDecimals(2)
        self._output = NumberField(theme)
        self._output.setRange(16, 131_072)
        self._output.setSingleStep(256)
        self._reasoning = Choice(self.tr("Reasoning"))
        names = (
            self.tr("The model’s default"),
            self.tr("Off"),
            self.tr("Low"),
            self.tr("Medium"),
            self.tr("High"),
        )
        for name, key in zip(names, REASONING, strict=True):
            self._reasoning.addItem(name, key)
        self._proposals = Choice(self.tr("Memory helper"))
        switch = (self.tr("For models that need it"), self.tr("On"), self.tr("Off"))
        for name, key in zip(switch, PROPOSALS, strict=True):
            self._proposals.addItem(name, key)
        self._warm = QCheckBox(self.tr("On local servers"))
        ahead = self.tr(
            "After a run that changed memory the server reads the changed prompt while you read the reply, so that "
            "your next message is answered sooner. Servers elsewhere, and those with a key, never do."
        )
        self._proposing = Field(theme, self.tr("Memory helper"), self._proposals)
        self._steps = NumberField(theme)
        self._steps.setRange(1, 500)
        temperature = Field(theme, self.tr("Temperature"), self._temperature)
        column_of(
            theme,
            column_of(theme, temperature, self._default, gap=4),
            Field(theme, self.tr("Output limit in tokens"), self._output, self.tr("Kept free for the reply")),
            Field(theme, self.tr("Reasoning"), self._reasoning),
            Field(theme, self.tr("Step limit"), self._steps),
            self._proposing,
            Field(theme, self.tr("Reading ahead"), self._warm, ahead),
            parent=self,
            gap=10,
        )
        self._default.toggled.connect(self._default_toggled)
        self._warm.toggled.connect(self._emit)
        for spin in (self._temperature, self._output, self._steps):
            spin.editingFinished.connect(self._emit)
        for choice in (self._reasoning, self._proposals):
            choice.activated.connect(lambda: self._emit())
            choice.chosen.connect(self.chosen)

    def show_agent(self, agent: Agent) -> None:
        self._silent = True
        settings = self._settings = agent.settings
        self._default.setChecked(settings.temperature is None)
        self._temperature.setEnabled(settings.temperature is not None)
        if not self._temperature.hasFocus():
            self._temperature.setValue(0.7 if settings.temperature is None else settings.temperature)
        if not self._output.hasFocus():
            self._output.setValue(settings.max_output_tokens)
        if not self._steps.hasFocus():
            self._steps.setValue(agent.max_steps)
        self._reasoning.setCurrentIndex(REASONING.index(settings.reasoning))
        self._proposals.setCurrentIndex(PROPOSALS.index(settings.memory_proposals))
        self._warm.setChecked(settings.warm_cache)
        self._show_proposing(agent.model.startswith("demo/"))
        self._silent = False

    def _show_proposing(self, demo: bool) -> None:
        self._proposals.setEnabled(not demo)
        self._proposing.set_hint(
            self.tr(
                "Nothing to do here: the scripted demo changes its memory by itself. With any other model it works."
            )
            if demo
            else self.tr(
                "Proposes edits of memory after a reply, for you to accept. Needed by models that the fit test found "
                "too weak to make them."
            )
        )

    def _default_toggled(self, default: bool) -> None:
        self._temperature.setEnabled(not default)
        self._emit()

    def _emit(self) -> None:
        if self._silent:
            return
        settings = self._settings.model_copy(
            update={
                "temperature": None if self._default.isChecked() else round(self._temperature.value(), 2),
                "max_output_tokens": self._output.value(),
                "reasoning": REASONING[self._reasoning.currentIndex()],
                "warm_cache": self._warm.isChecked(),
                "memory_proposals": PROPOSALS[self._proposals.currentIndex()],
            }
        )
        self.changed.emit(settings, self._steps.value())
