"""What a step sent and what came back: as text, or against the request before it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QStackedWidget, QWidget

from app.domain.context import RequestDiff, RequestText
from app.ui.kit.buttons import IconButton
from app.ui.kit.copying import copy_text
from app.ui.kit.diff import DiffView
from app.ui.kit.labels import ElidedLabel
from app.ui.kit.layout import column_of, frame_of, hairline, row_of
from app.ui.kit.numbered_text import NumberedText, spread_json
from app.ui.kit.segmented import Segmented
from app.ui.kit.wording import count
from app.ui.theme import Theme

BETWEEN = "⋯"
"""Stands between two parts that differ."""


class Exchange(QFrame):
    wanted = Signal(str)
    """`request`, `reply` or `against`: a person wants to see it."""
    context_wanted = Signal()
    """The request is to be shown part by part."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("kind", "surface")
        self.setAccessibleName(self.tr("What was sent and what came back"))
        choices = (
            ("request", self.tr("Request")),
            ("reply", self.tr("Reply")),
            ("against", self.tr("Against the one before")),
        )
        self.which = Segmented(theme, choices, "request", self.tr("What is shown"))
        self.open = IconButton(theme, "context", self.tr("Show this request part by part"))
        self.copy = IconButton(theme, "copy", self.tr("Copy"))
        self.text = NumberedText(theme, self.tr("Text"))
        self.diff = DiffView(theme)
        self._note = ElidedLabel(theme, "", "label", "text2")
        self._whole = ""
        self._stack = QStackedWidget()
        for page in (self.text, self.diff):
            self._stack.addWidget(page)
        head, foot = QWidget(), frame_of("panel")
        row_of(theme, self.which, None, self.open, self.copy, parent=head, inset=(14, 6, 10, 6), gap=4)
        row_of(theme, self._note, parent=foot, inset=(14, 6, 14, 6))
        column_of(theme, head, hairline(), self._stack, hairline(), foot, parent=self, gap=0).setStretch(2, 1)
        self.which.chosen.connect(self.wanted)
        self.open.clicked.connect(self.context_wanted)
        self.copy.clicked.connect(lambda: copy_text(theme, self._whole, self.copy))

    def clear(self, words: str = "") -> None:
        self._whole = ""
        self.text.show_text("")
        self._stack.setCurrentWidget(self.text)
        self._note.set_text(words)
        self.open.setEnabled(False)
        self.copy.setEnabled(False)

    def show_text(self, found: RequestText) -> None:
        """A request or a reply; of a very long one its beginning."""
        self._whole = found.text
        whole = len(found.text) == found.total
        self.text.show_text(spread_json(found.text) if whole else found.text)
        self._stack.setCurrentWidget(self.text)
        words = self.tr("{} characters").format(count(found.total))
        if not whole:
            words += self.tr(", the first {} are shown").format(count(len(found.text)))
        if found.cut:
            words += self.tr("; what came after was too long to be kept")
        self._note.set_text(words)
        self._enable()

    def show_difference(self, diff: RequestDiff) -> None:
        changed = [change for change in diff.changes if change.status != "same"]
        before, after = ([getattr(one, side) for one in changed] for side in ("before", "after"))
        joined = ["\n".join(f"{BETWEEN}\n{text}" if text else BETWEEN for text in texts) for texts in (before, after)]
        self._whole = joined[1]
        self.diff.set_texts(*joined)
        self._stack.setCurrentWidget(self.diff)
        same = self.tr("The first {0} of {1} tokens are the same, so a server could reuse them.")
        self._note.set_text(f"{self.diff.summary()}. {same.format(count(diff.reused), count(diff.total))}")
        self._enable()

    def _enable(self) -> None:
        self.open.setEnabled(True)
        self.copy.setEnabled(True)
