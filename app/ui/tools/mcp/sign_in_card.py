"""What a server wants before it answers: that the person signs in, at an address that they see before it opens."""

from urllib.parse import urlsplit

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QWidget

from app.domain.mcp import McpView
from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label, breakable
from app.ui.kit.layout import column_of, row_of
from app.ui.theme import Theme, set_prop


class SignInCard(QFrame):
    """Hidden where nobody has to sign in."""

    sign_in_wanted, cancel_wanted = Signal(), Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.address = ""
        self.setProperty("kind", "banner")
        set_prop(self, "tone", "warn")
        self.words, self.where = Label(theme, "", "base"), Label(theme, "", "mono", "text2")
        for label in (self.words, self.where):
            label.setWordWrap(True)
        self.where.setAccessibleName(self.tr("Address of the sign-in"))
        self.sign_in = Button(theme, self.tr("Sign in"), "primary", "", "small")
        self.open = Button(theme, self.tr("Open in the browser"), "primary", "", "small")
        self.cancel = Button(theme, self.tr("Cancel"), "", "", "small")
        buttons = row_of(theme, None, self.cancel, self.open, self.sign_in)
        column_of(theme, self.words, self.where, buttons, parent=self, inset=(12, 10, 12, 10), gap=6)
        self.sign_in.clicked.connect(lambda: self.sign_in_wanted.emit())
        self.cancel.clicked.connect(lambda: self.cancel_wanted.emit())
        self.open.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(self.address)))
        self.setVisible(False)

    def show_view(self, view: McpView) -> None:
        status = view.status
        waits = status.condition == "signing_in"
        far = view.server.launch.transport != "stdio"
        wanted = far and status.code in ("mcp_unauthorized", "mcp_sign_in")
        self.address = status.sign_in
        self.setVisible(waits or wanted)
        self.sign_in.setVisible(not waits)
        self.cancel.setVisible(waits)
        for part in (self.where, self.open):
            part.setVisible(bool(self.address))
        if self.address:
            host = urlsplit(self.address).netloc
            said = self.tr("Sign in at {} in your browser, then come back. The button opens this address:")
            self.words.setText(said.format(host))
        elif waits:
            self.words.setText(self.tr("Asking the server where to sign in…"))
        else:
            self.words.setText(self.tr("This server wants to know who you are. You sign in on its own page."))
        self.where.setText(breakable(self.address))
        self.where.setAccessibleDescription(self.address)
