"""A window with every widget in every state, for looking at: `python -m tests.support.window.gallery folder`."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QRadioButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.domain.block import Block
from app.domain.history import MemoryEvent, Origin
from app.ui.context.token_bar import TokenBar, TokenLegend
from app.ui.kit.badge import Badge
from app.ui.kit.banner import Banner
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.diff import DiffView
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.field import Field
from app.ui.kit.flame import Flame
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.number_field import NumberField
from app.ui.kit.section import Section
from app.ui.kit.segmented import Segmented
from app.ui.kit.splitter import Splitter
from app.ui.kit.switch import Switch
from app.ui.kit.tile import Tile
from app.ui.kit.toast import ToastHost
from app.ui.kit.usage_bar import UsageBar
from app.ui.memory.block_card import BlockCard
from app.ui.palette.palette import Palette, PaletteRow
from app.ui.theme import Theme, set_prop

HUMAN = "Name: Brad.\nPartner: Mia, vegetarian.\nCooks on Saturdays, has one hour.\n" + "\n".join(
    f"Line {n}" for n in range(4)
)
PARTS = [
    ("system", "System", 431),
    ("tools", "Tools", 1118),
    ("memory", "Memory", 642),
    ("summary", "Summary", 380),
    ("messages", "Messages", 6841),
]
BEFORE = "Name: Chad.\nPartner: Mia, vegetarian.\nCooks on Saturdays.\n" + "\n".join(f"line {n}" for n in range(40))
AFTER = BEFORE.replace("Chad", "Brad").replace("Saturdays.", "Saturdays, has one hour.") + "\nlast"


def a_block(label: str, value: str, limit: int = 2000, **fields: object) -> Block:
    at = int(time.time() * 1e6)
    return Block(id=f"block-{label}", label=label, value=value, limit=limit, created_at=at, updated_at=at, **fields)  # pyright: ignore[reportArgumentType]


def a_change(before: str, after: str, seconds_ago: float = 4, seq: int = 7) -> MemoryEvent:
    return MemoryEvent(
        seq=seq,
        id=f"event-{seq}",
        at=int((time.time() - seconds_ago) * 1e6),
        agent_id="agent-1",
        target_kind="block",
        target_id="block-human",
        label="human",
        op="update",
        before={"value": before},
        after={"value": after},
        version=7,
        origin=Origin(actor="agent"),
    )


class Gallery(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        row = QHBoxLayout(self)
        row.setContentsMargins(*[theme.px(14)] * 4)
        row.setSpacing(theme.px(16))
        for build in (self._controls, self._states, self._texts, self._cards, self._more_cards):
            holder = QWidget(self)
            holder.setFixedWidth(theme.px(344))
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(theme.px(8))
            build(column.addWidget, column)
            column.addStretch(1)
            row.addWidget(holder)

    def _line(self, column: QVBoxLayout, *widgets: QWidget) -> None:
        row = QHBoxLayout()
        row.setSpacing(self.theme.px(6))
        for widget in widgets:
            row.addWidget(widget)
        row.addStretch(1)
        column.addLayout(row)

    def _controls(self, add: Callable[[QWidget], object], column: QVBoxLayout) -> None:
        theme = self.theme
        for size in ("small", "", "big"):
            self._line(
                column, *(Button(theme, role.title() or "Normal", role, "undo", size) for role in ("", "primary"))
            )
            self._line(
                column, *(Button(theme, role.title(), role, "stop", size) for role in ("danger", "ghost", "link"))
            )
        off = [Button(theme, "Off", role, "check") for role in ("", "primary", "danger")]
        ringed = [Button(theme, "Ring", role) for role in ("", "primary")]
        for button in off:
            button.setEnabled(False)
        for button in ringed:
            set_prop(button, "ring", True)
        self._line(column, *off, *ringed)
        self._line(column, *(IconButton(theme, name, name) for name in ("search", "download", "plus", "more", "moon")))
        self._line(
            column, *(Tile(theme, name, name) for name in ("Juno", "Archivist", "Field", "Code", "Vesta")), Flame(theme)
        )
        kinds = ("", "ok", "warn", "danger")
        self._line(column, *(Badge(theme, kind or "plain", kind, "check") for kind in kinds))
        self._line(column, *(Badge(theme, kind, kind) for kind in ("info", "plum", "teal", "accent")))
        add(Segmented(theme, [("simple", "Simple"), ("inter", "Interactive"), ("debug", "Debug")], "inter"))
        add(Segmented(theme, [("user", "User", "user"), ("system", "System", "system")]))
        for on, live in ((True, True), (False, True), (True, False)):
            switch = Switch(theme, "Change its own memory")
            switch.setChecked(on)
            switch.setEnabled(live)
            add(switch)
        ringed_switch = Switch(theme, "Write files")
        set_prop(ringed_switch, "ring", True)
        add(ringed_switch)
        check, radio = QCheckBox("Check"), QRadioButton("Radio")
        check.setChecked(True)
        radio.setChecked(True)
        self._line(column, check, radio, QCheckBox("Off"), QRadioButton("Off"))
        combo = QComboBox()
        combo.addItem(theme.icon("model"), "ollama/qwen3:8b")
        add(combo)
        spin = NumberField(theme)
        spin.setRange(0, 9999)
        spin.setValue(1200)
        add(spin)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setValue(40)
        add(slider)
        bar = QProgressBar()
        bar.setValue(56)
        add(bar)
        self._line(column, Label(theme, "Page title", "page"), Label(theme, "11,111 00,000", "ids", "muted"))

    def _states(self, add: Callable[[QWidget], object], column: QVBoxLayout) -> None:
        theme = self.theme
        good = Field(theme, "Name", QLineEdit("Juno"), "Shown in the list.")
        bad = Field(theme, "Address", QLineEdit("127.0.0.1:"))
        bad.set_error("This address has no port. Ollama listens on 11434 unless you changed it.")
        closed = QLineEdit("agent-4c1e")
        closed.setReadOnly(True)
        empty = QLineEdit()
        empty.setPlaceholderText("Reason for refusing")
        for widget in (good, bad, closed, empty):
            add(widget)
        off = QLineEdit("Disabled")
        off.setEnabled(False)
        add(off)
        add(QPlainTextEdit("Several lines\nof text"))
        column.itemAt(column.count() - 1).widget().setFixedHeight(theme.px(60))
        bar = TokenBar(theme)
        bar.set_parts(PARTS, 16384, 2048)
        add(bar)
        add(TokenLegend(theme, bar))
        cut = TokenBar(theme, 26)
        cut.set_parts(PARTS, 16384, 2048, served=12000)
        add(cut)
        unknown = TokenBar(theme)
        unknown.set_parts(PARTS, 0, 0)
        add(unknown)
        for used in (222, 1900, 2100):
            usage = UsageBar(theme)
            usage.set_usage(used, 2000, "accent")
            add(usage)
        section = Section(theme, "Tools", "7", "1,118 tokens", foldable=True)
        section.add_action("plus", "Add a tool", lambda: None)
        section.add(ElidedLabel(theme, "A very long name of a tool that does not fit in here at all, no", "mono"))
        add(section)
        add(Section(theme, "Sleep-time, compaction, output", foldable=True, folded=True))
        add(
            EmptyState(
                theme,
                "archive",
                "The archive is empty",
                "Code review stores long-lived notes here when it learns something. You can add the first one.",
                [("Add a passage", lambda: None), ("Import…", lambda: None)],
            )
        )

    def _texts(self, add: Callable[[QWidget], object], column: QVBoxLayout) -> None:
        theme = self.theme
        for kind, words in (("info", "It went on from step 2 without losing anything."), ("danger", "")):
            banner = Banner(theme)
            actions = (
                [("Show the run", lambda: None)]
                if kind == "info"
                else [("Details", lambda: None), ("Serve 16,384", lambda: None)]
            )
            banner.show_message(
                "x",
                words or "Ollama cut the last request",
                kind,
                "" if words else "It read 4,096 tokens.",
                actions,
                kind == "info",
            )
            add(banner)
        card = QFrame()
        card.setProperty("kind", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(1, theme.px(6), 1, theme.px(6))
        compact = DiffView(theme, compact=True)
        compact.set_texts(BEFORE, AFTER)
        inside.addWidget(compact)
        add(card)
        full = DiffView(theme)
        full.set_texts(BEFORE, AFTER)
        full.setFixedHeight(theme.px(260))
        add(full)
        same = DiffView(theme, compact=True)
        same.set_texts("a", "a")
        add(same)

    def _cards(self, add: Callable[[QWidget], object], column: QVBoxLayout) -> None:
        theme = self.theme
        cards = [BlockCard(theme, "Juno") for _ in range(7)]
        was = HUMAN.replace("Brad", "Chad")
        cards[0].set_block(a_block("human", HUMAN, version=7), a_change(was, HUMAN))
        cards[1].set_block(a_block("persona", "I am Juno. I am brief, warm and exact.", read_only=True))
        cards[2].set_block(a_block("household", "Oven: 60 cm, fan. No gas hob.", 4000), None, 2)
        cards[3].set_block(a_block("plans", "Sat 28 Nov: dinner for six, risotto. " * 30, 1200))
        cards[4].set_block(a_block("over", "x" * 37 + " words" * 20, 120))
        cards[5].set_block(a_block("empty", ""))
        cards[6].set_block(a_block("removed", "One line."), a_change("One line.\nTwo lines.", "One line."))
        for card in cards:
            add(card)

    def _more_cards(self, add: Callable[[QWidget], object], column: QVBoxLayout) -> None:
        theme = self.theme
        editing, conflict, form = (BlockCard(theme, "Juno") for _ in range(3))
        value = "Tests live beside the code.\nPrices are integers."
        editing.set_block(a_block("editing", value))
        editing.begin_edit()
        editing.editor.field.setPlainText(value + "\nMore.")
        conflict.set_block(a_block("conventions", value, version=2))
        conflict.begin_edit()
        conflict.editor.field.setPlainText(value.replace("integers", "integers, in cents"))
        conflict.set_block(a_block("conventions", "Every test lives beside the code.\nPrices are integers.", version=3))
        conflict.editor.show_both.click()
        form.set_block(a_block("limits", "Some text."))
        form.head.picked.emit("limit")
        over = BlockCard(theme)
        over.set_block(a_block("too_long", "Short.", 40))
        over.begin_edit()
        over.editor.field.setPlainText("This text is quite a bit longer than forty characters.")
        many = BlockCard(theme)
        many.set_block(a_block("a_rather_long_label", "Much.", 5, read_only=True), a_change("", "Much."), 3)
        for card in (editing, conflict, form, over, many):
            add(card)


def shot(app: QApplication, theme: Theme, widget: QWidget, path: Path) -> None:
    widget.show()
    for _ in range(6):
        app.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    widget.grab().save(str(path))


def overlays(theme: Theme) -> QWidget:
    window = QWidget()
    window.resize(theme.px(900), theme.px(460))
    host = ToastHost(theme, window)
    host.show_toast("“plans” was restored to version 11", "Saved as version 13", "undo", "Undo")
    host.show_toast("Ollama does not answer at 127.0.0.1:11434. Your message is kept.", kind="error")
    palette = Palette(theme, window)
    rows = [
        PaletteRow("agent", "Juno", "agent"),
        PaletteRow("memory", "human", "block of Juno"),
        PaletteRow("history", "Memory history", "view", "Ctrl 2"),
    ]
    palette.open_palette(lambda _query: rows)
    splitter = Splitter(theme, parent=window)
    for _ in range(3):
        splitter.addWidget(QWidget())
    splitter.setGeometry(QRect(0, 0, theme.px(900), theme.px(60)))
    splitter.show()
    palette.raise_()
    return window


def main(folder: Path) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    folder.mkdir(parents=True, exist_ok=True)
    theme = Theme(app, "light", reduced_motion=True)
    for scale in (1.0, 2.0):
        for mode in ("light", "dark"):
            theme.set_mode(mode)
            theme.set_scale(scale)
            for name, build in (("gallery", Gallery), ("overlays", overlays)):
                widget = build(theme)
                shot(app, theme, widget, folder / f"{name}-{mode}-{int(scale * 100)}.png")
                image = QImage(str(folder / f"{name}-{mode}-{int(scale * 100)}.png"))
                assert not image.isNull()
                widget.deleteLater()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
