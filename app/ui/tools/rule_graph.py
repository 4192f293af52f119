"""A small picture of an agent's tool rules: what begins, what follows what, what ends."""

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.domain.tool_rule import (
    ChildTools,
    Conditional,
    ExitLoop,
    ParentTool,
    RequiredBeforeExit,
    RequiresApproval,
    Rules,
    RunFirst,
    followers,
)
from app.ui.theme import Theme

BEGIN, END = "", "\n"
"""Names that no tool has."""
ROW, GAP, BESIDE = 26, 12, 44
"""Height of a box, room below it and beside it, at 100 %."""
WIDEST = 190


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    label: str = ""
    """The return that leads this way."""
    dashed: bool = False
    """It may be gone, and only it leads there; a plain one must be gone."""


@dataclass(frozen=True)
class RuleGraph:
    """Columns of names from the beginning to the end of a turn, and what leads from one to another."""

    columns: tuple[tuple[str, ...], ...]
    edges: tuple[Edge, ...]
    required: frozenset[str]
    asked: frozenset[str]


def graph_of(rules: Rules, tool_names: Collection[str]) -> RuleGraph:
    """Only tools that some rule names are in it. A name is as far to the right as the shortest way to it is long."""
    edges = _edges(rules, tool_names)
    named = dict.fromkeys(name for rule in rules for name in (rule.tool_name, *followers(rule)) if name in tool_names)
    depth = {BEGIN: 0}
    edge = [BEGIN]
    while edge:
        after = [one.target for name in edge for one in edges if one.source == name and one.target not in depth]
        depth |= dict.fromkeys(after, max(depth.values()) + 1)
        edge = after
    depth.pop(END, None)
    last = max(depth.values())
    depth |= {name: 1 for name in named if name not in depth}
    shown = (*((BEGIN,) if any(one.source == BEGIN for one in edges) else ()), *named)
    columns = [tuple(name for name in shown if depth.get(name) == at) for at in range(max(last, 1) + 1)]
    ends = ((END,),) if any(one.target == END for one in edges) else ()
    return RuleGraph(
        columns=(*(column for column in columns if column), *ends),
        edges=edges,
        required=frozenset(rule.tool_name for rule in rules if isinstance(rule, RequiredBeforeExit)),
        asked=frozenset(rule.tool_name for rule in rules if isinstance(rule, RequiresApproval)),
    )


def _edges(rules: Rules, tool_names: Collection[str]) -> tuple[Edge, ...]:
    found: list[Edge] = []
    for rule in rules:
        match rule:
            case RunFirst():
                found.append(Edge(BEGIN, rule.tool_name))
            case ExitLoop():
                found.append(Edge(rule.tool_name, END))
            case ChildTools():
                found += (Edge(rule.tool_name, child) for child in rule.children)
            case ParentTool():
                found += (Edge(rule.tool_name, child, dashed=True) for child in rule.children)
            case Conditional():
                found += (Edge(rule.tool_name, tool, key) for key, tool in rule.child_output_mapping.items())
                if rule.default_child is not None:
                    found.append(Edge(rule.tool_name, rule.default_child, "…"))
            case _:
                pass
    known = {*tool_names, BEGIN, END}
    return tuple(dict.fromkeys(one for one in found if {one.source, one.target} <= known))


class RuleGraphView(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._graph = graph_of((), ())
        self._boxes: dict[str, QRectF] = {}
        self._size = QSize()
        self.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Order of calls"))
        theme.changed.connect(self._place)
        self._place()

    def show_rules(self, rules: Rules, tool_names: Collection[str]) -> None:
        self._graph = graph_of(rules, tool_names)
        ways = (f"{self._named(edge.source)} → {self._named(edge.target)}" for edge in self._graph.edges)
        self.setAccessibleDescription(", ".join(ways))
        self._place()

    def _named(self, name: str) -> str:
        return {BEGIN: self.tr("Begin"), END: self.tr("End")}.get(name, name)

    def _place(self) -> None:
        px, metrics = self._theme.px, QFontMetrics(self._theme.font("ids"))
        self._boxes, left, lowest = {}, float(px(2)), 0.0
        tallest = max((len(column) for column in self._graph.columns), default=0)
        for column in self._graph.columns:
            room = max(metrics.horizontalAdvance(self._named(name)) for name in column) + px(24)
            width = float(min(px(WIDEST), room))
            top = (tallest - len(column)) * (px(ROW) + px(GAP)) / 2 + px(GAP)
            for name in column:
                self._boxes[name] = QRectF(left, top, width, px(ROW))
                top += px(ROW) + px(GAP)
            lowest, left = max(lowest, top), left + width + px(BESIDE)
        self._size = QSize(max(0, int(left - px(BESIDE)) + px(2)), int(lowest))
        self.setMinimumSize(self._size)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return self._size

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for edge in self._graph.edges:
            self._paint_edge(painter, edge)
        for name, box in self._boxes.items():
            self._paint_box(painter, name, box)
        painter.end()

    def _paint_box(self, painter: QPainter, name: str, box: QRectF) -> None:
        theme, graph = self._theme, self._graph
        token = "accent" if name in graph.required else "warn" if name in graph.asked else "control"
        painter.setPen(theme.color(token))
        painter.setBrush(theme.color("sunken" if name in (BEGIN, END) else "surface"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), theme.px(6), theme.px(6))
        painter.setFont(theme.font("label" if name in (BEGIN, END) else "ids"))
        painter.setPen(theme.color("text2" if name in (BEGIN, END) else "text"))
        room = int(box.width()) - theme.px(12)
        words = painter.fontMetrics().elidedText(self._named(name), Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)

    def _paint_edge(self, painter: QPainter, edge: Edge) -> None:
        source, target = self._boxes.get(edge.source), self._boxes.get(edge.target)
        if source is None or target is None:
            return
        theme, bend = self._theme, self._theme.px(BESIDE) * 0.6
        beside = target.left() == source.left()
        back = target.left() < source.left()
        aside = theme.px(5) if target.top() >= source.top() else -theme.px(5)
        start = QPointF(source.center().x(), source.bottom()) if back else QPointF(source.right(), source.center().y())
        end = QPointF(target.center().x(), target.bottom()) if back else QPointF(target.left(), target.center().y())
        if beside:  # in one column: around its right side
            start, end = start + QPointF(0, aside), QPointF(target.right(), target.center().y() - aside)
        away = QPointF(0, bend) if back else QPointF(bend, 0)
        path = QPainterPath(start)
        path.cubicTo(start + away, end + (away if back or beside else -away), end)
        pen = painter.pen()
        pen.setColor(theme.color("teal"))
        pen.setWidthF(1.4 * theme.scale)
        pen.setStyle(Qt.PenStyle.DashLine if edge.dashed else Qt.PenStyle.SolidLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        tip, half = theme.px(7), theme.px(3)
        ahead = ((tip, -half), (tip, half)) if beside else ((-tip, -half), (-tip, half))
        wings = ((-half, tip), (half, tip)) if back else ahead
        painter.setBrush(theme.color("teal"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF([end, *(end + QPointF(x, y) for x, y in wings)]))
        if edge.label:
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("text2"))
            painter.drawText(path.pointAtPercent(0.5) + QPointF(-theme.px(10), -theme.px(4)), edge.label[:12])
