"""What this is: versions, folders, licence."""

import platform

from PySide6.QtCore import Qt, QUrl, qVersion
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QGridLayout, QWidget

from app import __version__
from app.config import Config
from app.domain.system import EngineStatus
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Mark, column_of, follow, frame_of, row_of
from app.ui.kit.wording import size
from app.ui.settings.folder_choice import FolderChoice
from app.ui.state.view_context import ViewContext


class About(QWidget):
    def __init__(self, view: ViewContext, config: Config) -> None:
        super().__init__()
        self._view = view
        self._config = config
        theme = view.theme
        card = frame_of("card")
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        data = Button(theme, self.tr("Open data folder"), "", "folder")
        logs = Button(theme, self.tr("Open logs"), "", "terminal")
        data.clicked.connect(lambda: self._open(str(config.folder)))
        logs.clicked.connect(lambda: self._open(str(config.logs)))
        name = column_of(
            theme,
            Label(theme, self.tr("Lares"), "agent"),
            Label(theme, self.tr("Agents that remember, kept at home"), "base", "text2"),
            gap=0,
        )
        licence = Label(
            theme,
            self.tr(
                "Lares is free software under the Apache License 2.0. It contains Qt (LGPL 3), Python (PSF), Inter and "
                "JetBrains Mono (SIL Open Font License 1.1)."
            ),
            "label",
            "text2",
        )
        licence.setWordWrap(True)
        column_of(
            theme,
            row_of(theme, Mark(theme, 44), name, None, gap=14),
            self._grid,
            row_of(theme, data, logs, None),
            licence,
            parent=card,
            inset=(18, 16, 18, 16),
            gap=14,
        )
        self.folder = FolderChoice(view, config)
        column_of(theme, card, self.folder, parent=self, gap=12)
        self._fact(self.tr("Version"), __version__)
        self._fact(self.tr("Built with"), f"Python {platform.python_version()}, Qt {qVersion()}")
        self._fact(self.tr("Logs"), str(config.logs), path=True)
        self._engine = self._fact(self.tr("Engine"), self.tr("Not connected"))
        self._keys = self._fact(self.tr("Keys"), "")
        self._free = self._fact(self.tr("Free space"), "")
        # Of an engine that took the place of another one.
        view.workspace.loaded.connect(lambda: self.read() if self.isVisible() else None)
        follow(theme, self, self._fit)

    def _fact(self, name: str, value: str, path: bool = False) -> ElidedLabel:
        theme, at = self._view.theme, self._grid.rowCount()
        label = ElidedLabel(theme, value, "base")
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if path:
            label.set_elide(Qt.TextElideMode.ElideMiddle)
        self._grid.addWidget(Label(theme, name, "base", "muted"), at, 0)
        self._grid.addWidget(label, at, 1)
        return label

    def read(self) -> None:
        self._view.run(self._read(), self)

    async def _read(self) -> None:
        status: EngineStatus = await self._view.services.system.status()
        self._engine.set_text(self.tr("Version {}, process {}").format(status.version, status.pid))
        stores = {"keyring": self.tr("Key store of this system"), "file": self.tr("File that only you can read")}
        self._keys.set_text(stores[status.secrets])
        self._free.set_text(size(status.free_bytes) if status.free_bytes is not None else self.tr("Unknown"))

    @staticmethod
    def _open(path: str) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(path))

    def _fit(self) -> None:
        self._grid.setHorizontalSpacing(self._view.theme.px(16))
        self._grid.setVerticalSpacing(self._view.theme.px(6))
