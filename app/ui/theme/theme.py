"""The look of the running window: mode, scale, contrast and motion, and what they make of colours, type and icons."""

import math
import os
from collections.abc import Iterator

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPixmap
from PySide6.QtWidgets import QApplication

from app.resources import read_resource
from app.ui.theme.dressing import Dressing, Hearers
from app.ui.theme.focus import FocusRing
from app.ui.theme.fonts import ROLES, build_font, load_fonts
from app.ui.theme.icon_files import IconFiles
from app.ui.theme.icons import IconCache
from app.ui.theme.palette import build_palette
from app.ui.theme.qss import fill
from app.ui.theme.tokens import DARK, LIGHT, Tokens, high_contrast

MODES = ("system", "light", "dark")
SCALE_MIN, SCALE_MAX = 0.8, 2.0
READING_MIN, READING_MAX = 0.8, 1.8
READ = ("conversation", "code")
"""Type roles of what is read and written in a conversation."""


class Theme(QObject):
    """Widgets take it as their first argument and draw themselves again on `changed`."""

    changing = Signal()
    """Before a change: what need not live through it may go, since each widget costs."""

    def __init__(
        self, app: QApplication, mode: str = "system", scale: float = 1.0, reduced_motion: bool = False
    ) -> None:
        super().__init__(app)
        self._app = app
        self._mode = mode if mode in MODES else "system"
        self._scale = clamp_scale(scale)
        self._contrast: bool | None = None
        self._reading = 1.0
        self._icons = IconCache()
        self._files = IconFiles()
        self._fonts: dict[tuple[str, int | None], QFont] = {}
        self._colors: dict[str, QColor] = {}
        self.reduced_motion = reduced_motion or motion_is_costly()
        self.patient = False
        """Whether a change may take some turns of the loop, in which the window keeps its old look."""
        self._dressing, self._hearers = Dressing(app), Hearers(self)
        load_fonts()
        # Without it a font set by a widget is lost or outdated as soon as the widget gets another parent.
        app.setAttribute(Qt.ApplicationAttribute.AA_UseStyleSheetPropagationInWidgetStyles)
        app.setStyle("Fusion")
        self._ring = FocusRing(app)
        self.tokens: Tokens = LIGHT
        self._tell_system()
        self.apply()
        app.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def changed(self) -> SignalInstance:
        """To connect with: tokens, scale or fonts are others."""
        return self._hearers.signal()

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def dark(self) -> bool:
        if self._mode == "system":
            return self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._mode == "dark"

    @property
    def scale(self) -> float:
        return self._scale

    @property
    def reading(self) -> float:
        """Size of the conversation's text beside everything else's."""
        return self._reading

    def set_reading(self, factor: float) -> None:
        if (wanted := round(max(READING_MIN, min(READING_MAX, factor)), 2)) != self._reading:
            self._reading = wanted
            self._fonts.clear()
            self.changing.emit()
            self._dressing.begin(self._hearers.tell(), patient=self.patient)

    def _factor(self, role: str) -> float:
        return self._reading if role in READ else 1.0

    @property
    def high_contrast(self) -> bool:
        return system_wants_contrast() if self._contrast is None else self._contrast

    def set_mode(self, mode: str) -> None:
        if mode in MODES and mode != self._mode:
            self._mode = mode
            self._tell_system()
            self.apply()

    def set_scale(self, scale: float) -> None:
        if (wanted := clamp_scale(scale)) != self._scale:
            self._scale = wanted
            self._fonts.clear()
            self.apply()

    def set_high_contrast(self, wanted: bool | None) -> None:
        """None follows the system."""
        self._contrast = wanted
        self.apply()

    def set_reduced_motion(self, wanted: bool) -> None:
        if wanted != self.reduced_motion:
            self.reduced_motion = wanted
            self._dressing.begin(self._hearers.tell(), patient=self.patient)

    def apply(self) -> None:
        """Palette, font and stylesheet, each once; then every widget hears of it."""
        tokens = DARK if self.dark else LIGHT
        self.tokens = high_contrast(tokens) if self.high_contrast else tokens
        self._colors.clear()
        self.changing.emit()
        steps = self._dressing.change(self._set_palette_and_fonts(), self._sheet, self._hearers.tell)
        self._dressing.begin(steps, patient=self.patient)

    def _set_palette_and_fonts(self) -> Iterator[None]:
        self._app.setPalette(build_palette(self.tokens))
        yield
        if self._app.font() != self.font("base"):
            self._app.setFont(self.font("base"))
            yield
            self._app.setFont(self.font("base", 500), "QPushButton")  # pyright: ignore[reportArgumentType]
            yield

    def _sheet(self) -> str:
        return fill(read_resource("theme.qss"), self.tokens, self.px, self._files.url)

    def px(self, n: float) -> int:
        """A length at 100 % in the pixels of this scale; a line never vanishes."""
        scaled = math.floor(abs(n) * self._scale + 0.5)
        return int(math.copysign(max(1, scaled), n)) if n else 0

    def color(self, token: str) -> QColor:
        found = self._colors.get(token)
        if found is None:
            found = self._colors[token] = QColor(self.tokens.color(token))
        return QColor(found)

    def font(self, role: str, weight: int | None = None) -> QFont:
        key = (role, weight)
        found = self._fonts.get(key)
        if found is None:
            found = self._fonts[key] = build_font(ROLES[role], self.px(ROLES[role].size * self._factor(role)), weight)
        return QFont(found)

    def line_height(self, role: str) -> int:
        return self.px(ROLES[role].line * self._factor(role))

    def icon(self, name: str, token: str = "text2", size: int = 16, on: str = "", gap: int = 0) -> QIcon:
        """`on` is the colour while checked; the disabled look comes along. `gap`: pixels left free behind it."""
        pixels, disabled = self.px(size), self.color("disabled")
        return self._icons.icon(name, self.color(token), self.color(on or token), disabled, pixels, gap)

    def pixmap(self, name: str, token: str = "text2", size: int = 16, ratio: float | None = None) -> QPixmap:
        return self._icons.pixmap(name, self.color(token), self.px(size), ratio or self._ratio())

    def mark(self, size: int, ratio: float | None = None) -> QPixmap:
        """The Lares mark."""
        return self._icons.mark(self.tokens, self.px(size), ratio or self._ratio())

    def _tell_system(self) -> None:
        """Title bars and the system's own dialogs follow the choice."""
        wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(self._mode, Qt.ColorScheme.Unknown)
        self._app.styleHints().setColorScheme(wanted)

    def _ratio(self) -> float:
        return self._app.devicePixelRatio()

    def _system_changed(self) -> None:
        if self._mode == "system":
            self.apply()


def clamp_scale(scale: float) -> float:
    """The nearest size of text that can be chosen."""
    return round(max(SCALE_MIN, min(SCALE_MAX, scale)), 2)


def system_wants_contrast() -> bool:
    hints = QGuiApplication.styleHints()
    if not hasattr(hints, "accessibility"):
        return False
    return hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast


def motion_is_costly() -> bool:
    """Over a remote desktop every frame travels."""
    return any(os.environ.get(name) for name in ("SSH_CONNECTION", "XRDP_SESSION")) or os.environ.get(
        "SESSIONNAME", ""
    ).startswith("RDP")
