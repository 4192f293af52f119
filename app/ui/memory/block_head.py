"""Head of a block's card: label, badges as far as there is room, and its actions."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QWidget

from app.ui.kit.badge import Badge
from app.ui.kit.buttons import IconButton
from app.ui.kit.labels import ElidedLabel
from app.ui.kit.tooltip import set_tip
from app.ui.theme import Theme


@dataclass(frozen=True)
class BadgeText:
    key: str
    long: str
    short: str
    kind: str = ""
    icon: str = ""


class BlockHead(QWidget):
    history_clicked = Signal()
    edit_clicked = Signal()
    badge_clicked = Signal(str)
    picked = Signal(str)
    """An entry of the menu: edit, wide, label, description, limit, read_only, history, detach, delete."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words: tuple[BadgeText, ...] = ()
        self.badges: dict[str, Badge] = {}
        self.read_only = False
        self.label = ElidedLabel(theme, "", "strong", parent=self)
        self.label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._badge_row = QHBoxLayout()
        self.history = IconButton(theme, "history", "", size=14, box=24, parent=self)
        self.edit = IconButton(theme, "edit", "", size=14, box=24, parent=self)
        self.more = IconButton(theme, "more", "", size=14, box=24, parent=self)
        self.history.clicked.connect(lambda: self.history_clicked.emit())
        self.edit.clicked.connect(lambda: self.edit_clicked.emit())
        self.more.clicked.connect(self._open_menu)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.label)
        self._row.addLayout(self._badge_row)
        self._row.addStretch(1)
        for button in (self.history, self.edit, self.more):
            self._row.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_label(self, label: str) -> None:
        self.label.set_text(label)
        self.history.set_title(self.tr("History of block {0}").format(label))
        self.edit.set_title(self.tr("Edit block {0}").format(label))
        self.more.set_title(self.tr("More actions for block {0}").format(label))
        self._fit()

    def set_badges(self, words: Sequence[BadgeText]) -> None:
        if tuple(words) == self._words:
            return
        if [word.key for word in words] != [word.key for word in self._words]:
            self._rebuild(words)
        self._words = tuple(words)
        self._fit()

    def set_actions_visible(self, visible: bool) -> None:
        for button in (self.history, self.edit, self.more):
            button.setVisible(visible)
        self._fit()

    def build_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        entries = (
            ("edit", self.tr("Edit text"), "edit"),
            ("wide", self.tr("Open wide"), "expand"),
            ("label", self.tr("Rename…"), "tag"),
            ("description", self.tr("Description…"), "file"),
            ("limit", self.tr("Limit…"), "filter"),
            ("read_only", self.tr("Read-only for the agent"), ""),
            ("history", self.tr("History"), "history"),
            ("", "", ""),
            ("detach", self.tr("Detach from this agent"), "minus"),
            ("delete", self.tr("Delete block…"), "trash"),
        )
        for key, text, icon in entries:
            if not key:
                menu.addSeparator()
                continue
            action = QAction(text, menu)
            if icon:
                action.setIcon(self._theme.icon(icon, "text2", 14))
            if key == "read_only":
                action.setCheckable(True)
                action.setChecked(self.read_only)
            action.triggered.connect(lambda _checked=False, key=key: self.picked.emit(key))
            menu.addAction(action)
        return menu

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(200), self._theme.px(30))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120), self._theme.px(30))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _rebuild(self, words: Sequence[BadgeText]) -> None:
        for badge in self.badges.values():
            self._badge_row.removeWidget(badge)
            badge.hide()
            badge.deleteLater()
        self.badges = {}
        for word in words:
            badge = Badge(self._theme, word.long, word.kind, word.icon or None, self)
            if word.key in ("shared",):
                badge.set_clickable(True)
                badge.clicked.connect(lambda key=word.key: self.badge_clicked.emit(key))
            self._badge_row.addWidget(badge)
            self.badges[word.key] = badge

    def _fit(self) -> None:
        """Long words where there is room, short ones else, at last the first badge's icon alone."""
        buttons = sum(
            button.width() + self._theme.px(2)
            for button in (self.history, self.edit, self.more)
            if not button.isHidden()
        )
        label = QFontMetrics(self.label.font()).horizontalAdvance(self.label.whole_text)
        room = self.width() - buttons - min(label, self.width() // 3) - self._theme.px(24)
        metrics = QFontMetrics(self._theme.font("badge"))
        for word in self._words:
            badge = self.badges[word.key]
            extra = self._theme.px(32 if word.icon else 18)
            texts = [text for text in (word.long, word.short) if metrics.horizontalAdvance(text) + extra <= room]
            text = texts[0] if texts else ""
            badge.set_badge(text, word.kind, word.icon or None)
            badge.setAccessibleName(word.long)
            set_tip(badge, "" if text == word.long else word.long)
            badge.setVisible(bool(text or word.icon))
            room -= metrics.horizontalAdvance(text) + extra

    def _open_menu(self) -> None:
        self.build_menu().popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def _restyle(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(px(10), px(3), px(4), px(1))
        self._row.setSpacing(px(2))
        self._badge_row.setContentsMargins(px(4), 0, 0, 0)
        self._badge_row.setSpacing(px(4))
        self.setFixedHeight(px(30))
        self._fit()
