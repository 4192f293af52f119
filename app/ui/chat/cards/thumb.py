"""A small picture of an image in a message; a click or Enter shows it large."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from app.domain.message import ImagePart
from app.ui.chat.cards.card import Card

SIDE = 132
GAP = 8


class Thumb(QAbstractButton):
    def __init__(self, card: Card, image: ImagePart) -> None:
        super().__init__(card)
        self._card = card
        self._theme = card.theme
        self._sha256 = image.sha256
        size = self.tr(", {0} by {1}").format(image.width, image.height) if image.width else ""
        self.setAccessibleName(self.tr("Show image") + size)
        self.setToolTip(self.tr("Show image") + size)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda _checked=False: card.context.signals.picture.emit(self._sha256))
        card.context.pictures.ready.connect(self._ready)

    def _ready(self, sha256: str) -> None:
        if sha256 == self._sha256:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, radius = self._theme, self._theme.px(6)
        ringed = bool(self.property("ring"))
        painter.setPen(QPen(theme.color("focus" if ringed else "line"), theme.px(2) if ringed else 1))
        painter.setBrush(theme.color("sunken"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)
        found = self._card.context.pictures.get(self._sha256)
        if found is None or found.isNull():
            side = theme.px(26)
            place = QRect(0, 0, side, side)
            place.moveCenter(self.rect().center())
            painter.drawPixmap(place, theme.pixmap("image", "muted", 26))
            return
        room = self.rect().adjusted(3, 3, -3, -3)
        ratio = self.devicePixelRatioF()
        scaled = found.scaled(
            room.size() * ratio, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        place = QRect(0, 0, round(scaled.width() / ratio), round(scaled.height() / ratio))
        place.moveCenter(room.center())
        painter.drawPixmap(place, scaled)


class ThumbRow:
    """The images of one card, in rows from the left."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._images: tuple[ImagePart, ...] = ()
        self._thumbs: list[Thumb] = []

    def fill(self, images: tuple[ImagePart, ...]) -> None:
        if images == self._images:
            return
        self._images = images
        for thumb in self._thumbs:
            thumb.hide()
            thumb.deleteLater()
        self._thumbs = [Thumb(self._card, image) for image in images]

    def set_visible(self, visible: bool) -> None:
        for thumb in self._thumbs:
            thumb.setVisible(visible)

    def natural_width(self, most: int) -> int:
        px = self._card.theme.px
        return min(most, len(self._thumbs) * px(SIDE + GAP) - px(GAP)) if self._thumbs else 0

    def lay_out(self, left: int, top: int, width: int) -> int:
        """Places the images from here on; returns the y below them."""
        px = self._card.theme.px
        x, side, gap = left, px(SIDE), px(GAP)
        for thumb in self._thumbs:
            if x > left and x + side > left + width:
                x, top = left, top + side + gap
            thumb.setGeometry(x, top, side, side)
            thumb.show()
            x += side + gap
        return top + side + gap if self._thumbs else top
