"""A link in a message: opened in the browser only after a person saw where it leads."""

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from app.ui.kit.banner import Banner
from app.ui.kit.copying import copy_text
from app.ui.kit.markdown_parse import is_openable
from app.ui.theme import Theme

KEY = "link"


class LinkQuestion(QObject):
    def __init__(self, theme: Theme, banner: Banner) -> None:
        super().__init__(banner)
        self._theme, self._banner = theme, banner

    def ask(self, target: str) -> None:
        """Shows the address in the banner, with the buttons that copy or open it."""
        if not is_openable(target):
            return

        def go() -> None:
            self._banner.clear(KEY)
            QDesktopServices.openUrl(QUrl(target))

        def copy() -> None:
            self._banner.clear(KEY)
            copy_text(self._theme, target, self._banner.window())

        actions = ((self.tr("Copy address"), copy), (self.tr("Open"), go))
        self._banner.show_message(KEY, self.tr("Open this address in your browser?"), "info", target, actions)
