"""What the next request of the conversation is made of: a bar, its legend in numbers, and what the server counted."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.domain.context import ContextAlarm, ContextOverview
from app.ui.context.token_bar import TokenBar, TokenLegend
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, row_of
from app.ui.kit.wording import count, counted
from app.ui.theme import Theme

NEAR = 0.9
"""Share of the window, reply included, from which the number warns."""


class ContextBar(QWidget):
    part_opened = Signal(str, str)
    fix_wanted = Signal(int)
    """A context size with which nothing would have been lost."""
    compact_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Context window"))
        self._used = Label(theme, "", "strong")
        self._of = Label(theme, "", "base", "muted")
        self._bar = TokenBar(theme)
        self._legend = TokenLegend(theme, self._bar)
        self._note_icon = Icon(theme, "info", "muted", 14)
        self._note = ElidedLabel(theme, "", "label", "text2")
        head = row_of(theme, Label(theme, self.tr("Context window"), "strong"), None, self._used, self._of, gap=4)
        self._note_row = QWidget()
        self.compact = Button(theme, self.tr("Compact…"), "", "", "small")
        self.compact.hide()
        row_of(theme, self._note_icon, self._note, self.compact, parent=self._note_row, gap=6).setStretch(1, 1)
        self.alarm = Label(theme, "", "label", "danger")
        self.alarm.setWordWrap(True)
        self.alarm.hide()
        self.fix = Button(theme, self.tr("Serve more tokens"), "primary", "", "small")
        self.fix.hide()
        self._fix_to = 0
        column_of(
            theme,
            head,
            self._bar,
            self._legend,
            self._note_row,
            self.alarm,
            row_of(theme, self.fix, None),
            parent=self,
            inset=(14, 9, 14, 10),
            gap=8,
        )
        self.fix.clicked.connect(lambda: self.fix_wanted.emit(self._fix_to))
        self._bar.part_opened.connect(self.part_opened)
        self.compact.clicked.connect(self.compact_wanted)
        self.clear()

    def clear(self) -> None:
        self._bar.set_parts((), 0, 0)
        self._used.setText("")
        self._of.setText("")
        self._note_row.hide()
        self._show_alarm(None)

    def show_overview(self, overview: ContextOverview) -> None:
        sums: dict[str, int] = {}
        for part in overview.parts:
            sums[part.kind] = sums.get(part.kind, 0) + part.tokens
        names = self._names()
        parts = [(kind, names.get(kind, kind), tokens) for kind, tokens in sums.items()]
        alarm = overview.alarm
        lost = max(0, alarm.sent - alarm.read) if alarm is not None else 0
        self._bar.set_parts(parts, overview.window, overview.kept_for_reply, overview.served, lost)
        self._show_alarm(alarm)
        near = overview.used + overview.kept_for_reply >= NEAR * overview.window
        self._used.setText(count(overview.used))
        self._used.set_kind("warn" if near else "")
        self._of.setText(self.tr("of {}").format(count(overview.window)))
        self.compact.setVisible(near and overview.alarm is None)
        text, kind, icon = self._note_of(overview)
        self._note.set_text(text)
        self._note.set_kind(kind)
        self._note_icon.show_icon(icon, kind if kind != "text2" else "muted")
        self._note_row.setVisible(bool(text))

    def _show_alarm(self, alarm: ContextAlarm | None) -> None:
        self.alarm.setText(alarm.sentence if alarm is not None else "")
        self.alarm.setVisible(alarm is not None)
        self._fix_to = (alarm.fix_window or 0) if alarm is not None else 0
        self.fix.setText(self.tr("Serve {} tokens").format(count(self._fix_to)))
        self.fix.setVisible(self._fix_to > 0)

    def _names(self) -> dict[str, str]:
        return {
            "system": self.tr("System"),
            "tools": self.tr("Tools"),
            "tool_rules": self.tr("Tool rules"),
            "memory": self.tr("Memory"),
            "summary": self.tr("Summary"),
            "files": self.tr("Files"),
            "messages": self.tr("Messages"),
        }

    def _note_of(self, overview: ContextOverview) -> tuple[str, str, str]:
        """The most important thing to say, its colour and its icon."""
        if overview.alarm is not None:
            return self.tr("Last request was cut"), "danger", "warning"
        if overview.served is not None and overview.served < overview.window:
            text = self.tr("The server serves only {} tokens").format(count(overview.served))
            return text, "danger", "warning"
        if overview.memory_as_begun:
            text = self.tr("Memory as it was when this run began; what changed since shows from the next one on")
            return text, "text2", "info"
        if overview.messages_out:
            return self._left_text(overview.messages_out), "text2", "info"
        if overview.last_real is not None:
            read = self.tr("Server read {} tokens, nothing was cut").format(count(overview.last_real))
            return read, "text2", "check"
        return self.tr("Estimated; the server has not counted yet"), "text2", "info"

    def _left_text(self, number: int) -> str:
        """True of messages that no longer fit, and of those of a window that was emptied."""
        one = self.tr("{} older message is left out, but searchable")
        return counted(number, one, self.tr("{} older messages are left out, but searchable"))
