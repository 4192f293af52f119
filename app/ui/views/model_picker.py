"""Choosing a model: a button with the present one, and the list of all that the connected servers offer."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.domain.model import Model, ProviderModels
from app.ui.models.wording import count
from app.ui.theme import Theme
from app.ui.views.parts import column_of, follow, row_of
from app.ui.widgets.badge import Badge
from app.ui.widgets.labels import Label


class ModelButton(QPushButton):
    """Shows the handle with an icon and an arrow; the handle is elided when it does not fit."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._handle = ""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        follow(theme, self, self._resize)
        self.show_handle("")

    def show_handle(self, handle: str) -> None:
        self._handle = handle
        self.setAccessibleName(self.tr("Model {}, choose another").format(handle or self.tr("none")))
        self.setToolTip(handle)
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120), self._theme.px(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        theme, px = self._theme, self._theme.px
        painter = QPainter(self)
        middle = self.rect().center().y()
        painter.drawPixmap(px(10), middle - px(8) + 1, theme.pixmap("model", "text2", 16))
        painter.drawPixmap(self.width() - px(24), middle - px(7) + 1, theme.pixmap("chevron-down", "muted", 14))
        painter.setFont(theme.font("base"))
        painter.setPen(theme.color("text" if self._handle else "muted"))
        room = self.rect().adjusted(px(32), 0, -px(30), 0)
        words = self._handle or self.tr("Choose a model")
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)

    def _resize(self) -> None:
        self.setFixedHeight(self._theme.px(28))


class ModelPicker(QWidget):
    picked = Signal(str)
    """Handle of the model a person chose."""
    refresh_wanted = Signal()
    servers_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._offers: tuple[ProviderModels, ...] = ()
        self._handle = ""
        self.button = ModelButton(theme)
        self.menu = QMenu(self)
        self.menu.setAccessibleName(self.tr("Models"))
        self.menu.setToolTipsVisible(True)
        self._badges = row_of(theme, gap=4)
        self._reason = Label(theme, "", "caption", "danger")
        self._reason.setWordWrap(True)
        self._reason.hide()
        column_of(theme, self.button, self._badges, self._reason, parent=self, gap=6)
        self.button.clicked.connect(lambda *_: self.open())

    @property
    def handle(self) -> str:
        return self._handle

    def show_model(self, handle: str) -> None:
        self._handle = handle
        self.button.show_handle(handle)
        self._tell()

    def show_offers(self, offers: Sequence[ProviderModels]) -> None:
        self._offers = tuple(offers)
        self._tell()

    def model(self) -> Model | None:
        """The present one as its server describes it, if it offers it now."""
        models = (model for offer in self._offers for model in offer.models)
        return next((model for model in models if model.handle == self._handle), None)

    def open(self) -> None:
        """The list, grouped by server, with what each can do and why some cannot be used."""
        menu = self.menu
        menu.clear()
        for offer in self._offers:
            menu.addSection(offer.provider.name)
            if offer.error:
                failed = menu.addAction(self._theme.icon("warning", "danger"), offer.error)
                failed.setEnabled(False)
                failed.setToolTip(offer.hint)
            elif not offer.models:
                menu.addAction(self.tr("It offers no models")).setEnabled(False)
            for model in offer.models:
                self._add(model)
        menu.addSeparator()
        menu.addAction(self._theme.icon("refresh"), self.tr("Look again"), self.refresh_wanted.emit)
        menu.addAction(self._theme.icon("server"), self.tr("Connect a server…"), self.servers_wanted.emit)
        menu.setMinimumWidth(self.button.width())
        menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))

    def _add(self, model: Model) -> None:
        notes = self._notes(model)
        title = model.name if not (model.unfit or notes) else f"{model.name}   {model.unfit or ', '.join(notes)}"
        action = self.menu.addAction(title, lambda: self.picked.emit(model.handle))
        action.setCheckable(True)
        action.setChecked(model.handle == self._handle)
        action.setEnabled(not model.unfit)
        action.setToolTip(model.unfit or model.handle)

    def _notes(self, model: Model) -> list[str]:
        """What stands behind a model's name in the list."""
        words = [text for text, _, _ in self._abilities(model)]
        if model.context_window:
            words.append(self.tr("{} tokens").format(count(model.context_window)))
        return words

    def _abilities(self, model: Model) -> list[tuple[str, str, str]]:
        """Text, kind and icon of each badge."""
        notes: list[tuple[str, str, str]] = []
        if model.scripted:
            notes.append((self.tr("Scripted, no AI"), "", ""))
        if model.tools:
            notes.append((self.tr("Tools"), "", ""))
        elif model.tools is False:
            notes.append((self.tr("No tools"), "warn", "warning"))
        if model.reasoning:
            notes.append((self.tr("Reasoning"), "", ""))
        if model.vision:
            notes.append((self.tr("Images"), "", ""))
        return notes

    def _tell(self) -> None:
        """Badges of the present model, or why it cannot be used."""
        while self._badges.count():
            item = self._badges.takeAt(0)
            if item is not None and (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        model = self.model()
        for text, kind, icon in self._abilities(model)[:3] if model is not None else []:
            self._badges.addWidget(Badge(self._theme, text, kind, icon or None))
        self._badges.addStretch(1)
        reason = self._why_not(model)
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))

    def _why_not(self, model: Model | None) -> str:
        if model is not None:
            return model.unfit
        if not self._handle or not self._offers:
            return ""
        server, _, name = self._handle.partition("/")
        offer = next((offer for offer in self._offers if offer.provider.name == server), None)
        if offer is None:
            return self.tr("There is no server “{}” any more. Choose another model.").format(server)
        return offer.error or self.tr("“{}” is no longer on {}. Choose another model.").format(name, server)
