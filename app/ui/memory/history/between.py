"""The whole memory between two points: a tab for each thing that was there, its difference, and who wrote each line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QTabBar

from app.domain.block import Block
from app.domain.history import Blame, MemoryBetween, MemoryEvent, kind_of
from app.ui.kit.diff import DiffView, Writer
from app.ui.kit.labels import ElidedLabel
from app.ui.kit.layout import column_of, follow, frame_of, hairline, row_of
from app.ui.kit.text_diff import DiffModel
from app.ui.kit.wording import count, full_time
from app.ui.memory.history.sentences import KIND_LOOK, actor_name, counts_in_words, tr
from app.ui.theme import Theme

SETTINGS, SUMMARY, ARCHIVE = "settings", "summary", "archive"
"""Keys of what is no block."""


@dataclass(frozen=True)
class Thing:
    """Something that has a text at both points."""

    key: str
    """Id of a block, or what it is."""
    label: str
    before: str
    after: str
    limit: int = 0


class BetweenView(QFrame):
    blame_wanted = Signal(str)
    """Id of the block that is shown now."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._things: tuple[Thing, ...] = ()
        self._agent_name = ""
        self._words = ""
        self.setProperty("kind", "surface")
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(self.tr("What is compared"))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.currentChanged.connect(lambda: self._show())
        self.diff = DiffView(theme)
        self._summary = ElidedLabel(theme, "", "label", "text2")
        foot = frame_of("panel")
        row_of(theme, self._summary, parent=foot, inset=(14, 6, 14, 6)).setStretch(0, 1)
        column_of(theme, self.tabs, hairline(), self.diff, hairline(), foot, parent=self, gap=0)
        follow(theme, self, self._restyle)

    def _restyle(self) -> None:
        self.tabs.setFont(self._theme.font("label", 500))

    @property
    def shown(self) -> Thing | None:
        at = self.tabs.currentIndex()
        return self._things[at] if 0 <= at < len(self._things) else None

    def show_between(self, between: MemoryBetween, agent_name: str, wanted: str) -> None:
        """`wanted`: key of the thing to show where nothing else was chosen; the one that is shown stays."""
        kept = self.shown.key if self.shown is not None and not wanted else wanted
        self._things, self._agent_name = things_of(between), agent_name
        self._words = self.tr("Between A and B: {}").format(counts_in_words(between.counts, agent_name))
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for thing in self._things:
            self.tabs.addTab(self._title(thing))
        place = next((at for at, thing in enumerate(self._things) if thing.key == kept), 0)
        self.tabs.setCurrentIndex(place)
        self.tabs.blockSignals(False)
        self._show()

    def _title(self, thing: Thing) -> str:
        if thing.before == thing.after:
            return self.tr("{}, same").format(thing.label)
        model = DiffModel.of(thing.before, thing.after)
        return f"{thing.label}  +{model.added} −{model.removed}"

    def _show(self) -> None:
        thing = self.shown
        self.diff.set_texts(thing.before if thing else "", thing.after if thing else "")
        chars = ""
        if thing is not None and thing.limit:
            chars = self.tr("{} of {} characters. ").format(count(len(thing.after)), count(thing.limit))
        self._summary.set_text(chars + self._words)
        if thing is not None and thing.limit:
            self.blame_wanted.emit(thing.key)

    def show_blame(self, key: str, before: Blame, after: Blame) -> None:
        """Who wrote the lines of a block at the two points; of another one than is shown by now: nothing."""
        if self.shown is not None and self.shown.key == key:
            self.diff.set_writers(self._writers(before), self._writers(after))

    def _writers(self, blame: Blame) -> Sequence[Writer | None]:
        known = {event.seq: self._writer(event) for event in blame.events}
        return [known.get(seq) if seq is not None else None for seq in blame.of_line]

    def _writer(self, event: MemoryEvent) -> Writer:
        icon, token = KIND_LOOK[kind_of(event)]
        return Writer(icon, token, f"{actor_name(event, self._agent_name)}, {full_time(event.at)}")


def things_of(between: MemoryBetween) -> tuple[Thing, ...]:
    """Blocks first, those that differ before the others; then the archive, the summary and the settings."""
    before = {block.id: block for block in between.before.blocks}
    after = {block.id: block for block in between.after.blocks}
    blocks = [_block(before.get(id), after.get(id)) for id in dict.fromkeys((*after, *before))]
    blocks.sort(key=lambda thing: thing.before == thing.after)
    others = [
        Thing(ARCHIVE, tr("Archive"), _lines(between, "before"), _lines(between, "after")),
        Thing(SUMMARY, tr("Summary"), between.before.summary, between.after.summary),
        Thing(SETTINGS, tr("Settings"), _settings(between.before.settings), _settings(between.after.settings)),
    ]
    return (*blocks, *(thing for thing in others if thing.before != thing.after))


def _block(before: Block | None, after: Block | None) -> Thing:
    named = after or before
    assert named is not None
    old, new = before.value if before else "", after.value if after else ""
    return Thing(named.id, named.label, old, new, named.limit)


def _lines(between: MemoryBetween, side: str) -> str:
    texts = (entry.before if side == "before" else entry.after for entry in between.entries)
    return "\n".join(text for text in texts if text is not None)


def _settings(fields: dict[str, Any]) -> str:
    """One to a line, the system prompt last as it stands."""
    lines: list[str] = []
    for name, value in fields.items():
        if name == "system":
            continue
        if isinstance(value, dict):
            lines += [f"{name}.{key}: {inner}" for key, inner in cast("dict[str, object]", value).items()]
        else:
            lines.append(f"{name}: {value}")
    return "\n".join((*lines, str(fields.get("system", ""))))
