"""Which conversation with the agent is shown: a button that opens the list of all, and what is done to one of them."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolButton

from app.domain.conversation import ConversationRow
from app.ui.kit.layout import follow
from app.ui.kit.tooltip import set_tip
from app.ui.theme import Theme
from app.ui.window.conversation_popup import ConversationPopup

LONGEST, SHORTEST = 160, 48
"""Widths of a title at 100 %."""
ROUNDED = 2
"""Pixels: widths of texts are rounded, and a title one too wide is cut."""


class ConversationButton(QToolButton):
    rename_wanted = Signal(object)
    delete_wanted = Signal(object)
    reset_wanted = Signal(object)
    """Conversation."""
    export_wanted = Signal(object, str)
    """ConversationRow and the form: markdown or json."""
    copy_wanted = Signal(object)
    """ConversationRow."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._title = ""
        """As long as it may be shown."""
        self.rows: tuple[ConversationRow, ...] = ()
        self._current = ""
        self.popup = ConversationPopup(theme, self)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # The arrow stands behind the text; the list is a child and would be mirrored with the button.
        self.popup.setLayoutDirection(QGuiApplication.layoutDirection())
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(self.tr("Conversations"))
        self.clicked.connect(self.popup.open)
        self.popup.menu_wanted.connect(self._open_menu)
        self.popup.rename_wanted.connect(self.rename_wanted)
        follow(theme, self, self._restyle)

    @property
    def current(self) -> ConversationRow | None:
        """The one that is shown."""
        return next((row for row in self.rows if row.conversation.id == self._current), None)

    def show_rows(self, rows: Sequence[ConversationRow], current: str, has_earlier: bool = False) -> None:
        self.rows, self._current = tuple(rows), current
        self.popup.show_all(self.rows, current, has_earlier)
        title = self.popup.model.title_of(self.current) if self.current is not None else ""
        self._title = self._cut(title, self._theme.px(LONGEST))
        self._fit()
        set_tip(self, self.tr("Conversations with this agent"))
        self.setAccessibleName(self.tr("Conversation {}, choose another").format(title))

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(self._around() + self.fontMetrics().horizontalAdvance(self._title) + ROUNDED, hint.height())

    def minimumSizeHint(self) -> QSize:
        """The tabs beside it need their room more than a long title does."""
        hint = self.sizeHint()
        return QSize(min(hint.width(), self._around() + self._theme.px(SHORTEST)), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _around(self) -> int:
        """Width of all but the title."""
        return super().sizeHint().width() - self.fontMetrics().horizontalAdvance(self.text())

    def _fit(self) -> None:
        self.setText(self._cut(self._title, self.width() - self._around()))
        self.updateGeometry()

    def _cut(self, title: str, width: int) -> str:
        return self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, width)

    def _open_menu(self, row: ConversationRow, at: QPoint) -> None:
        menu, theme, thread = QMenu(self), self._theme, row.conversation
        menu.setAccessibleName(self.popup.model.title_of(row))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.aboutToHide.connect(lambda: self.popup.close_popup())
        menu.addAction(theme.icon("edit"), self.tr("Rename"), lambda: self.rename_wanted.emit(thread))
        menu.addSeparator()
        for text, form in ((self.tr("Export as Markdown…"), "markdown"), (self.tr("Export as JSON…"), "json")):
            menu.addAction(theme.icon("download"), text, lambda form=form: self.export_wanted.emit(row, form))
        menu.addAction(theme.icon("copy"), self.tr("Copy as Markdown"), lambda: self.copy_wanted.emit(row))
        menu.addSeparator()
        empty = self.tr("Empty its context window")
        menu.addAction(theme.icon("context"), empty, lambda: self.reset_wanted.emit(thread))
        if not thread.is_default:
            delete = self.tr("Delete")
            menu.addAction(theme.icon("trash", "danger"), delete, lambda: self.delete_wanted.emit(thread))
        menu.popup(at)

    def _restyle(self) -> None:
        pixels = self._theme.px(14)
        self.setIcon(self._theme.icon("chevron-down", "muted", 14))
        self.setIconSize(QSize(pixels, pixels))
        self.setFont(self._theme.font("label", 500))
        self.setFixedHeight(self._theme.px(28))
