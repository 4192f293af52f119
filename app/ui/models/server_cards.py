"""The servers of this computer as cards: what answers, what could be started and how, and a way to add another."""

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from app.domain.model import Provider, ServerPreset
from app.ui.kit.buttons import Button
from app.ui.kit.copying import copy_text
from app.ui.kit.focus_order import focused_inside
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, follow, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.models.consent import ask_consent
from app.ui.state.server_entries import ServerEntry, how_to_start, server_entries
from app.ui.state.view_context import ViewContext

HEIGHT, LEAST = 72, 230


class ServerCard(QFrame):
    def __init__(
        self, view: ViewContext, title: str, address: str, said: tuple[str, str], button: Button | None
    ) -> None:
        super().__init__()
        theme = view.theme
        self.setProperty("kind", "card")
        words, kind = said
        name = ElidedLabel(theme, title, "base")
        name.set_weight(600)
        self.state = ElidedLabel(theme, words, "label", kind)
        state = row_of(theme, Label(theme, "●", "caption", kind), self.state, gap=4)
        state.setStretch(1, 1)
        texts = column_of(
            theme,
            name,
            ElidedLabel(theme, address, "label", "text2"),
            state,
            gap=1,
        )
        row = row_of(theme, Icon(theme, "server", kind, 16), texts, parent=self, inset=(14, 8, 12, 8), gap=12)
        row.setStretchFactor(texts, 1)
        if button is not None:
            row.addWidget(button)
        self.setAccessibleName(f"{title}: {words}")
        follow(theme, self, lambda: self.setFixedHeight(theme.px(HEIGHT)))


class HowTo(QFrame):
    """What to do so that a server answers."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._page = ""
        self.setProperty("kind", "sunken")
        self.text = Label(view.theme, "", "base")
        self.text.setWordWrap(True)
        self.get = Button(view.theme, self.tr("Download"), "link", "jump")
        self._copy = Button(view.theme, self.tr("Copy address"), "link", "copy")
        column_of(
            view.theme,
            self.text,
            row_of(view.theme, self.get, self._copy, None),
            parent=self,
            inset=(14, 10, 14, 8),
            gap=4,
        )
        self.get.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(self._page)))
        self._copy.clicked.connect(lambda: copy_text(view.theme, self._page, self._copy))

    def show_preset(self, preset: ServerPreset) -> None:
        self._page = preset.page
        self.text.setText(how_to_start(preset))
        self.get.setText(self.tr("Not installed? Download {}").format(preset.label))
        set_tip(self.get, preset.page)
        self.get.setAccessibleName(self.tr("Open {} in the browser").format(preset.page))
        self._copy.setAccessibleName(self.tr("Copy address {}").format(preset.page))
        self.setAccessibleName(self.tr("How to start {}").format(preset.label))


class ServerCards(QWidget):
    add_wanted = Signal(object)
    """ServerPreset to begin with, or None."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._lines: tuple[ServerEntry, ...] = ()
        self._open = ""
        self._grid = QGridLayout()
        self._how = HowTo(view)
        self._how.hide()
        self._cards: list[QWidget] = []
        column_of(view.theme, self._grid, self._how, parent=self, gap=10)
        view.catalog.changed.connect(self.refresh)
        follow(view.theme, self, self._fit)
        self._fill()

    def refresh(self) -> None:
        lines = server_entries(self._view.catalog.known)
        if lines != self._lines:
            self._lines = lines
            self._fill()

    def _fill(self) -> None:
        focus = focused_inside(self.window())
        focused = focus.accessibleName() if focus is not None and self.isAncestorOf(focus) else ""
        empty(self._grid)
        self._cards = [self._card(line) for line in self._lines]
        add = Button(self._view.theme, self.tr("Add…"), "", "", "small")
        add.setAccessibleName(self.tr("Add another server"))
        add.clicked.connect(lambda: self.add_wanted.emit(None))
        title = self.tr("Another server")
        self._cards.append(
            ServerCard(
                self._view, title, self.tr("llama.cpp, vLLM, Jan, a key"), (self.tr("Here or elsewhere"), "text2"), add
            )
        )
        self._fit()
        for button in self.findChildren(Button):
            if focused and button.accessibleName() == focused and not button.isHidden():
                button.setFocus()

    def _card(self, line: ServerEntry) -> ServerCard:
        address = line.address
        if line.provider is not None and line.provider.variable:
            # The address would be cut in the middle; it is in the settings.
            address = self.tr("From {}").format(line.provider.variable)
        if line.version:
            address = self.tr("{}, version {}").format(address, line.version)
        card = ServerCard(self._view, line.title, address, (line.words, line.kind), self._button(line))
        set_tip(card.state, line.problem)
        return card

    def _button(self, line: ServerEntry) -> Button | None:
        preset = line.preset
        if line.state == "needs key" and preset is not None:
            button = Button(self._view.theme, self.tr("Add key…"), "", "", "small")
            button.setAccessibleName(self.tr("Add a key for {}").format(line.title))
            button.clicked.connect(lambda: self.add_wanted.emit(preset))
            return button
        provider = line.provider
        if line.state == "not allowed" and provider is not None:
            button = Button(self._view.theme, self.tr("Allow…"), "", "", "small")
            button.setAccessibleName(self.tr("Allow server {}").format(provider.name))
            button.clicked.connect(lambda: self._view.run(self._allow(provider), self))
            return button
        if line.state in ("absent", "silent") and preset is not None and preset.local:
            button = Button(self._view.theme, self.tr("How?"), "", "", "small")
            button.setAccessibleName(self.tr("How to start {}").format(line.title))
            button.clicked.connect(lambda: self._toggle(preset))
            return button
        return None

    async def _allow(self, provider: Provider) -> None:
        if await ask_consent(self._view, provider):
            self._view.catalog.look_again()

    def _toggle(self, preset: ServerPreset) -> None:
        self._open = "" if self._open == preset.name else preset.name
        self._how.setVisible(bool(self._open))
        self._how.show_preset(preset)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        px = self._view.theme.px
        self._grid.setSpacing(px(12))
        columns = max(1, min(3, (self.width() + px(12)) // px(LEAST + 12)))
        for place, card in enumerate(self._cards):
            self._grid.addWidget(card, place // columns, place % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
