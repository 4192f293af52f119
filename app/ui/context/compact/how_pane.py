"""How a window is compacted: what stays as it is, the agent's settings for it, what it costs, and the button."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSlider, QWidget

from app.domain.compaction import LEAST_CHARS, CompactionSettings
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Choice, Icon, column_of, follow, hairline, row_of, scrolled
from app.ui.kit.number_field import NumberField
from app.ui.kit.segmented import Segmented
from app.ui.kit.steady import Steady
from app.ui.kit.wording import count, locale
from app.ui.theme import Theme

LEAST_KEPT, MOST_KEPT = 10, 90
"""Per cent of the messages that stay."""
STEP = 100


class HowPane(QFrame):
    settings_changed = Signal()
    compact_wanted = Signal()
    save_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._given = CompactionSettings()
        self.setProperty("kind", "panel")
        self.take = Segmented(
            theme,
            (("sliding_window", self.tr("Oldest part")), ("all", self.tr("All but last turn"))),
            "sliding_window",
            self.tr("What leaves"),
        )
        self._kept = Label(theme, "", "strong")
        self.keep = QSlider(Qt.Orientation.Horizontal)
        Steady(self.keep)
        self.keep.setAccessibleName(self.tr("Share of the messages that stays, in per cent"))
        self.keep.setRange(LEAST_KEPT, MOST_KEPT)
        self.keep.setPageStep(10)
        self.writer = Choice(self.tr("Written by"))
        self.most = NumberField(theme)
        self.most.setAccessibleName(self.tr("Most characters of the summary"))
        self.most.setRange(LEAST_CHARS, 50_000)
        self.most.setSingleStep(STEP)
        self.most.setLocale(locale())
        self.next = Label(theme, "", "label")
        self.then = Label(theme, "", "label")
        for one in (self.next, self.then):
            one.setWordWrap(True)
        self.compact = Button(theme, self.tr("Compact now"), "primary", "check")
        self.save = Button(theme, self.tr("Only save the settings"), "", "", "small")
        self.cancel = Button(theme, self.tr("Cancel"), "ghost", "", "small")
        self.why_not = Label(theme, "", "label", "muted")
        self.why_not.setWordWrap(True)
        self._keep_row = QWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        theme = self._theme
        content = QWidget()
        column_of(theme, self.keep, parent=self._keep_row)
        column_of(
            theme,
            Label(theme, self.tr("What does not change"), "strong"),
            *(self._fact(*fact) for fact in self._facts()),
            hairline(),
            Label(theme, self.tr("How"), "strong"),
            Label(theme, self.tr("Take"), "label", "text2"),
            row_of(theme, self.take, None),
            row_of(theme, Label(theme, self.tr("Keep the newest"), "label", "text2"), None, self._kept),
            self._keep_row,
            Label(theme, self.tr("Written by"), "label", "text2"),
            self.writer,
            row_of(
                theme,
                Label(theme, self.tr("At most"), "label", "text2"),
                self.most,
                Label(theme, self.tr("characters"), "label", "text2"),
                None,
            ),
            hairline(),
            Label(theme, self.tr("What it costs"), "strong"),
            self._cost(self.tr("Next reply"), self.next),
            self._cost(self.tr("Then"), self.then),
            None,
            parent=content,
            inset=(16, 12, 16, 12),
            gap=9,
        )
        foot = QWidget()
        column_of(
            theme,
            self.compact,
            row_of(theme, self.cancel, None, self.save),
            self.why_not,
            parent=foot,
            inset=(16, 12, 16, 12),
            gap=8,
        )
        area = scrolled(content, self.tr("How to compact"))
        column_of(theme, area, hairline(), foot, parent=self, gap=0).setStretch(0, 1)
        follow(theme, self, lambda: self.most.setFixedWidth(theme.px(90)))

    def _facts(self) -> tuple[tuple[str, str], ...]:
        return (
            (self.tr("Instructions, tools, blocks"), self.tr("byte for byte")),
            (self.tr("Tool calls with their results"), self.tr("stay whole")),
            (self.tr("Everything that was said"), self.tr("stays in the chat")),
        )

    def _fact(self, text: str, note: str) -> QWidget:
        row = QWidget()
        row_of(
            self._theme,
            Icon(self._theme, "check", "ok", 14),
            Label(self._theme, text),
            ElidedLabel(self._theme, note, "caption", "muted"),
            parent=row,
        ).setStretch(2, 1)
        return row

    def _cost(self, title: str, words: Label) -> QWidget:
        row, name = QWidget(), Label(self._theme, title, "label", "text2")
        name.setAlignment(Qt.AlignmentFlag.AlignTop)
        follow(self._theme, name, lambda: name.setFixedWidth(self._theme.px(74)))
        row_of(self._theme, name, words, parent=row).setStretch(1, 1)
        return row

    def _connect(self) -> None:
        self.take.chosen.connect(lambda: self._told())
        self.keep.valueChanged.connect(lambda: self._told())
        self.writer.activated.connect(lambda: self._told())
        self.most.valueChanged.connect(lambda: self._told())
        self.compact.clicked.connect(self.compact_wanted)
        self.save.clicked.connect(self.save_wanted)
        self.cancel.clicked.connect(self.cancel_wanted)

    def _told(self) -> None:
        self._fit()
        self.settings_changed.emit()

    def _fit(self) -> None:
        whole = self.take.current == "all"
        self._keep_row.setVisible(not whole)
        self._kept.setText(self.tr("1 turn") if whole else self.tr("{} %").format(self.keep.value()))

    def show_settings(self, settings: CompactionSettings, agent_name: str, models: Sequence[str]) -> None:
        """Without a signal. `models`: handles of those that can write."""
        self._given = settings
        for widget in (self.keep, self.writer, self.most):
            widget.blockSignals(True)
        self.take.set_current("all" if settings.whole else "sliding_window")
        self.keep.setValue(round(100 * (1 - settings.leave_share)))
        self.most.setValue(settings.most_chars)
        self.writer.clear()
        self.writer.addItem(self.tr("The model of {}").format(agent_name), None)
        for handle in models:
            self.writer.addItem(handle, handle)
        if settings.model is not None and self.writer.findData(settings.model) < 0:
            self.writer.addItem(self.tr("{} (not there now)").format(settings.model), settings.model)
        self.writer.setCurrentIndex(max(0, self.writer.findData(settings.model)))
        for widget in (self.keep, self.writer, self.most):
            widget.blockSignals(False)
        self._fit()

    @property
    def settings(self) -> CompactionSettings:
        given, share = self._given, 1 - self.keep.value() / 100
        mode = self.take.current
        return given.model_copy(
            update={
                "mode": given.mode if given.whole == (mode == "all") else mode,
                "model": self.writer.currentData(),
                "most_chars": self.most.value(),
                "leave_share": given.leave_share if round(share, 2) == round(given.leave_share, 2) else round(share, 2),
            }
        )

    def show_costs(self, again: int, turns: int | None) -> None:
        """`again`: tokens that are read anew, once. `turns`: messages until the window is full again, where known."""
        self.next.setText(self.tr("{} tokens are read again, once").format(count(again)))
        words = self.tr("about {} messages until the next time").format(count(turns)) if turns else self.tr("unknown")
        self.then.setText(words)

    def allow(self, reason: str) -> None:
        """`reason`: why nothing can be compacted now; empty: it can."""
        self.compact.setEnabled(not reason)
        self.save.setEnabled(self.settings != self._given)
        self.why_not.setText(reason or self.tr("One undo brings the messages and the old summary back."))
