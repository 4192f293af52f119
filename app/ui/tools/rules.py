"""The tool rules of an agent as a form with a small picture of them; what contradicts is said before it is saved."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.agent import Agent
from app.domain.rule_faults import rule_faults
from app.domain.tool_rule import Rules, RunFirst
from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, frame_of, hairline, row_of, scrolled
from app.ui.theme import Theme
from app.ui.tools.rule_graph import RuleGraphView
from app.ui.tools.rule_row import RuleRow


class RulesPane(QWidget):
    save_wanted = Signal(object)
    """The rules as they are to be."""
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._agent: Agent | None = None
        self._stored: Rules = ()
        self._drafts: dict[str, Rules] = {}
        """Of agents that are not shown, by id."""
        self._rows: list[RuleRow] = []
        self.setAccessibleName(self.tr("Tool rules"))
        self.title = Label(theme, "", "strong")
        self.back = Button(theme, self.tr("Back to the tools"), "ghost", "chevron-left", "small")
        self.add = Button(theme, self.tr("Add a rule"), "", "plus", "small")
        self.undo = Button(theme, self.tr("Discard"), "ghost", "", "small")
        self.save = Button(theme, self.tr("Save"), "primary", "", "small")
        self.empty = Label(
            theme,
            self.tr("Without rules the model may call any tool at any time. A rule holds every run of this agent."),
            "base",
            "muted",
        )
        self.empty.setWordWrap(True)
        self.faults = Label(theme, "", "label", "danger")
        self.faults.setWordWrap(True)
        self.graph = RuleGraphView(theme)
        self.legend = Label(
            theme,
            self.tr("Solid: what must follow. Dashed: what may only follow. Framed: needed before the end, or asked."),
            "caption",
            "muted",
        )
        self.legend.setWordWrap(True)
        self._lay_out()
        self.back.clicked.connect(lambda _checked=False: self.closed.emit())
        self.add.clicked.connect(lambda _checked=False: self._add())
        self.undo.clicked.connect(lambda _checked=False: self._fill(self._stored))
        self.save.clicked.connect(lambda _checked=False: self.save_wanted.emit(self.rules))

    def _lay_out(self) -> None:
        theme = self._theme
        bar, body = frame_of("panel"), QWidget()
        row_of(theme, self.back, self.title, None, self.undo, self.save, parent=bar, inset=(10, 6, 10, 6))
        lines = QWidget()
        self._lines: QVBoxLayout = column_of(theme, parent=lines, gap=6)
        row = row_of(theme, self.add, None)
        parts = (self.empty, lines, row, self.faults, hairline(), self.graph, self.legend, None)
        column_of(theme, *parts, parent=body, inset=(16, 12, 16, 12), gap=10)
        column_of(theme, bar, hairline(), scrolled(body, self.tr("Tool rules")), parent=self, gap=0)

    def show_agent(self, agent: Agent) -> None:
        """What was changed and is not saved stays, for each agent."""
        before, changed = self._agent, self.changed
        if before is not None and before.id != agent.id:
            self._drafts.pop(before.id, None)
            if changed:
                self._drafts[before.id] = self.rules
        same = before is not None and before.id == agent.id
        wanted = self.rules if same and changed else self._drafts.pop(agent.id, agent.tool_rules)
        redraw = before is None or not same or before.tool_names != agent.tool_names or wanted != self.rules
        self._agent, self._stored = agent, agent.tool_rules
        self.title.setText(self.tr("Tool rules of {}").format(agent.name))
        self._fill(wanted) if redraw else self._tell()

    @property
    def rules(self) -> Rules:
        return tuple(row.rule for row in self._rows)

    @property
    def changed(self) -> bool:
        return self._agent is not None and self.rules != self._stored

    def _fill(self, rules: Rules) -> None:
        names = self._agent.tool_names if self._agent is not None else ()
        for row in self._rows:
            self._lines.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [RuleRow(self._theme, rule, names) for rule in rules]
        for row in self._rows:
            self._lines.addWidget(row)
            row.changed.connect(self._tell)
            row.removed.connect(lambda row=row: self._remove(row))
        self._tell()

    def _add(self) -> None:
        names = self._agent.tool_names if self._agent is not None else ()
        if names:
            self._fill((*self.rules, RunFirst(type="run_first", tool_name=names[0])))
            self._rows[-1].tool.setFocus()

    def _remove(self, row: RuleRow) -> None:
        self._fill(tuple(other.rule for other in self._rows if other is not row))
        self.add.setFocus()

    def _tell(self) -> None:
        names = self._agent.tool_names if self._agent is not None else ()
        faults = rule_faults(self.rules, names) if self.changed else ()
        self.faults.setText("\n".join(dict.fromkeys(fault.text for fault in faults)))
        self.faults.setVisible(bool(faults))
        self.empty.setVisible(not self._rows)
        self.add.setEnabled(bool(names))
        self.save.setEnabled(self.changed and not faults)
        self.undo.setVisible(self.changed)
        for part in (self.graph, self.legend):
            part.setVisible(bool(self._rows))
        self.graph.show_rules(self.rules, names)
