"""Fetches the images of messages, and shows one large when it is clicked."""

import base64
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from app.domain.error import AppError
from app.ui.bridge.tasks import Tasks
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.link.client import Services
    from app.ui.chat.view import ChatView


class ChatPictures(QObject):
    def __init__(self, view: "ChatView", services: "Services", tasks: Tasks) -> None:
        super().__init__(view)
        self._view, self._services, self._tasks = view, services, tasks
        self._store = view.context.pictures
        self._store.wanted.connect(lambda sha256: tasks.spawn(self._fetch(sha256), self))
        view.context.signals.picture.connect(self._show)

    async def _fetch(self, sha256: str) -> None:
        try:
            encoded = await self._services.blobs.get(sha256)
        except AppError:
            # The placeholder stays; the message itself is not in danger.
            return
        self._store.put(sha256, QPixmap.fromImage(QImage.fromData(base64.b64decode(encoded))))

    def _show(self, sha256: str) -> None:
        pixmap = self._store.get(sha256)
        if pixmap is not None:
            Lightbox(self._view.context.theme, pixmap, self._view.window()).open_over()


class Lightbox(QWidget):
    """One image over the whole window; any key or click closes it."""

    def __init__(self, theme: Theme, pixmap: QPixmap, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._pixmap = theme, pixmap
        self._before = window.focusWidget()
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
