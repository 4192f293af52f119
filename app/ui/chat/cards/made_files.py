"""Files that a tool left, in its card: pictures are shown, and each can be saved."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from app.domain.image import SIGNATURES
from app.domain.message import ImagePart, ReturnedFile
from app.ui.chat.images import Images, ThumbnailRow
from app.ui.kit.buttons import Button
from app.ui.theme import Theme

NAME_LENGTH = 60
SIDE, GAP = 12, 4


class MadeFiles:
    def __init__(self, theme: Theme, images: Images, card: QWidget, save: Callable[[ReturnedFile], None]) -> None:
        self._theme, self._card, self._save = theme, card, save
        self._pictures = ThumbnailRow(theme, images, card)
        self._shown: tuple[ReturnedFile, ...] = ()
        self._buttons: list[Button] = []

    def fill(self, files: tuple[ReturnedFile, ...]) -> None:
        """What is shown from now on; nothing while the card is folded."""
        if files == self._shown:
            return
        self._shown = files
        pictures = (one for one in files if one.media_type in SIGNATURES)
        self._pictures.fill(tuple(ImagePart(sha256=one.sha256, media_type=one.media_type) for one in pictures))
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = [self._button(one) for one in files]

    def _button(self, file: ReturnedFile) -> Button:
        words = QCoreApplication.translate("MadeFiles", "Save {0}…")
        name = file.name if len(file.name) <= NAME_LENGTH else f"…{file.name[-NAME_LENGTH:]}"
        button = Button(self._theme, words.format(name).replace("&", "&&"), "ghost", "download", "small", self._card)
        button.setAccessibleName(words.format(file.name))
        button.clicked.connect(lambda _checked=False: self._save(file))
        button.show()
        return button

    def lay_out(self, left: int, top: int, width: int) -> int:
        """Places them from here on; returns the y below them."""
        if not self._shown:
            return top
        px = self._theme.px
        left, width, top = left + px(SIDE), width - 2 * px(SIDE), top + px(8)
        top = self._pictures.lay_out(left, top, width)
        x, height = left, 0
        for button in self._buttons:
            size = button.sizeHint()
            wide = min(size.width(), width)
            if x > left and x + wide > left + width:
                x, top = left, top + size.height() + px(GAP)
            button.setGeometry(x, top, wide, size.height())
            x, height = x + wide + px(GAP), size.height()
        return top + height + px(8)
