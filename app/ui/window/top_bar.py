"""The bar above everything: mark, the field that finds all, what leaves this computer, columns, look, settings."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QMenu, QPushButton, QWidget

from app.domain.api import ApiStatus
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import IconButton
from app.ui.kit.labels import Label
from app.ui.kit.layout import Mark, follow, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.state.command_registry import Commands, shown_keys
from app.ui.theme import Theme

FIELD_WIDTH = 440


class FindField(QPushButton):
    """Looks like a field, opens the palette."""

    def __init__(self, theme: Theme, keys: str) -> None:
        super().__init__()
        self._theme = theme
        self._keys = keys
        self.setProperty("find", True)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self._words = self.tr("Go to an agent, block, message or command")
        self.setAccessibleName(self._words)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        follow(theme, self, self._resize)

    def _resize(self) -> None:
        self.setMinimumWidth(self._theme.px(120))
        self.setMaximumWidth(self._theme.px(FIELD_WIDTH))
        self.setFixedHeight(self._theme.px(30))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        theme, px = self._theme, self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = self.rect().adjusted(px(10), 0, -px(6), 0)
        painter.drawPixmap(rect.left(), rect.top() + (rect.height() - px(14)) // 2, theme.pixmap("search", "muted", 14))
        painter.setFont(theme.font("label"))
        width = painter.fontMetrics().horizontalAdvance(self._keys) + px(12)
        keys = rect.adjusted(rect.width() - width, px(6), 0, -px(6))
        painter.setPen(theme.color("line"))
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(keys.adjusted(0, 0, -1, -1), px(4), px(4))
        painter.setPen(theme.color("text2"))
        painter.drawText(keys, Qt.AlignmentFlag.AlignCenter, self._keys)
        painter.setFont(theme.font("base"))
        painter.setPen(theme.color("muted"))
        text = rect.adjusted(px(24), 0, -width - px(8), 0)
        shown = painter.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)


class TopBar(QFrame):
    servers_wanted = Signal()
    api_wanted = Signal()

    def __init__(self, theme: Theme, commands: Commands, with_menu: bool) -> None:
        super().__init__()
        self._theme = theme
        self._commands = commands
        self.setProperty("kind", "window")
        self.setAccessibleName(self.tr("Top bar"))
        self.field = FindField(theme, shown_keys(commands["palette"].shortcut))
        self.field.clicked.connect(lambda: commands.run("palette"))
        set_tip(self.field, commands.tip("palette"))
        self.where = Badge(theme, self.tr("Local only"), "ok", "shield")
        self.where.set_clickable(True)
        self.where.clicked.connect(self.servers_wanted)
        self.api = Badge(theme, self.tr("API"), "info", "api")
        self.api.set_clickable(True)
        self.api.clicked.connect(self.api_wanted)
        self.api.hide()
        self.buttons = {
            id: self._button(id, icon)
            for id, icon in (
                ("column.left", "panel-left"),
                ("column.right", "panel-right"),
                ("theme", "moon"),
                ("settings", "settings"),
            )
        }
        self._lay_out(with_menu)
        follow(theme, self, self._restyle)

    def _button(self, id: str, icon: str) -> IconButton:
        command = self._commands[id]
        button = IconButton(self._theme, icon, command.title, command.shortcut)
        button.clicked.connect(lambda: self._commands.run(id))
        return button

    def _lay_out(self, with_menu: bool) -> None:
        theme = self._theme
        grid = QGridLayout(self)
        left, right = QWidget(), QWidget()
        row_of(theme, Mark(theme, 24), Label(theme, self.tr("Lares"), "strong"), None, parent=left)
        items: list[QWidget | int | None] = [None, self.api, 2, self.where, *self.buttons.values()]
        if with_menu:
            items.append(self._menu_button())
        row_of(theme, *items, parent=right, gap=2)
        grid.addWidget(left, 0, 0)
        grid.addWidget(self.field, 0, 1)
        grid.addWidget(right, 0, 2)
        for column, stretch in enumerate((1, 2, 1)):
            grid.setColumnStretch(column, stretch)

        def insets() -> None:
            grid.setContentsMargins(theme.px(14), 0, theme.px(10), 0)
            grid.setHorizontalSpacing(theme.px(12))

        follow(theme, self, insets)

    def _menu_button(self) -> IconButton:
        button = IconButton(self._theme, "more", self.tr("Menu"))
        menu = QMenu(button)
        menu.setAccessibleName(self.tr("Menu"))
        for title, commands in self._commands.groups().items():
            part = menu.addMenu(title)
            part.setAccessibleName(title)
            for command in commands:
                part.addAction(self._commands.action(command.id))
        menu.aboutToShow.connect(self._commands.refresh)
        button.clicked.connect(lambda: menu.popup(button.mapToGlobal(button.rect().bottomLeft())))
        return button

    def set_hosts(self, hosts: tuple[str, ...]) -> None:
        """Which other computers the connected servers are on; none means that nothing leaves this one."""
        if hosts:
            text = self.tr("Uses {}").format(", ".join(hosts))
            self.where.set_badge(text, "info", "server")
            tip = self.tr("Messages to models of these servers leave this computer.")
        else:
            text = self.tr("Local only")
            self.where.set_badge(text, "ok", "shield")
            tip = self.tr("Every connected model server runs on this computer; nothing leaves it.")
        set_tip(self.where, tip)
        self.where.setAccessibleName(f"{text}. {tip}")

    def show_api(self, status: ApiStatus) -> None:
        """Whether programs may come; nothing while the API is off."""
        self.api.setVisible(status.running or bool(status.enabled and status.error))
        if status.running:
            text, tip = (
                self.tr("API"),
                self.tr("Programs may use your agents at {}.").format(status.url),
            )
            self.api.set_badge(text, "info", "api")
        else:
            text, tip = self.tr("API off"), f"{status.error} {status.hint}".strip()
            self.api.set_badge(text, "danger", "warning")
        set_tip(self.api, tip)
        self.api.setAccessibleName(f"{text}. {tip}")

    def _restyle(self) -> None:
        self.setFixedHeight(self._theme.px(44))
        self.buttons["theme"].set_icon("sun" if self._theme.dark else "moon")
