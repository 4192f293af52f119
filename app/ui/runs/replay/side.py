"""One column of a replay: what a model thought, called, answered and changed, and how long it took."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.domain.replay import ReplayCall, ReplayChange, ReplaySide
from app.ui.kit.badge import Badge
from app.ui.kit.diff import DiffView
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, empty, frame_of, hairline, row_of
from app.ui.kit.wording import count
from app.ui.runs.figures import Figure, FigureRow
from app.ui.runs.words import took
from app.ui.theme import Theme

ROWS = ("head", "reasoning", "calls", "answer", "memory", "numbers")
"""Names of the rows of the grid, top to bottom."""
MOST_REASONING, MOST_RESULT = 600, 400
"""Characters that are shown of it."""


@dataclass(frozen=True)
class Head:
    """Who it is: `A` and a name; what stands below it."""

    letter: str
    note: str


class SideColumn(QWidget):
    """Not shown itself: it owns the cells of its column, which stand in the grid."""

    def __init__(self, theme: Theme, head: Head, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        self._theme, self._head = theme, head
        self._shown: ReplaySide | None = None
        self.cells = {name: QFrame(parent) for name in ROWS}
        self._bodies: dict[str, QVBoxLayout] = {}
        for name, cell in self.cells.items():
            cell.setProperty("kind", "surface" if name != "head" else "panel")
            self._bodies[name] = column_of(theme, parent=cell, inset=(12, 9, 12, 9), gap=6)
        self._model = ElidedLabel(theme, "", "strong")
        self._state = Label(theme, "", "label", "muted")
        self._state.setWordWrap(True)
        letter = Badge(theme, head.letter, "accent" if head.letter == "A" else "")
        top = row_of(theme, letter, self._model, gap=8)
        top.setStretch(1, 1)
        self._bodies["head"].addLayout(top)
        self._bodies["head"].addWidget(self._state)
        self._bodies["head"].addStretch(1)
        self._reasoning, self._answer = self._text("reasoning", "text2"), self._text("answer", "")
        names = (self.tr("first token"), self.tr("in all"), self.tr("tokens out"), self.tr("model calls"))
        self._figures = tuple(Figure(theme, name, name_first=False) for name in names)
        self._numbers = FigureRow(theme, self._figures, 66)
        self._bodies["numbers"].addWidget(self._numbers)
        for name in ROWS:
            self.cells[name].setAccessibleName(head.letter)

    def _text(self, row: str, kind: str) -> Label:
        label = Label(self._theme, "", "base", kind)
        label.setWordWrap(True)
        _selectable(label)
        self._bodies[row].addWidget(label)
        self._bodies[row].addStretch(1)
        return label

    def drop(self) -> None:
        """Its cells leave the grid."""
        for cell in self.cells.values():
            cell.hide()
            cell.deleteLater()
        self.deleteLater()

    def show_side(self, side: ReplaySide, then: ReplaySide | None) -> None:
        """`then`: how it went, to tell what differs; None for that side itself."""
        before, self._shown = self._shown, side
        self._model.set_text(side.model)
        self._state.setText(self._state_of(side))
        self._state.set_kind("danger" if side.phase == "failed" else "muted")
        thoughts = side.reasoning.strip()
        cut = "…" if len(thoughts) > MOST_REASONING else ""
        self._reasoning.setText(f"{thoughts[:MOST_REASONING]}{cut}" if thoughts else self._none(side, self.tr("none")))
        self._answer.setText(side.text or self._none(side, self.tr("no words")))
        if before is None or before.calls != side.calls or before.phase != side.phase:
            self._show_calls(side, then)
        if before is None or before.changes != side.changes or before.phase != side.phase:
            self._show_changes(side.changes, side)
        self._show_numbers(side)

    def _none(self, side: ReplaySide, words: str) -> str:
        return words if side.phase == "done" else ""

    def _state_of(self, side: ReplaySide) -> str:
        if side.phase == "waits":
            return self.tr("Waits for the model…")
        if side.phase == "writes":
            return self.tr("Writes…")
        if side.phase == "failed":
            return side.words
        return self.tr("Stopped: it called tools without end") if side.cut else self._head.note

    def _show_calls(self, side: ReplaySide, then: ReplaySide | None) -> None:
        body = self._bodies["calls"]
        empty(body)
        if not side.calls:
            body.addWidget(Label(self._theme, self._none(side, self.tr("called nothing")), "base", "muted"))
        for at, call in enumerate(side.calls):
            body.addWidget(self._call(call, _difference(call, then.calls, at) if then is not None else ""))
        body.addStretch(1)

    def _call(self, call: ReplayCall, difference: str) -> QWidget:
        theme, card = self._theme, frame_of("card")
        words = {"tool": self.tr("other tool"), "words": self.tr("other words"), "more": self.tr("one more")}
        head = row_of(theme, ElidedLabel(theme, call.name, "mono"), None, gap=6)
        if difference:
            head.addWidget(Badge(theme, words[difference], "warn"))
        arguments = Label(theme, _spelled(call.arguments), "mono", "text2")
        result = Label(theme, _short(call.result, MOST_RESULT), "mono", "danger" if call.failed else "text2")
        for label in (arguments, result):
            label.setWordWrap(True)
            _selectable(label)
        kinds = {"recorded": "teal", "on a copy": "info", "not recorded": "warn"}
        names = {
            "recorded": self.tr("recorded"),
            "on a copy": self.tr("on a copy"),
            "not recorded": self.tr("not recorded"),
        }
        source = row_of(theme, Badge(theme, names[call.source], kinds[call.source]), None)
        column_of(theme, head, arguments, hairline(), source, result, parent=card, inset=(10, 8, 10, 8), gap=6)
        return card

    def _show_changes(self, changes: Sequence[ReplayChange], side: ReplaySide) -> None:
        body = self._bodies["memory"]
        empty(body)
        if not changes:
            body.addWidget(Label(self._theme, self._none(side, self.tr("nothing changed")), "base", "muted"))
        for change in changes:
            body.addWidget(Label(self._theme, self.tr("Block: {}").format(change.label), "label", "muted"))
            diff = DiffView(self._theme, compact=True)
            diff.set_texts(change.before, change.after)
            body.addWidget(diff)
        body.addStretch(1)

    def _show_numbers(self, side: ReplaySide) -> None:
        first = side.first_token_ms
        values = (
            "" if first is None else took(first * 1000),
            took(side.took_ms * 1000) if side.took_ms else "",
            count(side.completion_tokens) if side.completion_tokens else "",
            count(side.rounds) if side.rounds else "",
        )
        for figure, value in zip(self._figures, values, strict=True):
            figure.show_value(value)
        self._numbers.arrange()


def _difference(call: ReplayCall, then: Sequence[ReplayCall], at: int) -> str:
    """How a call differs from the one that was made then in its place."""
    if at >= len(then):
        return "more"
    if then[at].name != call.name:
        return "tool"
    return "" if _spelled(then[at].arguments) == _spelled(call.arguments) else "words"


def _spelled(arguments: str) -> str:
    """Arguments one to a line, in one order."""
    try:
        given = json.loads(arguments)
    except ValueError:
        return arguments
    if not isinstance(given, dict):
        return arguments
    return "\n".join(f"{name}: {json.dumps(given[name], ensure_ascii=False)}" for name in sorted(given))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _selectable(label: Label) -> None:
    """By the mouse alone: it is no stop of the keyboard."""
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
