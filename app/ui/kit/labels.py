"""Text labels in a type role and a colour, whole or shortened at the end."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.ui.kit.tooltip import set_tip
from app.ui.theme import Theme, set_prop


class Label(QLabel):
    """`role` is the type role, `kind` the colour: muted, caption, text2, ok, warn, danger, info, plum, teal, accent."""

    def __init__(
        self, theme: Theme, text: str = "", role: str = "base", kind: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self._role = role
        self._weight: int | None = None
        self.setTextFormat(Qt.TextFormat.PlainText)
        if kind:
            self.setProperty("kind", kind)
        self._scale = 0.0
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_kind(self, kind: str) -> None:
        set_prop(self, "kind", kind)

    def set_weight(self, weight: int) -> None:
        self._weight = weight
        self.setFont(self._theme.font(self._role, weight))

    def _restyle(self) -> None:
        if self._scale != self._theme.scale:
            self._scale = self._theme.scale
            self.setFont(self._theme.font(self._role, self._weight))


def breakable(text: str) -> str:
    """The text with places where a line may end: an address or a path has none of its own."""
    return "".join(f"{sign}\u200b" if sign in "/&?=%-_.," else sign for sign in text)


class ElidedLabel(Label):
    """One line that gives way: shortened at its end (paths in the middle), the whole text in the tooltip."""

    def __init__(
        self, theme: Theme, text: str = "", role: str = "base", kind: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, "", role, kind, parent)
        self._whole = ""
        self._mode = Qt.TextElideMode.ElideRight
        self._kept = 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    @property
    def whole_text(self) -> str:
        return self._whole

    def set_text(self, text: str) -> None:
        self._whole = " ".join(text.split("\n"))
        self.setAccessibleName(self._whole)
        self.updateGeometry()
        self._fit()

    def keep(self, width: int) -> None:
        """Of so much, at 100 %, nothing is cut: what stands beside it gives way first."""
        self._kept = width
        self.updateGeometry()

    def set_elide(self, mode: Qt.TextElideMode) -> None:
        self._mode = mode
        self._fit()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._whole) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        least = max(metrics.horizontalAdvance("mm…"), self._theme.px(self._kept))
        return QSize(min(metrics.horizontalAdvance(self._whole) + 2, least), metrics.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _restyle(self) -> None:
        super()._restyle()
        if hasattr(self, "_whole"):
            self._fit()

    def _fit(self) -> None:
        shown = QFontMetrics(self.font()).elidedText(self._whole, self._mode, max(0, self.width()))
        if shown != self.text():
            self.setText(shown)
        set_tip(self, self._whole if shown != self._whole else "")
