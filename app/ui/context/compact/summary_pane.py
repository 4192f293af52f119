"""The summary that takes the place of what leaves: written by a model, changed or written by a person."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QStackedWidget, QWidget

from app.domain.compaction import CompactionPreview, Summary
from app.ui.context.compact.details import Details
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, follow, frame_of, hairline, row_of, scrolled
from app.ui.kit.segmented import Segmented
from app.ui.kit.usage_bar import UsageBar
from app.ui.kit.wording import count
from app.ui.theme import Theme

EDITOR_HEIGHT = 190


class SummaryPane(QFrame):
    write_wanted = Signal()
    stop_wanted = Signal()
    changed = Signal()
    """The text, or what is known of it, is another one."""
    paragraph_entered = Signal(object)
    """Set of positions: the messages that the paragraph under the cursor comes from."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._old = ""
        self._made: Summary | None = None
        """What a model or Lares wrote last."""
        self._most = 0
        self._writing = False
        self.setProperty("kind", "surface")
        self.mode = Segmented(
            theme,
            (("new", self.tr("New")), ("diff", self.tr("Against the old one"))),
            "new",
            self.tr("What is shown of the summary"),
        )
        self.write = Button(theme, self.tr("Write the summary"), "", "refresh", "small")
        self.stop = Button(theme, self.tr("Stop"), "", "stop", "small")
        self._mark = Icon(theme, "info", "muted", 14)
        self.verdict = ElidedLabel(theme, "", "label", "text2")
        self._size = Label(theme, "", "label", "muted")
        self._bar = UsageBar(theme, self.tr("Length of the summary"))
        self.edit = QPlainTextEdit()
        self.edit.setAccessibleName(self.tr("The summary"))
        self.edit.setTabChangesFocus(True)
        self.edit.setProperty("kind", "summary")
        self.edit.setPlaceholderText(
            self.tr("A model writes the summary when you ask for it. You may also write it yourself.")
        )
        self._diff = DiffView(theme)
        self.details = Details(theme)
        self.stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self.clear("")

    def _lay_out(self) -> None:
        theme = self._theme
        head = QWidget()
        title = ElidedLabel(theme, self.tr("The summary that takes their place"), "strong")
        row = row_of(theme, title, self.mode, self.write, self.stop, parent=head, inset=(16, 6, 12, 6), gap=8)
        row.setStretch(0, 1)
        check = frame_of("panel")
        line = row_of(theme, self._mark, self.verdict, self._size, self._bar, parent=check, inset=(16, 4, 16, 4), gap=8)
        line.setStretch(1, 1)
        frame = frame_of("card")
        column_of(theme, self._diff, parent=frame, inset=(1, 1, 1, 1))
        self.stack.addWidget(self.edit)
        self.stack.addWidget(frame)
        content = QWidget()
        column_of(theme, self.stack, self.details, None, parent=content, inset=(16, 14, 16, 14), gap=12)
        area = scrolled(content, self.tr("Summary and details"))
        foot = frame_of("panel")
        note = Label(
            theme,
            self.tr("If a model gives no usable answer, Lares picks sentences itself and says so."),
            "label",
            "muted",
        )
        note.setWordWrap(True)
        row_of(theme, Icon(theme, "info", "muted", 14), note, parent=foot, inset=(16, 8, 16, 8)).setStretch(1, 1)
        column_of(theme, head, hairline(), check, hairline(), area, hairline(), foot, parent=self, gap=0)

        def fit() -> None:
            self.stack.setMinimumHeight(theme.px(EDITOR_HEIGHT))
            self._bar.setFixedWidth(theme.px(70))
            self.edit.setFont(theme.font("base"))

        follow(theme, self, fit)

    def _connect(self) -> None:
        self.write.clicked.connect(self.write_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.edit.textChanged.connect(self._typed)
        self.edit.cursorPositionChanged.connect(self._tell_paragraph)
        self.mode.chosen.connect(self._show_mode)
        self.details.added.connect(self._add)

    # What is shown

    def clear(self, old: str) -> None:
        """Nothing is written yet; `old`: the summary that is there."""
        self._old, self._made = old, None
        self.details.load(())
        self.edit.setPlainText("")
        self.mode.set_current("new")
        self._show_mode("new")
        self.set_writing(None)

    def show_preview(self, preview: CompactionPreview) -> None:
        self._made = preview.draft.summary
        self.details.load(preview.details)
        self.edit.setPlainText(self._made.text)
        self.set_writing(None)

    def set_writing(self, sentence: str | None) -> None:
        """`sentence`: where the writing stands; None: nothing is being written."""
        self._writing = sentence is not None
        self.edit.setReadOnly(self._writing)
        self.stop.setVisible(self._writing)
        self.write.setVisible(not self._writing)
        self.write.setText(self.tr("Write it again") if self._made is not None else self.tr("Write the summary"))
        self._judge(sentence)
        self.changed.emit()

    def set_limit(self, characters: int) -> None:
        self._most = characters
        self._judge(None)

    @property
    def summary(self) -> Summary | None:
        """As it reads now; None while it is empty, too long or being written."""
        text = self.edit.toPlainText().strip()
        if not text or self._writing or len(text) > self._most:
            return None
        if self._made is not None and text == self._made.text.strip():
            return self._made
        return Summary(text=text, by="person")

    @property
    def typed(self) -> bool:
        """Whether a person changed it since it was written."""
        text = self.edit.toPlainText().strip()
        return bool(text) and (self._made is None or text != self._made.text.strip())

    @property
    def writing(self) -> bool:
        return self._writing

    @property
    def too_long(self) -> bool:
        return len(self.edit.toPlainText().strip()) > self._most

    # Inside

    def _typed(self) -> None:
        self.details.show_against(self.edit.toPlainText())
        self._judge(None)
        self.changed.emit()

    def _judge(self, sentence: str | None) -> None:
        text = self.edit.toPlainText().strip()
        icon, kind, words = "info", "text2", self.tr("nothing written yet")
        if sentence is not None:
            icon, words = "refresh", sentence
        elif self.too_long:
            icon, kind, words = "warning", "danger", self.tr("too long: shorten it, or allow more characters")
        elif text and self.typed:
            icon, kind, words = "edit", "text2", self.tr("changed by you") if self._made else self.tr("written by you")
        elif self._made is not None and self._made.by == "extract":
            why = self._made.why.rstrip(".") or self.tr("it gave no usable answer")
            icon, kind, words = "warning", "warn", self.tr("picked by Lares without the model: {}").format(why)
        elif self._made is not None:
            icon, kind = "check", "ok"
            parts = self.tr("in {} parts").format(self._made.portions) if self._made.portions > 1 else ""
            words = " ".join(filter(None, (self.tr("usable, made by {}").format(self._made.model), parts)))
        self._mark.show_icon(icon, kind if kind != "text2" else "muted")
        self.verdict.set_text(words)
        self.verdict.set_kind(kind)
        self._size.setText(self.tr("{0} of {1} characters").format(count(len(text)), count(self._most)))
        self._size.set_kind("danger" if self.too_long else "muted")
        self._bar.set_usage(len(text), max(1, self._most), "part_summary")

    def _show_mode(self, mode: str) -> None:
        if mode == "diff":
            self._diff.set_texts(self._old, self.edit.toPlainText())
        self.stack.setCurrentIndex(1 if mode == "diff" else 0)
        self.mode.set_choice_enabled("diff", bool(self._old), self.tr("There is no summary in the window yet."))

    def _add(self, words: str) -> None:
        text = self.edit.toPlainText().rstrip()
        self.edit.setPlainText(f"{text}\n{words}" if text else words)

    def _tell_paragraph(self) -> None:
        self.paragraph_entered.emit(self.details.sources_of(self.edit.textCursor().block().text()))
