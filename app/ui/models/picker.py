"""Choosing a model: a button with the present one, its badges, and the list of all that the servers offer."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QWidget

from app.domain.model import Model, ModelHandle
from app.ui.kit.badge import Badge
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, empty, follow, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.models.picker_popup import ModelPopup
from app.ui.models.picker_rows import badges_of
from app.ui.state.model_entries import ModelsKnown, entry_of
from app.ui.state.model_wording import file_size
from app.ui.theme import Theme


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
        set_tip(self, handle)
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
    models_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._known = ModelsKnown()
        self._handle = ""
        self.button = ModelButton(theme)
        self.popup = ModelPopup(theme, self.button)
        self._badges = row_of(theme, gap=4)
        self._reason = Label(theme, "", "caption", "danger")
        self._reason.setWordWrap(True)
        self._reason.hide()
        column_of(theme, self.button, self._badges, self._reason, parent=self, gap=6)
        self.button.clicked.connect(lambda: self.open())
        self.popup.picked.connect(self.picked)
        self.popup.refresh_wanted.connect(self.refresh_wanted)
        self.popup.servers_wanted.connect(self.servers_wanted)
        self.popup.models_wanted.connect(self.models_wanted)

    @property
    def handle(self) -> str:
        return self._handle

    def show_model(self, handle: str) -> None:
        self._handle = handle
        self.button.show_handle(handle)
        self._tell()

    def show_models(self, known: ModelsKnown) -> None:
        self._known = known
        self.popup.show_models(known)
        self._tell()

    def model(self) -> Model | None:
        """The present one as its server describes it, if it offers it now."""
        return self._known.model(self._handle)

    def open(self) -> None:
        """The list, grouped by server, with what each can do and why some cannot be used."""
        self.popup.open_at(self._handle)

    def _tell(self) -> None:
        """Badges of the present model, or why it cannot be used."""
        empty(self._badges)
        model, offer = self.model(), self._known.offer_of(self._handle)
        if model is not None and offer is not None:
            line = entry_of(self._known, offer.provider, model)
            shown = [*badges_of(line)[:3], *(((file_size(line.size), ""),) if line.size else ())]
            for text, kind in shown:
                self._badges.addWidget(Badge(self._theme, text, kind))
        self._badges.addStretch(1)
        self._fit()
        reason = self._why_not(model)
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))

    def _fit(self) -> None:
        """Badges that have no room go, from the end."""
        room = self.width()
        for place in range(self._badges.count()):
            item = self._badges.itemAt(place)
            badge = item.widget() if item is not None else None
            if badge is not None:
                room -= badge.sizeHint().width() + self._theme.px(4)
                badge.setVisible(room >= 0 or place == 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _why_not(self, model: Model | None) -> str:
        if model is not None:
            return model.unfit
        if not self._handle or not self._known.offers:
            return ""
        server, name = ModelHandle.parse(self._handle)
        offer = self._known.offer_of(self._handle)
        if offer is None:
            return self.tr("The server “{}” no longer exists. Choose another model.").format(server)
        return offer.error or self.tr("“{}” is no longer on {}. Choose another model.").format(name, server)
