"""What a person sees before there is any agent: what this is, and two ways to begin."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QWidget

from app.domain.model import ProviderModels
from app.ui.desk import Desk
from app.ui.views.parts import Icon, Mark, column_of, empty, follow, frame_of, hairline, row_of, scrolled
from app.ui.widgets.badge import Badge
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel, Label


class Way(QFrame):
    """A card with a way to begin."""

    def __init__(self, desk: Desk, icon: str, title: str, text: str, button: Button) -> None:
        super().__init__()
        theme = desk.theme
        self.setProperty("kind", "card")
        said = Label(theme, text, "base", "text2")
        said.setWordWrap(True)
        head = Label(theme, title, "agent")
        head.setWordWrap(True)
        self.extra = column_of(theme, gap=6)
        column_of(
            theme,
            Icon(theme, icon, "accent", 26),
            head,
            said,
            self.extra,
            None,
            row_of(theme, button, None),
            parent=self,
            inset=(18, 18, 18, 18),
            gap=10,
        )


class FirstRun(QFrame):
    demo_wanted = Signal()
    server_wanted = Signal()
    agent_wanted = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._theme = desk.theme
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Welcome to Lares"))
        theme = desk.theme
        self.demo = Button(theme, self.tr("Try the demo"), "primary", "flame", size="big")
        self.server = Button(theme, self.tr("Connect a server"), "", "server", size="big")
        self.create_button = Button(theme, self.tr("Create an agent"), "primary", "plus", size="big")
        self.create_button.hide()
        self._folder = ElidedLabel(theme, "", "label", "text2")
        self._folder.set_elide(Qt.TextElideMode.ElideMiddle)
        self._side = self._make_side()
        self._ways = (self._demo_way(), self._server_way())
        self._grid = QGridLayout()
        self._main = QWidget()
        title = Label(theme, self.tr("How do you want to begin?"), "page")
        title.setWordWrap(True)
        more = Label(theme, self.tr("You can do the other one at any time later."), "base", "text2")
        more.setWordWrap(True)
        column_of(theme, title, more, 8, self._grid, None, parent=self._main, inset=(44, 32, 44, 32), gap=4)
        self._area = scrolled(self._main, self.tr("Ways to begin"))
        row_of(theme, self._side, hairline(vertical=True), parent=self, gap=0).addWidget(self._area, 1)
        self.demo.clicked.connect(lambda *_: self.demo_wanted.emit())
        self.server.clicked.connect(lambda *_: self.server_wanted.emit())
        self.create_button.clicked.connect(lambda *_: self.agent_wanted.emit())
        follow(theme, self, self._fit)

    def _make_side(self) -> QFrame:
        theme = self._theme
        side = frame_of("window")
        title = Label(theme, self.tr("Agents that remember, kept at home"), "first")
        text = Label(
            theme,
            self.tr(
                "Lares runs agents on this computer. What they learn stays in memory blocks that you can read, "
                "correct and undo."
            ),
            "conversation",
            "text2",
        )
        for label in (title, text):
            label.setWordWrap(True)
        private = frame_of("card")
        note = Label(theme, self.tr("No account, no telemetry. Your data is in this folder:"), "label", "text2")
        note.setWordWrap(True)
        head = row_of(
            theme,
            Icon(theme, "shield", "ok"),
            Label(theme, self.tr("Nothing leaves this computer"), "strong"),
            None,
        )
        more = Label(theme, self.tr("unless you connect a model server somewhere else."), "label", "text2")
        more.setWordWrap(True)
        column_of(theme, head, more, note, self._folder, parent=private, inset=(14, 12, 14, 12), gap=4)
        column_of(theme, Mark(theme, 56), 12, title, text, None, private, parent=side, inset=(40, 44, 36, 28), gap=12)
        return side

    def _demo_way(self) -> Way:
        return Way(
            self._desk,
            "flame",
            self.tr("Look at it now, without a model"),
            self.tr(
                "Vesta is a scripted agent: no AI, no network. It uses the real tools and the real memory, so you can "
                "see a name corrected, look at the change and take it back."
            ),
            self.demo,
        )

    def _server_way(self) -> Way:
        way = Way(
            self._desk,
            "server",
            self.tr("Use a model of your own"),
            self.tr(
                "Any server with an OpenAI-compatible address: llama.cpp, LM Studio, vLLM, Jan, or one in the network "
                "with a key."
            ),
            self.server,
        )
        self._found = column_of(self._theme, gap=6)
        way.extra.addLayout(self._found)
        way.extra.addLayout(row_of(self._theme, self.create_button, None))
        return way

    def show_folder(self, folder: str) -> None:
        self._folder.set_text(folder)

    def show_offers(self, offers: Sequence[ProviderModels]) -> None:
        """Servers that are connected already, with what they offer."""
        empty(self._found)
        real = [offer for offer in offers if offer.provider.kind != "demo"]
        for offer in real:
            self._found.addLayout(self._line_of(offer))
        usable = any(not model.unfit for offer in real for model in offer.models)
        self.create_button.setVisible(usable)
        self.server.set_role("ghost" if usable else "")
        self.demo.set_role("" if usable else "primary")

    def _line_of(self, offer: ProviderModels) -> QHBoxLayout:
        theme = self._theme
        address = urlsplit(offer.provider.base_url).netloc
        badge = (
            Badge(theme, self.tr("Does not answer"), "warn", "warning")
            if offer.error
            else Badge(theme, self.tr("{} models").format(len(offer.models)), "ok", "check")
        )
        name = Label(theme, offer.provider.name, "base")
        name.set_weight(500)
        return row_of(theme, name, ElidedLabel(theme, address, "label", "muted"), None, badge)

    def _fit(self) -> None:
        """Two cards side by side, or under each other where it is narrow; the side goes when it is very narrow."""
        px, width = self._theme.px, self.width()
        self._side.setVisible(width >= px(860))
        self._side.setFixedWidth(min(px(392), max(px(300), width // 3)))
        room = width - (self._side.width() if self._side.isVisible() else 0)
        beside = room >= px(640)
        self._grid.setSpacing(px(16))
        for at, way in enumerate(self._ways):
            self._grid.addWidget(way, 0 if beside else at, at if beside else 0)
            way.setMaximumWidth(px(420) if beside else px(640))
        self._grid.setColumnStretch(2, 1)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()
