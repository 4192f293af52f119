"""Movements of the interface: a value that glides to its goal, or jumps there when motion is reduced."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QAbstractAnimation, QEasingCurve, QObject, QVariantAnimation

FOLD_MS = 120
COLUMN_MS = 160
FADE_MS = 900
FADE_DELAY_MS = 4000
FLAME_MS = 500
"""Milliseconds: long enough to be seen, and too short to be waited for. A fade begins late, once it was read."""


class Calm(Protocol):
    reduced_motion: bool


class Motion(QObject):
    """One value in movement. `step` gets each value in between, `done` is called once at the goal."""

    def __init__(self, theme: Calm, parent: QObject, step: Callable[[float], None]) -> None:
        super().__init__(parent)
        self._theme = theme
        self._step = step
        self._done: Callable[[], None] | None = None
        self._animation = QVariantAnimation(self)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._moved)
        self._animation.finished.connect(self._arrived)
        self.value = 0.0

    @property
    def running(self) -> bool:
        return self._animation.state() == QAbstractAnimation.State.Running

    def jump(self, value: float) -> None:
        self._animation.stop()
        self._moved(value)

    def go(self, goal: float, milliseconds: int, done: Callable[[], None] | None = None) -> None:
        self._animation.stop()
        self._done = done
        if self._theme.reduced_motion or milliseconds <= 0 or goal == self.value:
            self._moved(goal)
            self._arrived()
            return
        self._animation.setStartValue(float(self.value))
        self._animation.setEndValue(float(goal))
        self._animation.setDuration(milliseconds)
        self._animation.start()

    def stop(self) -> None:
        self._animation.stop()

    def _moved(self, value: object) -> None:
        self.value = float(value)  # pyright: ignore[reportArgumentType]
        self._step(self.value)

    def _arrived(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()
