"""What a server said of a tool when a person agreed to it, beside what it says now: both as a stranger's words."""

import json

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.json_value import JsonObject, array_of, object_of
from app.domain.mcp import McpOrigin
from app.domain.tool import Tool
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, frame_of, row_of
from app.ui.theme import Theme


class ChangeView(QWidget):
    """Hidden while nothing waits."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.digest = ""
        """Of the change that is shown, which is what a person agrees to; empty: nothing is shown."""
        self.source = Label(theme, "", "label", "warn")
        self.before, self.after = Label(theme, "", "base"), Label(theme, "", "base")
        for label in (self.source, self.before, self.after):
            label.setWordWrap(True)
        self._titles = (self.tr("You agreed to"), self.tr("It now says"))
        self.source.setAccessibleName(self.tr("What its server changed"))
        for label, title in zip((self.before, self.after), self._titles, strict=True):
            label.setAccessibleName(title)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        sides = row_of(theme, gap=10)
        for title, label in zip(self._titles, (self.before, self.after), strict=True):
            sides.addWidget(_side(theme, title, label), 1)
        self._column: QVBoxLayout = column_of(theme, self.source, sides, parent=self, gap=6)
        self.setVisible(False)

    def show_tool(self, tool: Tool | None) -> None:
        origin = None if tool is None else McpOrigin.of(tool)
        change = None if origin is None else origin.changed
        self.digest = "" if change is None else change.digest
        self.setVisible(change is not None)
        if tool is None or origin is None or change is None:
            return
        words = self.tr("The MCP server “{0}” has changed what it says of “{1}”. Both texts are the server's.")
        self.source.setText(words.format(origin.server_name, tool.name))
        self.source.setAccessibleName(self.source.text())
        texts = (self.described(one.description, one.parameters) for one in (tool, change))
        for label, title, text in zip((self.before, self.after), self._titles, texts, strict=True):
            label.setText(text)
            label.setAccessibleName(f"{title}: {text}")

    def described(self, description: str, parameters: JsonObject) -> str:
        """A description and each argument, in quotation marks: nothing of it is ours."""
        said = f"“{description}”" if description else self.tr("(no description)")
        needed = {str(one) for one in array_of(parameters.get("required"))}
        rows = [
            self._argument(name, object_of(told), name in needed)
            for name, told in object_of(parameters.get("properties")).items()
        ]
        return "\n".join((said, "", *(rows or [self.tr("No arguments")])))

    def _argument(self, name: str, told: JsonObject, needed: bool) -> str:
        words = str(told.get("description") or "")
        kind = str(told.get("type") or "")
        rest = {key: value for key, value in told.items() if key not in ("description", "type", "title")}
        facts = (kind, self.tr("needed") if needed else "", json.dumps(rest, ensure_ascii=False) if rest else "")
        note = ", ".join(one for one in facts if one)
        return "".join((f"• {name}", f" ({note})" if note else "", f": “{words}”" if words else ""))


def _side(theme: Theme, title: str, text: Label) -> QWidget:
    side = frame_of("card")
    column_of(theme, Label(theme, title, "label", "text2"), text, None, parent=side, inset=(10, 8, 10, 8), gap=4)
    return side
