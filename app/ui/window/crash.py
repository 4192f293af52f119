"""The page for a fault of ours: says so, keeps the person's work, offers a report to copy."""

from PySide6.QtWidgets import QPlainTextEdit

from app.ui.kit.buttons import Button
from app.ui.kit.copying import copy_text
from app.ui.kit.layout import follow
from app.ui.kit.sheet import Sheet
from app.ui.theme import Theme


class Crash(Sheet):
    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.set_heading(
            self.tr("Something went wrong in Lares"),
            self.tr(
                "This is a bug in Lares, not your mistake. Your agents and messages are safe on disk, and you can"
                " keep working. The report contains no message and no key."
            ),
        )
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setAccessibleName(self.tr("Error report"))
        self.add(self.report)
        self.copy = Button(theme, self.tr("Copy the report"), "", "copy")
        self.go_on = Button(theme, self.tr("Keep working"), "primary")
        self.copy.clicked.connect(lambda: copy_text(theme, self.report.toPlainText(), self.copy))
        self.go_on.clicked.connect(lambda: self.closed.emit())
        self.add_foot(self.copy, None, self.go_on)
        follow(theme, self.report, self._fit_report)

    def show_report(self, report: str) -> None:
        """Later ones are added: the first is mostly the cause."""
        earlier = self.report.toPlainText()
        self.report.setPlainText(f"{earlier}\n\n{report}" if earlier and self.isVisible() else report)

    def _fit_report(self) -> None:
        self.report.setFont(self._theme.font("ids"))
        self.report.setMinimumHeight(self._theme.px(300))
