"""An image on its way into a message: what may be attached, and its chip in the composer."""

import hashlib
from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from app.domain.image import IMAGE_BYTES_MAX
from app.ui.kit.buttons import IconButton
from app.ui.kit.labels import ElidedLabel
from app.ui.theme import Theme

CHIP_TEXT = 160
THUMB = 24
PIXELS_AT_ONCE, BYTES_AT_ONCE = 40_000, 60_000
"""A larger picture takes more than ten milliseconds to read or to compress."""
_KINDS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
SUFFIXES = ("png", "jpg", "jpeg", "webp", "gif")


@dataclass(frozen=True)
class Attachment:
    name: str
    media_type: str
    content: bytes
    image: QImage
    """Small enough to look at."""
    width: int
    height: int

    @property
    def pixmap(self) -> QPixmap:
        return QPixmap.fromImage(self.image)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Refusal:
    """Why a file cannot be attached: a code, and what to fill into its sentence."""

    code: str
    name: str
    megabytes: float = 0.0


def kind_of(content: bytes) -> str:
    """Media type by the first bytes; empty for what cannot be attached."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS.items() if content.startswith(start)), "")


def refused_size(name: str, size: int) -> Refusal | None:
    """Why a file of so many bytes cannot be attached; None if it can."""
    return Refusal("too_large", name, size / 1024 / 1024) if size > IMAGE_BYTES_MAX else None


def read_image(name: str, content: bytes) -> Attachment | Refusal:
    """Looks at the bytes, not at the name. May run in any thread."""
    if refusal := refused_size(name, len(content)):
        return refusal
    kind = kind_of(content)
    if not kind:
        return Refusal("no_image", name)
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > 512:
        reader.setScaledSize(size.scaled(QSize(512, 512), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        return Refusal("damaged", name)
    whole = size if size.isValid() else image.size()
    return Attachment(name, kind, content, image, whole.width(), whole.height())


def read_source(name: str, source: bytes | QImage) -> Attachment | Refusal:
    """A picture as it was pasted, or the bytes of a file. May run in any thread."""
    return read_image(name, png_of(source) if isinstance(source, QImage) else source)


def takes_long(source: bytes | QImage) -> bool:
    """Whether reading it would stall the window."""
    if isinstance(source, QImage):
        return source.width() * source.height() > PIXELS_AT_ONCE
    return len(source) > BYTES_AT_ONCE


def png_of(image: QImage) -> bytes:
    """A pasted picture as PNG bytes."""
    found = QByteArray()
    buffer = QBuffer(found)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(found.data())


class AttachmentChip(QFrame):
    removed = Signal()

    def __init__(self, theme: Theme, attachment: Attachment, parent: QWidget) -> None:
        super().__init__(parent)
        self.attachment = attachment
        self.setProperty("kind", "chip")
        px = theme.px
        row = QHBoxLayout(self)
        row.setContentsMargins(px(3), px(2), px(2), px(2))
        row.setSpacing(px(6))
        picture = QLabel(self)
        picture.setPixmap(_thumb(attachment.pixmap, px(THUMB), self.devicePixelRatioF()))
        picture.setFixedSize(px(THUMB), px(THUMB))
        row.addWidget(picture)
        name = ElidedLabel(theme, attachment.name, "label", parent=self)
        name.setMaximumWidth(px(CHIP_TEXT))
        row.addWidget(name)
        close = IconButton(theme, "close", self.tr("Remove {0}").format(attachment.name), size=12, box=24, parent=self)
        close.clicked.connect(lambda _checked=False: self.removed.emit())
        row.addWidget(close)


def _thumb(pixmap: QPixmap, side: int, ratio: float) -> QPixmap:
    """A square cut out of the middle."""
    pixels = round(side * ratio)
    mode, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    scaled = pixmap.scaled(pixels, pixels, mode, smooth)
    square = QPixmap(pixels, pixels)
    square.fill(Qt.GlobalColor.transparent)
    painter = QPainter(square)
    painter.drawPixmap((pixels - scaled.width()) // 2, (pixels - scaled.height()) // 2, scaled)
    painter.end()
    square.setDevicePixelRatio(ratio)
    return square
