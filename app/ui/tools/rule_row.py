"""One tool rule as a line of a form: which tool, what holds for it, and with which others."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QWidget

from app.domain.tool_rule import (
    ChildTools,
    Conditional,
    ContinueLoop,
    ExitLoop,
    MaxCount,
    ParentTool,
    RequiredBeforeExit,
    RequiresApproval,
    RunFirst,
    ToolRule,
    followers,
)
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.layout import Choice, row_of
from app.ui.kit.number_field import NumberField
from app.ui.theme import Theme

MOST = 999
KINDS = (
    "run_first",
    "required_before_exit",
    "constrain_child_tools",
    "parent_last_tool",
    "conditional",
    "max_count_per_step",
    "exit_loop",
    "continue_loop",
    "requires_approval",
)
ANY, NONE = "", "\n"


class RuleRow(QWidget):
    changed = Signal()
    removed = Signal()

    def __init__(self, theme: Theme, rule: ToolRule, tool_names: Sequence[str]) -> None:
        super().__init__()
        self._names = tuple(dict.fromkeys((*tool_names, rule.tool_name, *followers(rule))))
        self._kept = rule
        """What the form does not show of it stays as it was."""
        self._chosen = followers(rule)
        words = {
            "run_first": self.tr("begins the turn"),
            "required_before_exit": self.tr("must be called before the end"),
            "constrain_child_tools": self.tr("is followed only by"),
            "parent_last_tool": self.tr("must come right before"),
            "conditional": self.tr("decides by its return what follows"),
            "max_count_per_step": self.tr("is called at most"),
            "exit_loop": self.tr("ends the turn"),
            "continue_loop": self.tr("lets the turn continue"),
            "requires_approval": self.tr("asks you first"),
        }
        self.tool = Choice(self.tr("Tool of the rule"))
        for name in self._names:
            self.tool.addItem(name, name)
        self.kind = Choice(self.tr("Kind of the rule"))
        for kind in KINDS:
            self.kind.addItem(words[kind], kind)
        self.others = Button(theme, "", "", "", "small")
        self._menu = QMenu(self.others)
        self.others.setMenu(self._menu)
        self.times = NumberField(theme)
        self.times.setRange(1, MOST)
        self.times.setSuffix(self.tr(" times in a turn"))
        self.times.setAccessibleName(self.tr("How often at most"))
        self.returns = QLineEdit()
        self.returns.setPlaceholderText(self.tr("return → tool, return → tool"))
        self.returns.setAccessibleName(self.tr("Which return leads to which tool"))
        self.otherwise = Choice(self.tr("After any other return"))
        self.otherwise.addItem(self.tr("else any tool"), ANY)
        self.otherwise.addItem(self.tr("else none"), NONE)
        for name in self._names:
            self.otherwise.addItem(self.tr("else {}").format(name), name)
        self.remove = IconButton(theme, "trash", self.tr("Remove this rule"), size=14, box=24)
        parts = (self.tool, self.kind, self.others, self.times, self.returns, self.otherwise, None, self.remove)
        self._row: QHBoxLayout = row_of(theme, *parts, parent=self, gap=6)
        self._show(rule)
        self.tool.currentIndexChanged.connect(self._tell)
        self.kind.currentIndexChanged.connect(self._tell)
        self.times.valueChanged.connect(self._tell)
        self.returns.textChanged.connect(self._tell)
        self.otherwise.currentIndexChanged.connect(self._tell)
        self.remove.clicked.connect(lambda _checked=False: self.removed.emit())

    def _show(self, rule: ToolRule) -> None:
        self.tool.setCurrentIndex(self.tool.findData(rule.tool_name))
        self.kind.setCurrentIndex(self.kind.findData(rule.type))
        for name in self._names:
            action = QAction(name, self._menu)
            action.setCheckable(True)
            action.setChecked(name in self._chosen)
            action.toggled.connect(self._pick)
            self._menu.addAction(action)
        if isinstance(rule, MaxCount):
            self.times.setValue(max(1, rule.max_count_limit))
        if isinstance(rule, Conditional):
            self.returns.setText(", ".join(f"{key} → {tool}" for key, tool in rule.child_output_mapping.items()))
            default = rule.default_child or (NONE if rule.require_output_mapping else ANY)
            self.otherwise.setCurrentIndex(self.otherwise.findData(default))
        self._arrange()

    def _pick(self) -> None:
        self._chosen = tuple(action.text() for action in self._menu.actions() if action.isChecked())
        self._tell()

    def _tell(self) -> None:
        self._arrange()
        self.changed.emit()

    def _arrange(self) -> None:
        kind = self.kind.currentData()
        self.others.setVisible(kind in ("constrain_child_tools", "parent_last_tool"))
        self.others.setText(", ".join(self._chosen) or self.tr("Choose tools"))
        self.others.setAccessibleName(self.tr("Other tools of the rule: {}").format(", ".join(self._chosen)))
        self.times.setVisible(kind == "max_count_per_step")
        for widget in (self.returns, self.otherwise):
            widget.setVisible(kind == "conditional")

    @property
    def rule(self) -> ToolRule:
        """As it stands in the form."""
        name = str(self.tool.currentData())
        kept = self._kept if self._kept.tool_name == name and self._kept.type == self.kind.currentData() else None
        template = kept.prompt_template if kept is not None else None
        match self.kind.currentData():
            case "run_first":
                args = kept.args if isinstance(kept, RunFirst) else None
                return RunFirst(type="run_first", tool_name=name, prompt_template=template, args=args)
            case "required_before_exit":
                return RequiredBeforeExit(type="required_before_exit", tool_name=name, prompt_template=template)
            case "constrain_child_tools":
                nodes = kept.child_arg_nodes if isinstance(kept, ChildTools) else None
                children = {"children": self._chosen, "child_arg_nodes": nodes, "prompt_template": template}
                return ChildTools.model_validate({"type": "constrain_child_tools", "tool_name": name, **children})
            case "parent_last_tool":
                return ParentTool(
                    type="parent_last_tool", tool_name=name, prompt_template=template, children=self._chosen
                )
            case "conditional":
                return self._conditional(name, template)
            case "max_count_per_step":
                limit = self.times.value()
                return MaxCount(
                    type="max_count_per_step", tool_name=name, prompt_template=template, max_count_limit=limit
                )
            case "exit_loop":
                return ExitLoop(type="exit_loop", tool_name=name, prompt_template=template)
            case "continue_loop":
                return ContinueLoop(type="continue_loop", tool_name=name, prompt_template=template)
            case _:
                return RequiresApproval(type="requires_approval", tool_name=name, prompt_template=template)

    def _conditional(self, name: str, template: str | None) -> Conditional:
        pairs = (one.replace("->", "→").partition("→") for one in self.returns.text().split(","))
        mapping = {key.strip(): tool.strip() for key, _, tool in pairs if key.strip() and tool.strip()}
        otherwise = self.otherwise.currentData()
        return Conditional(
            type="conditional",
            tool_name=name,
            prompt_template=template,
            child_output_mapping=mapping,
            default_child=otherwise if otherwise not in (ANY, NONE) else None,
            require_output_mapping=otherwise == NONE,
        )
