"""One model in a table: what it needs, whether it fits, whether it can be an agent, and what can be done with it."""

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QRadioButton, QWidget

from app.domain.fitness import FitReport
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, follow, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count
from app.ui.state.model_entries import ModelEntry
from app.ui.state.model_wording import facts_of, file_size, fit_result, gigabytes
from app.ui.theme import Theme, set_prop

TEST_SECONDS = 90
ROW, MARK, EDGE = 33, 34, 14


@dataclass(frozen=True)
class Columns:
    """Widths at 100 %; 0: not shown."""

    model: int
    server: int
    size: int
    need: int
    badge: int
    roomy: bool
    """There is room for words beside a button at the end."""
    several: bool = False
    """Models of more than one server stand in the table, so that a name alone may not say which it is."""

    @classmethod
    def for_width(cls, width: float) -> "Columns":
        return cls(
            model=round(min(260, max(150, width * 0.2))),
            server=84 if width >= 940 else 0,
            size=64 if width >= 640 else 0,
            need=112 if width >= 800 else 0,
            badge=118,
            roomy=width >= 840,
        )


class ModelRow(QFrame):
    """`pick`: one chooses among the rows. `manage`: models can be unloaded and deleted."""

    picked = Signal(str)
    get_wanted = Signal(str)
    test_wanted = Signal(str)
    stop_wanted = Signal(str)
    unload_wanted = Signal(object)
    delete_wanted = Signal(object)

    def __init__(self, theme: Theme, line: ModelEntry, pick: bool, manage: bool) -> None:
        super().__init__()
        self._theme, self._pick, self._manage = theme, pick, manage
        self.line = line
        self.setProperty("kind", "row")
        self.radio = QRadioButton()
        self._name = ElidedLabel(theme, "", "base")
        self._facts = ElidedLabel(theme, "", "label", "muted")
        self._server = ElidedLabel(theme, "", "label", "text2")
        self._size, self._need = Label(theme, "", "label"), Label(theme, "", "label")
        for number in (self._size, self._need):
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.badge = Badge(theme, "")
        self._badge_cell, self._name_cell = QWidget(), QWidget()
        row_of(theme, self.badge, None, parent=self._badge_cell, gap=0)
        row_of(theme, self._name, self._facts, parent=self._name_cell, gap=6).setStretch(1, 1)
        self._words = ElidedLabel(theme, "", "label", "text2")
        self.report = Button(theme, "", "link")
        self.report.setProperty("flush", True)
        self.report.clicked.connect(lambda: self._toggle_tasks())
        self._tasks = QWidget()
        self._task_rows = column_of(theme, parent=self._tasks, inset=(EDGE + MARK, 2, EDGE, 8), gap=2)
        self._tasks.hide()
        self._actions = row_of(theme, gap=6)
        self._roomy = True
        self._tell_server = False
        self._best: Badge | None = None
        self.buttons: dict[str, QWidget] = {}
        self._actions_for: tuple[object, ...] = ()
        self._verdict = ("", "", "")
        self._tasks_of: FitReport | None = None
        column_of(theme, self._line_row(), self._tasks, parent=self, gap=0)
        self.radio.clicked.connect(lambda: self.picked.emit(self.line.handle))
        self.show_entry(line)

    def _line_row(self) -> QHBoxLayout:
        theme = self._theme
        self._mark = QWidget()
        row_of(theme, self.radio, None, parent=self._mark, gap=0)
        row = row_of(
            theme,
            self._mark,
            self._name_cell,
            self._server,
            self._size,
            self._need,
            12,
            self._badge_cell,
            self.report,
            self._words,
            inset=(EDGE, 0, 12, 0),
            gap=8,
        )
        row.setStretchFactor(self._words, 1)
        row.addLayout(self._actions)
        strut = QWidget()
        row.addWidget(strut)
        follow(theme, strut, lambda: strut.setFixedSize(0, theme.px(ROW)))
        return row

    def fit(self, columns: Columns) -> None:
        px = self._theme.px
        self._roomy = columns.roomy
        self._tell_server = columns.several and not columns.server
        self._show_roomy()
        self._mark.setFixedWidth(px(MARK) if self._pick else px(4))
        self._name_cell.setFixedWidth(px(columns.model))
        self._badge_cell.setFixedWidth(px(columns.badge))
        for cell, width in ((self._server, columns.server), (self._size, columns.size), (self._need, columns.need)):
            cell.setVisible(width > 0)
            cell.setFixedWidth(px(max(1, width)))
        self._show_facts()

    def _show_roomy(self) -> None:
        """What is said twice goes where it is narrow."""
        report = self.line.report if not self.line.testing else None
        crowded = not self._roomy and ("test" in self.buttons or report is not None)
        self._words.set_text("" if crowded else self._said() if report is None else self._after_report(report))
        if report is not None:
            self.report.setText(fit_result(report, short=not self._roomy))
        if self._best is not None:
            self._best.setVisible(self._roomy)
        if isinstance(test := self.buttons.get("test"), Button):
            beside = "unload" in self.buttons and not self._roomy
            test.setText(self.tr("Test") if beside else self.tr("Test, about {} s").format(TEST_SECONDS))

    def show_entry(self, line: ModelEntry) -> None:
        self.line = line
        self._name.set_text(line.name)
        self._show_facts()
        self._server.set_text(line.provider.name if line.provider is not None else "")
        self._size.setText(file_size(line.size))
        need = self.tr("{} GB") if line.need_known else self.tr("about {} GB")
        self._need.setText(need.format(gigabytes(line.need)) if line.need else "")
        self._show_badge()
        self._show_result()
        self.radio.setEnabled(line.usable)
        self.radio.setVisible(self._pick and bool(line.handle))
        self.radio.setAccessibleName(self.tr("Use {}").format(line.name))
        self.radio.setAccessibleDescription(", ".join(filter(None, (line.verdict[0], line.reason or self._said()))))
        set_tip(self.radio, line.reason)
        self._show_actions()

    def show_chosen(self, chosen: bool) -> None:
        set_prop(self, "chosen", chosen)
        self.radio.setAutoExclusive(False)
        self.radio.setChecked(chosen)

    # Cells

    def _show_facts(self) -> None:
        """They go before the name is cut."""
        room = self._name_cell.width() - self._name.sizeHint().width() - self._theme.px(6)
        self._facts.set_kind("teal" if self.line.loaded is not None and self._manage else "muted")
        for words in self._facts_by_length():
            self._facts.set_text(words)
            if self._facts.sizeHint().width() <= room:
                break
        self._facts.setVisible(bool(self._facts.whole_text) and self._facts.sizeHint().width() <= room)

    def _facts_by_length(self) -> list[str]:
        """Ways to say what is known beside the name, the longest first."""
        line, facts = self.line, [""]
        if self._manage and line.loaded is not None:
            facts = [self.tr("loaded, {} GB").format(gigabytes(line.loaded.bytes)), self.tr("loaded")]
        elif self._manage:
            facts = [facts_of(line.model)]
        server = line.provider.name if self._tell_server and line.provider is not None else ""
        if not server:
            return facts
        return [*(", ".join(filter(None, (server, fact))) for fact in facts), facts[-1] if line.loaded else server]

    def _show_badge(self) -> None:
        """The same badge all along: figures of a download come several times a second."""
        if self._verdict != self.line.verdict:
            self._verdict = text, kind, icon = self.line.verdict
            self.badge.set_badge(text, kind, icon or None)
        set_tip(self.badge, self._why())

    def _why(self) -> str:
        line = self.line
        if line.need is None:
            return line.reason
        if line.context and line.need_known:
            words = self.tr("Needs {} GB with a context of {} tokens")
        elif line.context:
            words = self.tr("Needs {} GB with a context of {} tokens, estimated from the size of its file")
        elif line.need_known:
            words = self.tr("Needs {} GB")
        else:
            words = self.tr("Needs {} GB, estimated from the size of its file")
        return words.format(gigabytes(line.need), count(line.context or 0))

    def _said(self) -> str:
        """Whether it can keep a memory, in words."""
        line = self.line
        if line.testing:
            moment = line.test
            if moment is None or moment.task is None:
                return self.tr("Loading the model for the test")
            return self.tr("Testing {} of {}: {}").format(moment.index, moment.of, moment.task)
        if line.report is not None:
            return fit_result(line.report)
        if line.reason:
            return line.reason
        return self.tr("Not tested yet") if line.testable and not line.slow else line.note

    def _show_result(self) -> None:
        report = self.line.report if not self.line.testing else None
        kinds = {"good": "ok", "weak": "warn", "unfit": "danger"}
        self._words.set_kind("text2")
        self.report.setVisible(report is not None)
        if report is not None:
            set_tip(self.report, report.sentence)
            set_prop(self.report, "tone", kinds[report.verdict])
            self.report.setAccessibleName(
                self.tr("{}: {}. Show what was tested").format(self.line.name, fit_result(report))
            )
            self._fill_tasks(report)
        elif not self._tasks.isHidden():
            self._tasks.hide()

    def _after_report(self, report: FitReport) -> str:
        if not self.line.handle:
            return self.line.note
        speed = report.tokens_per_second if self._manage else None
        return self.tr("{:.0f} tokens/s").format(speed) if speed else ""

    def _fill_tasks(self, report: FitReport) -> None:
        if report == self._tasks_of:
            return
        self._tasks_of = report
        empty(self._task_rows)
        for task in report.tasks:
            icon = Icon(self._theme, "check" if task.passed else "close", "ok" if task.passed else "danger", 14)
            said = ElidedLabel(self._theme, task.sentence, "label", "text2")
            self._task_rows.addLayout(row_of(self._theme, icon, said, gap=6))
        if report.sentence:
            self._task_rows.addWidget(Label(self._theme, report.sentence, "label"))

    def _toggle_tasks(self) -> None:
        self._tasks.setVisible(self._tasks.isHidden())

    # Actions

    def _show_actions(self) -> None:
        """Built anew only when they are others, so that the focus stays on a button while figures change."""
        line = self.line
        able = line.testable and line.report is None
        wanted = (bool(line.handle), line.testing, able, line.best, line.loaded is not None, line.local)
        if wanted == self._actions_for:
            return
        self._actions_for = wanted
        focused = next((key for key, button in self.buttons.items() if button.hasFocus()), "")
        empty(self._actions)
        self.buttons, self._best = {}, None
        if not line.handle:
            self._button("get", self.tr("Download"), "", "download", self.tr("Download {}")).clicked.connect(
                lambda: self.get_wanted.emit(self.line.name)
            )
        elif line.testing:
            self._button("stop", self.tr("Stop"), "ghost", "stop", self.tr("Stop the test of {}")).clicked.connect(
                lambda: self.stop_wanted.emit(self.line.handle)
            )
        elif able:
            self._button("test", "", "ghost", "", self.tr("Test {}, about 90 s")).clicked.connect(
                lambda: self.test_wanted.emit(self.line.handle)
            )
        elif line.best and self._pick:
            self._best = Badge(self._theme, self.tr("Recommended"), "accent")
            self._actions.addWidget(self._best)
        if self._manage and line.local and line.handle:
            self._add_manage()
        self._show_roomy()
        if focused:
            self._focus_again(focused)

    def _focus_again(self, key: str) -> None:
        target = self.buttons.get(key) or next(iter(self.buttons.values()), None)
        if target is not None:
            target.show()  # the layout would do so later, and what is hidden takes no focus
            target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _button(self, key: str, text: str, role: str, icon: str, name: str) -> Button:
        button = Button(self._theme, text, role, icon, "small")
        button.setAccessibleName(name.format(self.line.name))
        self.buttons[key] = button
        self._actions.addWidget(button)
        return button

    def _add_manage(self) -> None:
        if self.line.report is not None and not self.line.testing:
            again = IconButton(self._theme, "refresh", self.tr("Test {} again").format(self.line.name), size=14, box=26)
            again.clicked.connect(lambda: self.test_wanted.emit(self.line.handle))
            self._actions.addWidget(again)
            self.buttons["again"] = again
        if self.line.loaded is not None:
            unload = self._button("unload", self.tr("Unload"), "ghost", "", self.tr("Unload {} from memory"))
            unload.clicked.connect(lambda: self.unload_wanted.emit(self.line))
        delete = IconButton(self._theme, "trash", self.tr("Delete {}").format(self.line.name), size=14, box=26)
        delete.clicked.connect(lambda: self.delete_wanted.emit(self.line))
        self._actions.addWidget(delete)
        self.buttons["delete"] = delete

    def allow_get(self, reason: str) -> None:
        """Empty: it can be got now."""
        get = self.buttons.get("get")
        if get is not None:
            get.setEnabled(not reason)
            set_tip(get, reason)
