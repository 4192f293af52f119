"""Well-known servers to begin with: those that were found here, those of this computer, and those elsewhere."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.domain.model import FoundServer, ServerPreset
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, frame_of, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.state.server_entries import host_of, unconnected
from app.ui.state.view_context import ViewContext

IN_A_ROW = 5


class ServerPresets(QWidget):
    picked = Signal(object)
    """ServerPreset, or None for any other server."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._shown: tuple[object, ...] = ()
        self._found = column_of(view.theme, gap=6)
        self._choices = column_of(view.theme, gap=8)
        self._list = QWidget()
        column_of(view.theme, self._choices, parent=self._list)
        self._list.hide()
        column_of(view.theme, self._found, self._list, parent=self, gap=8)
        view.catalog.changed.connect(self._refresh)
        self._refresh()

    def open(self) -> None:
        self._list.show()

    def fold(self) -> None:
        self._list.hide()

    def _refresh(self) -> None:
        known = self._view.catalog.known
        shown = (unconnected(known), known.presets)
        if shown == self._shown:
            return
        self._shown = shown
        empty(self._found)
        for found in shown[0]:
            self._found.addWidget(self._found_card(found))
        empty(self._choices)
        theme = self._view.theme
        for title, local in ((self.tr("On this computer"), True), (self.tr("Elsewhere, not local"), False)):
            presets = [preset for preset in known.presets if preset.local == local]
            buttons = [self._choice(preset) for preset in presets]
            if local is False:
                buttons.append(self._choice(None))
            if buttons:
                self._choices.addWidget(Label(theme, title, "label", "text2"))
            for start in range(0, len(buttons), IN_A_ROW):
                self._choices.addLayout(row_of(theme, *buttons[start : start + IN_A_ROW], None, gap=6))

    def _choice(self, preset: ServerPreset | None) -> Button:
        theme = self._view.theme
        if preset is None:
            button = Button(theme, self.tr("Another address…"), "", "plus", "small")
        else:
            icon = "server" if preset.local else "upload"
            button = Button(theme, preset.label, "", icon, "small")
            set_tip(button, host_of(preset.base_url))
        button.clicked.connect(lambda: self.picked.emit(preset))
        return button

    def _found_card(self, found: FoundServer) -> QWidget:
        theme, preset = self._view.theme, found.preset
        card = frame_of("card")
        name = Label(theme, preset.label, "base")
        name.set_weight(600)
        address = ElidedLabel(theme, host_of(preset.base_url), "label", "muted")
        key = found.needs_key
        add = Button(theme, self.tr("Add key…") if key else self.tr("Connect"), "primary", "", "small")
        add.setAccessibleName(self.tr("Connect {} at {}").format(preset.label, host_of(preset.base_url)))
        adopt = self._view.catalog.adopt
        add.clicked.connect(lambda: self.picked.emit(preset) if key else adopt(found))
        row = row_of(
            theme,
            Icon(theme, "server", "ok"),
            name,
            address,
            Badge(theme, self.tr("Found here"), "ok", "check"),
            add,
            parent=card,
            inset=(12, 8, 8, 8),
            gap=8,
        )
        row.setStretch(2, 1)
        return card
