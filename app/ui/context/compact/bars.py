"""The window as it is, and as it would be: two bars of the same length, with one legend."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from app.domain.context import ContextOverview
from app.ui.context.token_bar import TokenBar
from app.ui.kit.flow import Flow
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, follow
from app.ui.kit.wording import count
from app.ui.theme import Theme

HEIGHT = 24
FIXED = ("system", "tools", "tool_rules", "memory", "files")
"""What a compaction never touches."""


@dataclass(frozen=True)
class Weights:
    """Calibrated estimates, in tokens."""

    leaving: int
    staying: int
    old_summary: int
    new_summary: int


class BeforeAfter(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._names = {
            "system": self.tr("System"),
            "tools": self.tr("Tools"),
            "tool_rules": self.tr("Tool rules"),
            "memory": self.tr("Memory"),
            "files": self.tr("Files"),
            "summary": self.tr("Summary"),
            "messages": self.tr("Messages"),
        }
        self._now, self._after = TokenBar(theme, HEIGHT), TokenBar(theme, HEIGHT)
        self._now.setAccessibleName(self.tr("Context window now"))
        self._after.setAccessibleName(self.tr("Context window after compacting"))
        self._now_words, self._after_words = Label(theme, "", "strong"), Label(theme, "", "strong", "ok")
        self._near = Label(theme, "", "caption", "muted")
        self._entries: dict[str, Label] = {}
        self._told: tuple[dict[str, int], dict[str, int], int] = ({}, {}, 0)
        self._grid = QGridLayout(self)
        for at, (title, note, bar, words) in enumerate(
            (
                (self.tr("Now"), self._near, self._now, self._now_words),
                (
                    self.tr("After"),
                    Label(theme, self.tr("as below"), "caption", "muted"),
                    self._after,
                    self._after_words,
                ),
            )
        ):
            side = QWidget()
            column_of(theme, Label(theme, title, "label", ""), note, parent=side, gap=0)
            self._grid.addWidget(side, at, 0)
            self._grid.addWidget(bar, at, 1)
            self._grid.addWidget(words, at, 2)
        self.legend = QWidget()
        self._flow = Flow(self.legend)
        self._grid.addWidget(self.legend, 2, 1, 1, 2)
        self._grid.setColumnStretch(1, 1)
        follow(theme, self, self._restyle)

    def _restyle(self) -> None:
        px = self._theme.px
        self._grid.setContentsMargins(px(16), px(10), px(16), px(10))
        self._grid.setHorizontalSpacing(px(14))
        self._grid.setVerticalSpacing(px(8))
        self._flow.setSpacing(px(16))
        self._tell()

    def show_weights(self, overview: ContextOverview, weights: Weights) -> None:
        fixed: dict[str, int] = {}
        for part in overview.parts:
            if part.kind in FIXED:
                fixed[part.kind] = fixed.get(part.kind, 0) + part.tokens
        before = [*fixed.items(), ("summary", weights.old_summary), ("messages", weights.leaving + weights.staying)]
        after = [*fixed.items(), ("summary", weights.new_summary), ("messages", weights.staying)]
        window, kept = overview.window, overview.kept_for_reply
        for bar, parts in ((self._now, before), (self._after, after)):
            bar.set_parts([(kind, self._names[kind], tokens) for kind, tokens in parts], window, kept)
        of = self.tr("{0} of {1}")
        self._now_words.setText(of.format(count(self._now.used), count(window)))
        self._now_words.set_kind("warn" if self._now.near_limit else "")
        self._after_words.setText(of.format(count(self._after.used), count(window)))
        self._after_words.set_kind("ok" if self._after.used < self._now.used else "warn")
        room = window - kept - self._now.used
        self._near.setText(self.tr("{} tokens of room").format(count(room)) if room >= 0 else self.tr("over its limit"))
        self._told = (dict(before), dict(after), kept)
        self._tell()

    def _tell(self) -> None:
        """Entries are made once and change: a row of them grows and shrinks while one types."""
        before, after, kept = self._told
        for kind, tokens in before.items():
            then = after[kind]
            words = count(tokens) if tokens == then else f"{count(tokens)} → {count(then)}"
            self._enter(kind, f"part_{kind}", self._names[kind], words if tokens or then else "")
        self._enter("kept", "control", self.tr("Reply"), count(kept) if kept else "")

    def _enter(self, kind: str, token: str, name: str, words: str) -> None:
        """`words`: how much it is; empty: it is not shown."""
        entry = self._entries.get(kind)
        if entry is None:
            entry = self._entries[kind] = Label(self._theme, "", "label", "text2", self.legend)
            entry.setTextFormat(Qt.TextFormat.RichText)
            self._flow.addWidget(entry)
        colour = self._theme.color(token).name()
        entry.setText(f'<span style="color:{colour}">■</span>&nbsp; {name}&nbsp; <b>{words}</b>')
        entry.setAccessibleName(f"{name} {words}")
        entry.setVisible(bool(words))
