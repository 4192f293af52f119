"""Names, numbers and dates in what leaves: which the summary or memory has, and which would be lost."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.compaction import SummaryDetail, folded
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button
from app.ui.kit.flow import Flow
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, follow, frame_of, hairline, row_of
from app.ui.theme import Theme

SHOWN = 40
"""Details that are shown as kept; missing ones are all told, the first so many in rows."""
ROWS = 12


class Details(QWidget):
    added = Signal(str)
    """Words to add to the summary."""
    counted = Signal(int)
    """How many are missing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._details: tuple[SummaryDetail, ...] = ()
        self._let_go: set[str] = set()
        self._missing: list[SummaryDetail] = []
        self._share = Badge(theme, "", "")
        self._title = ElidedLabel(theme, self.tr("Names, numbers and dates in what leaves"), "strong")
        self._title.keep(120)
        self._kept = QWidget()
        self._flow = Flow(self._kept)
        self._badges: list[Badge] = []
        self._card = frame_of("card")
        self._rows: QVBoxLayout = column_of(theme, parent=self._card, gap=0)
        self._all = Button(theme, "", "", "plus", "small")
        self._all.clicked.connect(self._add_all)
        self._more = Label(theme, "", "label", "muted")
        head = row_of(
            theme, self._title, self._share, None, ElidedLabel(theme, self.tr("counted, not judged"), "label", "muted")
        )
        column_of(theme, head, self._kept, self._card, row_of(theme, self._all, self._more, None), parent=self, gap=8)
        follow(theme, self, lambda: self._flow.setSpacing(theme.px(6)))

    def load(self, details: Sequence[SummaryDetail]) -> None:
        self._details, self._let_go = tuple(details), set()

    def show_against(self, summary: str) -> None:
        """As the summary reads now."""
        text = folded(summary)
        there = [one for one in self._details if one.remembered or one.stands_in(text)]
        missing = [one for one in self._details if one not in there and one.text not in self._let_go]
        self.setVisible(bool(self._details))
        words = self.tr("{0} of {1} are in the summary or in memory")
        self._share.set_badge(words.format(len(there), len(self._details)))
        self._fill_kept(there[:SHOWN])
        if missing != self._missing:
            self._missing = missing
            self._fill_missing()
        self.counted.emit(len(missing))

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(one.text for one in self._missing)

    def sources_of(self, words: str) -> set[int]:
        """Positions of the messages whose details stand in a part of the summary."""
        text = folded(words)
        return {position for one in self._details if one.stands_in(text) for position in one.positions}

    def _fill_kept(self, there: Sequence[SummaryDetail]) -> None:
        """The badges are made once and change: which there are changes with each word that is typed."""
        while len(self._badges) < len(there):
            badge = Badge(self._theme, "", "ok", "check", self._kept)
            self._badges.append(badge)
            self._flow.addWidget(badge)
        for at, badge in enumerate(self._badges):
            text = there[at].text if at < len(there) else ""
            if badge.text() != text:
                badge.setText(text)
                badge.setAccessibleName(text)
            badge.setVisible(bool(text))
        self._kept.setVisible(bool(there))

    def _fill_missing(self) -> None:
        while item := self._rows.takeAt(0):
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for at, detail in enumerate(self._missing[:ROWS]):
            if at:
                self._rows.addWidget(hairline())
            self._rows.addWidget(self._row(detail))
        self._card.setVisible(bool(self._missing))
        self._all.setVisible(len(self._missing) > 1)
        self._all.setText(self.tr("Add all {}").format(len(self._missing)))
        hidden = len(self._missing) - ROWS
        self._more.setText(self.tr("and {} more").format(hidden) if hidden > 0 else "")

    def _row(self, detail: SummaryDetail) -> QWidget:
        theme, row = self._theme, QWidget()
        name = Label(theme, detail.text, "strong")
        quote = ElidedLabel(theme, f"“{detail.quote}”" if detail.quote else "", "label", "text2")
        add = Button(theme, self.tr("Add to summary"), "", "plus", "small")
        add.setAccessibleName(self.tr("Add {} to the summary").format(detail.text))
        add.clicked.connect(lambda: self.added.emit(_words(detail)))
        drop = Button(theme, self.tr("Let go"), "ghost", "", "small")
        drop.setAccessibleName(self.tr("Let go of {}").format(detail.text))
        drop.clicked.connect(lambda: self._drop(detail))
        box = row_of(
            theme, Icon(theme, "warning", "warn", 14), name, quote, add, drop, parent=row, inset=(12, 5, 8, 5), gap=8
        )
        box.setStretch(2, 1)
        return row

    def _drop(self, detail: SummaryDetail) -> None:
        self._let_go.add(detail.text)
        self._missing = [one for one in self._missing if one != detail]
        self._fill_missing()
        self.counted.emit(len(self._missing))

    def _add_all(self) -> None:
        self.added.emit("\n".join(_words(one) for one in self._missing))


def _words(detail: SummaryDetail) -> str:
    """What is added to a summary: the sentence it was said in, which says what the name or number is."""
    return f"“{detail.quote}”" if detail.quote else detail.text
