"""Images of messages: fetched once, shown small in their message, and large over the window when clicked."""

import asyncio
import base64
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.domain.error import AppError
from app.domain.message import ImagePart
from app.ui.bridge.tasks import Tasks
from app.ui.kit.focus_order import focused_inside
from app.ui.kit.tooltip import set_tip
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.link.client import Services

SIDE = 132
GAP = 8


class Images(QObject):
    """Images of messages by hash. Asks for those it does not have."""

    wanted = Signal(str)
    ready = Signal(str)
    opened = Signal(str)
    """A person wants to see this one large."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._found: dict[str, QPixmap] = {}
        self._asked: set[str] = set()

    def get(self, sha256: str) -> QPixmap | None:
        found = self._found.get(sha256)
        if found is None and sha256 not in self._asked:
            self._asked.add(sha256)
            self.wanted.emit(sha256)
        return found

    def put(self, sha256: str, pixmap: QPixmap) -> None:
        self._found[sha256] = pixmap
        self.ready.emit(sha256)


class ImageLoader(QObject):
    """Fetches the images that cards ask for; opens one large over the window of `view`."""

    def __init__(self, images: Images, services: "Services", tasks: Tasks, view: QWidget, theme: Theme) -> None:
        super().__init__(view)
        self._images, self._services, self._tasks = images, services, tasks
        self._view, self._theme = view, theme
        images.wanted.connect(self._fetch_soon)
        images.opened.connect(self._show)

    def _fetch_soon(self, sha256: str) -> None:
        self._tasks.spawn(self._fetch(sha256), self)

    async def _fetch(self, sha256: str) -> None:
        try:
            encoded = await self._services.blobs.get(sha256)
        except AppError:
            # The placeholder stays; the message itself is not in danger.
            return
        image = await asyncio.to_thread(lambda: QImage.fromData(base64.b64decode(encoded)))
        self._images.put(sha256, QPixmap.fromImage(image))

    def _show(self, sha256: str) -> None:
        pixmap = self._images.get(sha256)
        if pixmap is not None:
            Lightbox(self._theme, pixmap, self._view.window()).open_over()


class Thumbnail(QAbstractButton):
    def __init__(self, theme: Theme, images: Images, image: ImagePart, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._images = theme, images
        self._sha256 = image.sha256
        size = self.tr(", {0} by {1}").format(image.width, image.height) if image.width else ""
        self.setAccessibleName(self.tr("Show image") + size)
        set_tip(self, self.tr("Show image") + size)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda: images.opened.emit(self._sha256))
        images.ready.connect(self._ready)

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
        found = self._images.get(self._sha256)
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


class ThumbnailRow:
    """The images of one card, in rows from the left."""

    def __init__(self, theme: Theme, images: Images, card: QWidget) -> None:
        self._theme, self._images, self._card = theme, images, card
        self._shown: tuple[ImagePart, ...] = ()
        self._thumbnails: list[Thumbnail] = []

    def fill(self, images: tuple[ImagePart, ...]) -> None:
        if images == self._shown:
            return
        self._shown = images
        for thumbnail in self._thumbnails:
            thumbnail.hide()
            thumbnail.deleteLater()
        self._thumbnails = [Thumbnail(self._theme, self._images, image, self._card) for image in images]

    def set_visible(self, visible: bool) -> None:
        for thumbnail in self._thumbnails:
            thumbnail.setVisible(visible)

    def natural_width(self, most: int) -> int:
        px = self._theme.px
        return min(most, len(self._thumbnails) * px(SIDE + GAP) - px(GAP)) if self._thumbnails else 0

    def lay_out(self, left: int, top: int, width: int) -> int:
        """Places the images from here on; returns the y below them."""
        px = self._theme.px
        x, side, gap = left, px(SIDE), px(GAP)
        for thumbnail in self._thumbnails:
            if x > left and x + side > left + width:
                x, top = left, top + side + gap
            thumbnail.setGeometry(x, top, side, side)
            thumbnail.show()
            x += side + gap
        return top + side + gap if self._thumbnails else top


class Lightbox(QWidget):
    """One image over the whole window; any key or click closes it."""

    def __init__(self, theme: Theme, pixmap: QPixmap, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._pixmap = theme, pixmap
        self._before = focused_inside(window)
        self._over = window
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Image, {0} by {1}").format(pixmap.width(), pixmap.height()))

    def open_over(self) -> None:
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def _leave(self) -> None:
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()
        self._leave()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self._leave()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("window"))
        room = self.rect().adjusted(24, 24, -24, -24)
        size = self._pixmap.size()
        if size.width() > room.width() or size.height() > room.height():
            size.scale(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = room
        place.setSize(size)
        place.moveCenter(self.rect().center())
        painter.drawPixmap(place, self._pixmap)
