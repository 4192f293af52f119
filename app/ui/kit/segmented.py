"""A row of choices of which exactly one holds."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from app.ui.kit.buttons import GAP, STYLE_GAP
from app.ui.kit.tooltip import set_tip
from app.ui.theme import Theme

BESIDE, ICONS = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}


class Segment(QToolButton):
    def __init__(self, row: "Segmented") -> None:
        super().__init__(row)
        self._row = row

    def sizeHint(self) -> QSize:
        """Beside an icon Qt adds two spaces to the text, at its end only."""
        hint = super().sizeHint()
        if not self.icon().isNull() and self.toolButtonStyle() == BESIDE:
            hint.setWidth(hint.width() - self.fontMetrics().horizontalAdvance("  "))
        return hint

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self._row.move_by(step if self.isLeftToRight() else -step)


class Segmented(QFrame):
    """`choices` are (key, label) or (key, label, icon). `chosen` is emitted when a person picks another one.

    `folds`: with too little room, icons alone are left, and their labels are tooltips.
    """

    chosen = Signal(str)

    def __init__(
        self,
        theme: Theme,
        choices: Sequence[tuple[str, ...]],
        current: str = "",
        name: str = "",
        parent: QWidget | None = None,
        *,
        folds: bool = False,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._folds = folds
        self._whole = self._least = 0
        self._buttons: dict[str, Segment] = {}
        self._icons: dict[str, str] = {}
        self.setProperty("kind", "segmented")
        self.setAccessibleName(name or self.tr("Choice"))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        for key, label, *icon in choices:
            button = Segment(self)
            button.setText(label)
            button.setAccessibleName(label)
            button.setCheckable(True)
            button.setProperty("role", "segment")
            self._icons[key] = icon[0] if icon else ""
            button.setProperty("key", key)
            self._group.addButton(button)
            row.addWidget(button)
            self._buttons[key] = button
        self._group.buttonClicked.connect(self._clicked)
        self._current = ""
        self.set_current(current or next(iter(self._buttons)))
        self._restyle()
        theme.changed.connect(self._restyle)

    @property
    def current(self) -> str:
        return self._current

    def set_current(self, key: str) -> None:
        """Without a signal: for what the program knows already."""
        self._current = key
        self._buttons[key].setChecked(True)
        for other, button in self._buttons.items():
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus if other == key else Qt.FocusPolicy.ClickFocus)

    def set_label(self, key: str, label: str) -> None:
        self._buttons[key].setText(label)
        self._buttons[key].setAccessibleName(label)
        self._measure()

    def set_choice_enabled(self, key: str, enabled: bool, reason: str = "") -> None:
        self._buttons[key].setEnabled(enabled)
        set_tip(self._buttons[key], "" if enabled else reason)

    def button(self, key: str) -> QToolButton:
        return self._buttons[key]

    def beside(self, step: int) -> str | None:
        """The choice so many places to the right of the current one; None: there is none."""
        keys = [key for key, button in self._buttons.items() if button.isEnabled()]
        at = keys.index(self._current) + step if self._current in keys else -1
        return keys[at] if 0 <= at < len(keys) else None

    def move_by(self, step: int) -> None:
        key = self.beside(step)
        if key is not None:
            self._choose(key)
            self._buttons[key].setFocus(Qt.FocusReason.TabFocusReason)

    def _clicked(self, button: QAbstractButton) -> None:
        self._choose(str(button.property("key")))

    def _choose(self, key: str) -> None:
        if key != self._current:
            self.set_current(key)
            self.chosen.emit(key)

    # Folding

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(self._whole, hint.height()) if self._folds else hint

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(self._least, hint.height()) if self._folds else hint

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _measure(self) -> None:
        """How wide it is with all labels and with none: not asked of the buttons each time, which would lay it out."""
        if self._folds:
            self._whole, self._least = self._width_of(BESIDE), self._width_of(ICONS)
            self.updateGeometry()
            self._fold()

    def _width_of(self, style: Qt.ToolButtonStyle) -> int:
        for button in self._buttons.values():
            button.setToolButtonStyle(style)
        # The frame has a line at both sides, and so has the chosen one, whichever that is later.
        return 4 * self._theme.px(1) + sum(button.sizeHint().width() for button in self._buttons.values())

    def _fold(self) -> None:
        if self._folds:
            folded = self.width() < self._whole
            for button in self._buttons.values():
                button.setToolButtonStyle(ICONS if folded else BESIDE)
                set_tip(button, button.text() if folded else "")

    def _restyle(self) -> None:
        side = self._theme.px(14)
        gap = max(0, self._theme.px(GAP) - STYLE_GAP)
        for key, button in self._buttons.items():
            button.setFont(self._theme.font("label", 500))
            if icon := self._icons[key]:
                ahead = gap if self.isLeftToRight() else -gap
                button.setIcon(self._theme.icon(icon, "text2", 14, on="text", gap=ahead))
                button.setIconSize(QSize(side + gap, side))
                button.setToolButtonStyle(BESIDE)
        self._measure()
