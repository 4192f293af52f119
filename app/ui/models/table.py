"""The table of all models: installed ones, those worth getting, and what is on its way."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QVBoxLayout, QWidget

from app.ui.kit.focus_order import focused_inside
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, follow, frame_of, row_of
from app.ui.models.pull_row import PullRow
from app.ui.models.row import EDGE, MARK, Columns, ModelRow
from app.ui.state.model_entries import ModelEntry, ModelsKnown, best_choice, known_models, wanted_models
from app.ui.state.model_wording import file_size, gigabytes
from app.ui.state.view_context import ViewContext

LEAST = 440
WITH_SERVER = 40
"""So much wider is the column of names where they say the server too."""
SPARE = 1.05
"""A download needs a little more room on the disk than the model has bytes."""


class Group(QFrame):
    """The line over a part of the table."""

    def __init__(self, view: ViewContext, title: str) -> None:
        super().__init__()
        self.setProperty("kind", "grouprow")
        self.title = Label(view.theme, title, "label")
        self.title.set_weight(600)
        self.note = ElidedLabel(view.theme, "", "label", "text2")
        row_of(view.theme, self.title, self.note, parent=self, inset=(EDGE, 0, EDGE, 0), gap=8).setStretch(1, 1)
        follow(view.theme, self, lambda: self.setFixedHeight(view.theme.px(29)))


class ModelTable(QFrame):
    chosen_changed = Signal()

    def __init__(self, view: ViewContext, *, pick: bool = False, manage: bool = False) -> None:
        super().__init__()
        self._view, self._pick, self._manage = view, pick, manage
        self._catalog = view.catalog
        self.setProperty("kind", "table")
        self.setAccessibleName(self.tr("Models"))
        self.rows: dict[str, ModelRow | PullRow] = {}
        self._by_person = ""
        self._order: list[str] = []
        """Keys of the installed models, as they are shown."""
        self.chosen: ModelEntry | None = None
        self._radios = QButtonGroup(self)
        self._columns = Columns.for_width(960)
        self._head_cells: list[QWidget] = []
        theme = view.theme
        self._installed = Group(view, self.tr("Installed"))
        self._wanted = Group(view, self.tr("Worth downloading") if manage else self.tr("Would fit, not installed"))
        self._wanted.note.set_text(self.tr("the list comes with Lares"))
        self._here: QVBoxLayout = column_of(theme, gap=0)
        self._there: QVBoxLayout = column_of(theme, gap=0)
        column_of(
            theme,
            self._make_head(),
            self._installed,
            self._here,
            self._wanted,
            self._there,
            parent=self,
            inset=(1, 1, 1, 1),
            gap=0,
        )
        self._catalog.changed.connect(self.refresh)
        self.refresh()

    def _make_head(self) -> QWidget:
        theme = self._view.theme
        head = frame_of("headrow")
        names = (
            self.tr("Model"),
            self.tr("Server"),
            self.tr("Size"),
            self.tr("Memory needed"),
            self.tr("On this computer"),
        )
        cells = [Label(theme, name, "label", "muted") for name in names]
        for cell in cells[2:4]:
            cell.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._head_mark = QWidget()
        self._head_cells = [self._head_mark, *cells]
        words = ElidedLabel(theme, self.tr("Can it keep a memory?"), "label", "muted")
        row = row_of(theme, self._head_mark, *cells[:4], 12, cells[4], words, parent=head, inset=(EDGE, 0, 12, 0))
        row.setStretchFactor(words, 1)
        follow(theme, head, lambda: head.setFixedHeight(theme.px(28)))
        return head

    # Content

    def refresh(self) -> None:
        known, focused = self._catalog.known, self._focused_name()
        here = self._settled(known_models(known))
        there = [line for line in wanted_models(known) if line.pull is not None or line.fits != "too_big"]
        self._fill(self._here, here)
        self._fill(self._there, there)
        for key in [key for key in self.rows if key not in {_row_key(line) for line in (*here, *there)}]:
            self._drop(key)
        self._installed.setVisible(bool(here))
        self._installed.note.set_text(str(len(here)))
        self._wanted.setVisible(bool(there))
        self._allow_gets(known)
        self._choose(here)
        self._fit()
        if focused and focused != self._focused_name():
            self._focus_row_of(focused)

    def _settled(self, lines: Sequence[ModelEntry]) -> list[ModelEntry]:
        """While a person looks, what is shown keeps its place, whatever becomes known of it; what is new comes where it
        belongs. Best first again when the table is shown the next time.
        """
        if self.isVisible():
            place = {key: number for number, key in enumerate(self._order)}
            settled = sorted((line for line in lines if line.key in place), key=lambda line: place[line.key])
            for number, line in enumerate(lines):
                if line.key not in place:
                    settled.insert(number, line)
            lines = settled
        self._order = [line.key for line in lines]
        return list(lines)

    def _fill(self, column: QVBoxLayout, lines: Sequence[ModelEntry]) -> None:
        for place, line in enumerate(lines):
            row = self.rows.get(_row_key(line))
            if row is None:
                row = self.rows[_row_key(line)] = self._make_row(line)
                row.fit(self._columns)
            else:
                row.show_entry(line)
            if column.indexOf(row) != place:
                column.insertWidget(place, row)

    def _make_row(self, line: ModelEntry) -> ModelRow | PullRow:
        if line.pull is not None:
            row = PullRow(self._view.theme, line)
            row.pause_wanted.connect(self._about_pull(self._catalog.pause))
            row.cancel_wanted.connect(self._about_pull(self._catalog.cancel))
            row.go_on_wanted.connect(self._go_on)
            return row
        row = ModelRow(self._view.theme, line, self._pick, self._manage)
        self._radios.addButton(row.radio)
        row.picked.connect(self.choose)
        row.get_wanted.connect(self._catalog.pull)
        row.test_wanted.connect(self._catalog.test)
        row.stop_wanted.connect(self._catalog.stop_test)
        row.unload_wanted.connect(self._unload)
        row.delete_wanted.connect(self._begin_delete)
        return row

    def _about_pull(self, verb: Callable[[str, str], None]) -> Callable[[ModelEntry], None]:
        def act(line: ModelEntry) -> None:
            if line.pull is not None:
                verb(line.pull.provider_id, line.name)

        return act

    def _focused_name(self) -> str:
        """The model in whose row the keyboard is."""
        focus = focused_inside(self.window())
        inside = [row for row in self.rows.values() if focus is not None and row.isAncestorOf(focus)]
        return inside[0].line.name if inside else ""

    def _focus_row_of(self, name: str) -> None:
        """Where a row became a download, or a download a row, the keyboard stays there."""
        row = next((row for row in self.rows.values() if row.line.name == name), None)
        if row is None:
            return
        stops = [row.radio] if isinstance(row, ModelRow) and row.radio.isEnabled() else [*row.buttons.values()]
        if stops:
            stops[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def _drop(self, key: str) -> None:
        row = self.rows.pop(key)
        if isinstance(row, ModelRow):
            self._radios.removeButton(row.radio)
        row.hide()
        row.deleteLater()

    def _allow_gets(self, known: ModelsKnown) -> None:
        for row in self.rows.values():
            row.allow_get(self.why_not_get(known, row.line.size))

    def why_not_get(self, known: ModelsKnown, size: int | None) -> str:
        """Why a model of this size cannot be downloaded now; empty when it can."""
        if known.puller is None:
            return self.tr("Only Ollama can download models, and it is not answering now.")
        free = known.memory.free_disk_bytes
        if free is not None and size and size * SPARE > free:
            words = self.tr("It needs {} of disk space; {} is free.")
            return words.format(file_size(size), f"{gigabytes(free)} GB")
        return ""

    # Choosing

    def choose(self, handle: str) -> None:
        """What a person picked stays picked, whatever else arrives."""
        self._by_person = handle
        self._choose(known_models(self._catalog.known))

    def _choose(self, lines: Sequence[ModelEntry]) -> None:
        if not self._pick:
            return
        wanted = next((line for line in lines if line.handle == self._by_person and line.usable), None)
        chosen = wanted or best_choice(lines)
        before, self.chosen = self.chosen, chosen
        for row in self.rows.values():
            if isinstance(row, ModelRow) and row.line.handle:
                row.show_chosen(chosen is not None and row.line.handle == chosen.handle)
        if before != chosen:
            self.chosen_changed.emit()

    def _go_on(self, line: ModelEntry) -> None:
        self._catalog.pull(line.name)

    def _unload(self, line: ModelEntry) -> None:
        if line.provider is not None:
            self._catalog.unload(line.provider.id, line.name)

    def _begin_delete(self, line: ModelEntry) -> None:
        self._view.run(self._delete(line), self)

    async def _delete(self, line: ModelEntry) -> None:
        using = [row.agent.name for row in self._view.workspace.agents.rows if row.agent.model == line.handle]
        text = self.tr("This frees {} of disk space. You can download it again.").format(file_size(line.size))
        if using:
            text = self.tr("Agents that use it need another model: {}.").format(", ".join(using)) + " " + text
        answers = (
            ("cancel", self.tr("Cancel"), "ghost"),
            ("delete", self.tr("Delete {}").format(line.name), "danger"),
        )
        key, _ = await self._view.ask.ask(self.tr("Delete the model “{}”?").format(line.name), text, answers)
        if key == "delete" and line.provider is not None:
            self._catalog.delete(line.provider.id, line.name)

    # Looks

    def minimumSizeHint(self) -> QSize:
        """Its columns follow its width, so they must not hold it open."""
        return QSize(self._view.theme.px(LEAST), super().minimumSizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        if [line.key for line in known_models(self._catalog.known)] != self._order:
            self._order = []
            self.refresh()
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        theme = self._view.theme
        several = len({line.provider.id for line in known_models(self._catalog.known) if line.provider is not None}) > 1
        columns = Columns.for_width(self.width() / theme.scale)
        if several:
            columns = replace(columns, several=True, model=columns.model + (0 if columns.server else WITH_SERVER))
        self._columns = columns
        widths = (MARK if self._pick else 4, columns.model, columns.server, columns.size, columns.need, columns.badge)
        for cell, width in zip(self._head_cells, widths, strict=True):
            cell.setVisible(width > 0)
            cell.setFixedWidth(theme.px(max(1, width)))
        for row in self.rows.values():
            row.fit(columns)


def _row_key(line: ModelEntry) -> str:
    return f"{line.key} pull" if line.pull is not None else line.key
