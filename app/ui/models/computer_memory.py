"""“This computer”: how much memory there is, what takes it, and what a chosen model would take."""

from PySide6.QtWidgets import QFrame

from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow, row_of
from app.ui.kit.wording import count
from app.ui.models.memory_bar import MemoryBar, MemoryPart
from app.ui.state.model_entries import ModelEntry
from app.ui.state.view_context import ViewContext


class MemoryCard(QFrame):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self.setProperty("kind", "card")
        self._wish: ModelEntry | None = None
        name = Label(theme, self.tr("This computer"), "base")
        name.set_weight(600)
        self._total = Label(theme, "", "label", "text2")
        self.bar = MemoryBar(theme)
        names = column_of(theme, name, self._total, None, gap=1)
        row = row_of(theme, names, self.bar, parent=self, inset=(14, 10, 14, 8), gap=20)
        row.setStretch(1, 1)
        follow(theme, self, lambda: self._total.setMinimumWidth(theme.px(150)))
        view.catalog.changed.connect(self._refresh)
        self._refresh()

    def show_wish(self, line: ModelEntry | None) -> None:
        """The model that a person thinks of."""
        self._wish = line
        self._refresh()

    def _refresh(self) -> None:
        memory = self._view.catalog.known.memory
        if not memory.total_bytes:
            self.hide()
            return
        if self.parentWidget() is not None:
            self.show()
        self._total.setText(self.tr("{:.0f} GB of memory").format(memory.total_bytes / 1e9))
        loaded = [MemoryPart(one.name, one.bytes, "part_tools") for one in memory.loaded]
        rest = max(0, (memory.used_bytes or 0) - sum(part.amount for part in loaded))
        wished = self._wished()
        if wished and rest + sum(part.amount for part in (*loaded, *wished)) > memory.total_bytes:
            # A server puts away what it does not need before it loads another model.
            loaded = []
        in_use = MemoryPart(self.tr("In use"), rest, "part_system")
        self.bar.set_parts([in_use, *loaded, *wished], memory.total_bytes)

    def _wished(self) -> list[MemoryPart]:
        line = self._wish
        if line is None or line.need is None or line.loaded is not None:
            return []
        file = min(line.size or line.need, line.need)
        rest = self.tr("Its context and work")
        if line.context:
            rest = self.tr("Its context of {} tokens").format(count(line.context))
        return [
            MemoryPart(line.name, file, "part_memory"),
            MemoryPart(rest, line.need - file, "accenttint", wish=True),
        ]
