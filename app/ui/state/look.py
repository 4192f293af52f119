"""The look that a person chose: set at once and kept for the next time."""

from PySide6.QtCore import QTimer

from app.ui.state.preferences import Preferences
from app.ui.theme import Theme
from app.ui.theme.theme import clamp_scale

SCALE_STEP = 0.1


STEPS_MS = 80
"""So long a step of size waits for the next one: dressing every widget anew takes far longer than a key press."""


class Look:
    def __init__(self, theme: Theme, preferences: Preferences) -> None:
        self._theme, self._preferences = theme, preferences
        self._wanted = theme.scale
        self._steps = QTimer(theme)
        self._steps.setSingleShot(True)
        self._steps.setInterval(STEPS_MS)
        self._steps.timeout.connect(lambda: self.set_scale(self._wanted))

    def set_mode(self, mode: str) -> None:
        """`light`, `dark` or `system`."""
        self._theme.set_mode(mode)
        self._preferences.set("theme", mode)

    def switch_mode(self) -> None:
        self.set_mode("light" if self._theme.dark else "dark")

    def set_scale(self, scale: float) -> None:
        """1.0 is 100 %; the theme keeps it within its limits."""
        self._theme.set_scale(scale)
        self._preferences.set("scale", self._theme.scale)

    def set_reading(self, factor: float) -> None:
        """Of the text of conversations alone; 1.0 is as large as the rest."""
        self._theme.set_reading(factor)
        self._preferences.set("reading", self._theme.reading)

    def enlarge(self) -> None:
        self._step(SCALE_STEP)

    def shrink(self) -> None:
        self._step(-SCALE_STEP)

    def _step(self, by: float) -> None:
        """Steps that follow each other fast become one."""
        self._wanted = clamp_scale((self._wanted if self._steps.isActive() else self._theme.scale) + by)
        self._steps.start()

    def reset_scale(self) -> None:
        self._steps.stop()
        self.set_scale(1.0)

    def set_reduced_motion(self, on: bool) -> None:
        self._theme.set_reduced_motion(on)
        self._preferences.set("reduced_motion", on)

    def set_high_contrast(self, on: bool) -> None:
        """Off means as the system has it."""
        self._theme.set_high_contrast(True if on else None)
        self._preferences.set("high_contrast", on)
