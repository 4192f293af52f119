"""Archival memory of the open agent: searched as the agent does, with why each passage was found, and put right."""

import time
from collections.abc import Coroutine
from typing import Any, cast

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QLineEdit, QStackedWidget, QWidget

from app.domain.archive import (
    Archive,
    PassageChange,
    PassageDraft,
    PassageFilter,
    PassagePatch,
    Stored,
)
from app.domain.error import AppError
from app.domain.event import Changed
from app.domain.page import PageRequest
from app.domain.retrieval import SearchWay
from app.ui.archive.actions import ArchiveActions
from app.ui.archive.files import ArchiveFiles
from app.ui.archive.filters import Filters
from app.ui.archive.passage_list import PassageList
from app.ui.archive.passage_pane import PassagePane, tags_in
from app.ui.archive.rows import PassageRow, PassageRows, Row, found_rows
from app.ui.archive.words import embedder_words, passages_words
from app.ui.bridge.rereading import Rereading
from app.ui.kit.buttons import Button
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Choice, Icon, column_of, follow, frame_of, hairline, row_of
from app.ui.kit.segmented import Segmented
from app.ui.kit.splitter import Splitter
from app.ui.kit.wording import count, counted
from app.ui.state.indexing import search_note
from app.ui.state.view_context import Notice, ViewContext

PAGE = 100
"""Passages that are read at once."""
NEAR = 25
"""Rows above the end of the list at which further ones are read."""
MOST_FOUND = 50
SOON_MS = 150
"""Changes that come together are read once; words are searched when a person has stopped typing."""
SLOW_MS = 400
NARROW = 1_120
"""Below this width of the view, at 100 %, filters and passage share one place."""


class ArchiveView(QWidget):
    message_wanted = Signal(str)

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, self._services = view, view.services
        theme = self._theme = view.theme
        self._agent_id: str = ""
        self._agent_name: str = ""
        self._home: str = ""
        """Id of the archive to which is added."""
        self._turn = 0
        """Counts what is asked for, so that an answer to an earlier question is not shown."""
        self._counting = Rereading(view.tasks, self)
        self._complete = self._reading = False
        self._total = 0
        self.setAccessibleName(self.tr("Archive"))
        self.rows = PassageRows(self)
        self.list = PassageList(theme, self.rows)
        self.filters, self.pane = Filters(theme), PassagePane(theme)
        self.files, self.whole = ArchiveFiles(view, self), ArchiveActions(view, self)
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        self.field.setPlaceholderText(self.tr("Search as the agent does"))
        self.field.setAccessibleName(self.tr("Search the archive"))
        self.whose = Choice(self.tr("Search as"))
        self.whose.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToContents)
        self.add = Button(theme, self.tr("Add"), "", "plus")
        self._hint, self._sum = ElidedLabel(theme, "", "label", "text2"), Label(theme, "", "label", "muted")
        self._strip, self._strip_text = frame_of("info"), ElidedLabel(theme, "", "label", "text2")
        ways = (("both", self.tr("Both")), ("meaning", self.tr("Meaning")), ("words", self.tr("Words")))
        self.way = Segmented(theme, ways, "both", self.tr("Search by"))
        sides = (("passage", self.tr("Passage")), ("filters", self.tr("Filters")))
        self.side = Segmented(theme, sides, "passage", self.tr("What stands beside the list"))
        self._chosen = Label(theme, "", "strong")
        self.tag_many = Button(theme, self.tr("Tags"), "", "tag", "small")
        self.merge_many = Button(theme, self.tr("Merge"), "", "fork", "small")
        self.end_many = Button(theme, self.tr("No longer true"), "", "history", "small")
        self.delete_many = Button(theme, self.tr("Delete"), "danger", "trash", "small")
        self.import_ = Button(theme, self.tr("Import"), "ghost", "download", "small")
        self.export = Button(theme, self.tr("Export"), "ghost", "upload", "small")
        self._pages = QStackedWidget()
        actions = [(self.tr("Add a passage"), self.begin_new), (self.tr("Import"), self._import)]
        self._empty = EmptyState(theme, "archive", "", "", actions)
        self._nothing = EmptyState(theme, "search", self.tr("Nothing found"), "")
        self._soon, self._slow = QTimer(self), QTimer(self)
        for timer, wait in ((self._soon, SOON_MS), (self._slow, SLOW_MS)):
            timer.setSingleShot(True)
            timer.setInterval(wait)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        theme = self._theme
        head, under, strip_row, self._bar, middle = QWidget(), QWidget(), QWidget(), frame_of("panel"), QFrame()
        row_of(theme, self.field, self.whose, self.add, parent=head, inset=(14, 9, 14, 6)).setStretch(0, 1)
        modes = row_of(theme, self.side, self.way, self._hint, None, self._sum, parent=under, inset=(14, 0, 14, 8))
        modes.setStretch(2, 1)
        row_of(theme, Icon(theme, "info", "info", 14), self._strip_text, parent=self._strip, inset=(8, 4, 8, 4))
        row_of(theme, self._strip, parent=strip_row, inset=(14, 0, 14, 8))
        self._strip.hide()
        self._many = (self._chosen, self.tag_many, self.merge_many, self.end_many, self.delete_many)
        row_of(theme, *self._many, None, self.import_, self.export, parent=self._bar, inset=(14, 8, 14, 8))
        self._pages.addWidget(self.list)
        for state in (self._empty, self._nothing):
            hold = QWidget()
            column_of(theme, None, row_of(theme, None, state, None), None, parent=hold)
            self._pages.addWidget(hold)
        self._loading = Label(theme, self.tr("Reading the archive…"), "base", "muted")
        self._loading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(self._loading)
        middle_column = column_of(
            theme, head, under, strip_row, hairline(), self._pages, hairline(), self._bar, parent=middle, gap=0
        )
        middle_column.setStretch(4, 1)
        self.beside = Splitter(theme)
        for part in (self.filters, middle, self.pane):
            self.beside.addWidget(part)
        self.beside.name_handle(1, self.tr("Width of the filters"))
        self.beside.name_handle(2, self.tr("Width of the passage"))
        self.beside.setStretchFactor(1, 1)
        column_of(theme, self.beside, parent=self, gap=0)
        self.setFocusProxy(self.list)
        self._show_chosen()
        follow(theme, self, self._fit)

    def _connect(self) -> None:
        self.side.chosen.connect(self._show_side)
        self.field.textChanged.connect(lambda: self._soon.start())
        self.field.returnPressed.connect(lambda: self.list.setFocus(Qt.FocusReason.OtherFocusReason))
        for choice in (self.whose.activated, self.way.chosen):
            choice.connect(lambda: self._begin_list())
        self.filters.changed.connect(lambda: self._begin_list())
        self.filters.archive_picked.connect(lambda: self._count())
        self.filters.archive_wanted.connect(self.whole.ask_new)
        self.filters.menu_wanted.connect(self.whole.open_menu)
        self._soon.timeout.connect(lambda: self._begin_list(keep=True))
        self._slow.timeout.connect(lambda: self._pages.setCurrentIndex(3))
        self.list.picked.connect(self._picked)
        self.list.ticked.connect(self._show_chosen)
        self.list.pressed_key.connect(self._key)
        self.list.verticalScrollBar().valueChanged.connect(lambda: self._ask_for_more())
        self.add.clicked.connect(lambda: self.begin_new())
        self.import_.clicked.connect(lambda: self._import())
        self.export.clicked.connect(lambda: self.files.ask_export(self._filter, self._agent_name))
        self.tag_many.clicked.connect(lambda: self._key("tags"))
        self.merge_many.clicked.connect(lambda: self._key("merge"))
        self.end_many.clicked.connect(lambda: self._key("end"))
        self.delete_many.clicked.connect(lambda: self._key("delete"))
        pane = self.pane
        pane.saved.connect(self._save)
        pane.ended.connect(self._end)
        pane.delete_wanted.connect(self._delete_one)
        pane.merge_wanted.connect(self._merge_near)
        pane.both_wanted.connect(self._keep_both)
        pane.message_wanted.connect(self.message_wanted)
        pane.passage_wanted.connect(self._go_to)
        pane.left.connect(lambda: self.list.setFocus(Qt.FocusReason.OtherFocusReason))
        self._view.workspace.changed.connect(self._changed)

    # Reading

    def begin(self) -> None:
        """Shows the archives of the open agent; what was asked for stays while it is the same agent."""
        agent = self._view.workspace.agent
        if agent is None:
            return
        if agent.id != self._agent_id:
            self._agent_id = agent.id
            self.field.blockSignals(True)
            self.field.clear()
            self.field.blockSignals(False)
            self.filters.clear()
            self.rows.begin(())
            self.pane.show_nothing()
        if agent.name != self._agent_name:
            self._agent_name = agent.name
            self.rows.agent_name = self.list.delegate.agent_name = self.pane.agent_name = agent.name
            self.filters.agent_name = agent.name
            at = max(0, self.whose.currentIndex())
            self.whose.clear()
            self.whose.addItems([self.tr("As {}").format(agent.name), self.tr("As nobody")])
            self.whose.setCurrentIndex(at)
        self._count()
        self._begin_list(keep=True)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def _filter(self) -> PassageFilter:
        return self.filters.filter(self._agent_id)

    @property
    def _query(self) -> str:
        return self.field.text().strip()

    def _begin_list(self, *, keep: bool = False) -> None:
        """Reads from the beginning. `keep`: the same list as before, as it is now."""
        self._turn += 1
        self.way.setVisible(bool(self._query))
        if not self.rows.rows:
            self._slow.start()
        self._view.run(self._read(self._turn, keep), self, failed=self._failed)

    async def _read(self, turn: int, keep: bool) -> None:
        rows = await (self._found(turn) if self._query else self._first(turn, keep))
        if rows is not None and turn == self._turn:
            self._show(rows, keep)

    def _count(self) -> None:
        """What the archives hold is counted when it changes, not while a person types: that reads all of it."""
        self._counting.read("contents", self._read_contents)

    async def _read_contents(self) -> None:
        agent_id = self._agent_id
        archives = await self._services.archives.of_agent(agent_id)
        holders = await self._services.archives.holders(tuple(one.id for one in archives))
        shown = [one.id for one in archives if self.filters.archive_id in ("", one.id)]
        contents = await self._services.archives.contents(tuple(shown))
        if agent_id != self._agent_id:
            return
        self._home = self.filters.archive_id or (archives[0].id if archives else "")
        self._total = sum(one.passages for one in archives)
        self.filters.show_archives(archives, {key: len(agents) for key, agents in holders.items()})
        self.filters.show_contents(contents)
        self.filters.foot.setText(f"{passages_words(self._total)}. {await self._embedder_words(archives)}")
        self._show_chosen()
        if not self._query:
            self._say_sum()

    async def _embedder_words(self, archives: tuple[Archive, ...]) -> str:
        """What makes the passages' vectors, and whether it is the one that was asked for."""
        handle = next((one.embedding for one in archives if one.embedding is not None), None)
        model = await self._services.recall.embedder(handle)
        usual = handle or (await self._services.recall.usual_embedder()).handle
        return embedder_words(usual, model)

    def _say_sum(self) -> None:
        self._sum.setText("" if self.filters.narrows else passages_words(self._total))

    async def _first(self, turn: int, keep: bool) -> "list[Row] | None":
        """As many as are shown already, where the same list is read again."""
        most = max(PAGE, len(self.rows.rows)) if keep and not self._searched else PAGE
        passages = await self._services.archives.passages(self._filter, PageRequest(limit=most))
        if turn != self._turn:
            return None
        self._complete = len(passages) < most
        self._hint.set_text("")
        self._say_sum()
        return [PassageRow(passage) for passage in passages]

    async def _found(self, turn: int) -> "list[Row] | None":
        begun, way = time.perf_counter(), cast("SearchWay", self.way.current)
        found = await self._services.archives.search(self._query, self._filter, MOST_FOUND, way)
        took = round((time.perf_counter() - begun) * 1000)
        as_agent = self.whose.currentIndex() == 0 and way == "both"
        answer = await self._services.archives.answer(self._agent_id, self._query, self._filter) if as_agent else None
        if turn != self._turn:
            return None
        self._complete = True
        note = search_note(await self._services.recall.progress()) or found.state.note
        self._strip.setVisible(bool(note))
        self._strip_text.set_text(note)
        if way == "both":
            self.way.set_choice_enabled("meaning", found.state.by_meaning, found.state.note)
        named = [self.tr("“{}” is looked for as it stands").format(name) for name in found.names[:2]]
        self._hint.set_text(", ".join(named))
        self._sum.setText(self.tr("{} found in {} ms").format(count(len(found.hits)), count(took)))
        return found_rows(found, answer, self._agent_name)

    @property
    def _searched(self) -> bool:
        return any(isinstance(row, PassageRow) and row.searched for row in self.rows.rows)

    def _show(self, rows: "list[Row]", keep: bool) -> None:
        self._slow.stop()
        if not self._query:
            self._strip.hide()
        at = self.list.row
        (self.rows.renew if keep else self.rows.begin)(rows)
        if rows:
            self._pages.setCurrentIndex(0)
            self.list.go_to(at.passage.id if at is not None else "")
            self._picked(self.list.row)
            self._ask_for_more()
        else:
            self._show_no_rows()
        self._show_chosen()

    def _show_no_rows(self) -> None:
        if not self.pane.editing:
            self.pane.show_nothing()
        if self._query:
            self._nothing.set_heading(self._not_found(), self.tr("Try other words."))
        elif self.filters.narrows:
            self._nothing.set_heading(self.tr("No passage matches."), self.tr("Fewer tags show more."))
        else:
            agent = self._view.workspace.agent
            stores = agent is not None and "archival_memory_insert" in agent.tool_names
            text = self.tr("The agent stores lasting notes here when it learns something.")
            if not stores:
                text = self.tr(
                    "The agent has no tool to store notes here: give it archival_memory_insert, or add some."
                )
            self._empty.set_heading(self.tr("The archive is empty"), text)
        self._pages.setCurrentIndex(2 if self._query or self.filters.narrows else 1)

    def _not_found(self) -> str:
        words = {"meaning": self.tr("Nothing found by meaning."), "words": self.tr("Nothing found by word.")}
        return words.get(self.way.current) or self.tr("Nothing found by meaning or by word.")

    def _failed(self, error: AppError) -> None:
        self._slow.stop()
        self._nothing.set_heading(error.message, error.hint)
        self._pages.setCurrentIndex(2)

    def _ask_for_more(self) -> None:
        last = self.list.indexAt(self.list.viewport().rect().bottomLeft()).row()
        near = last < 0 or last >= len(self.rows.rows) - NEAR
        if near and self.rows.rows and not self._complete and not self._reading:
            self._reading = True
            self._view.run(self._read_more(self._turn), self)

    async def _read_more(self, turn: int) -> None:
        last = self.rows.rows[-1]
        assert isinstance(last, PassageRow)
        try:
            page = PageRequest(limit=PAGE, after=last.passage.id)
            passages = await self._services.archives.passages(self._filter, page)
        finally:
            self._reading = False
        if turn == self._turn:
            self._complete = len(passages) < PAGE
            self.rows.append([PassageRow(passage) for passage in passages])

    def _changed(self, event: Changed) -> None:
        own = event.agent_id in (None, self._agent_id)
        if event.kind in ("passage", "archive") and own and self.isVisible():
            self._count()
            self._soon.start()

    # One passage

    def _picked(self, row: object) -> None:
        if not isinstance(row, PassageRow) or self.pane.editing:
            return
        self.pane.show_passage(row.passage, row.rank)
        self._view.run(self._read_known(row.passage.id), self, failed=lambda error: None)

    async def _read_known(self, passage_id: str) -> None:
        passage = await self._services.archives.passage(passage_id)
        states = await self._services.archives.states(passage_id)
        tokens = await self._services.archives.tokens(passage_id)
        nearly = None
        if passage.nearly is not None:
            nearly = next(iter(await self._services.archives.many((passage.nearly,))), None)
        if self.pane.passage is not None and self.pane.passage.id == passage_id:
            self.pane.show_known(tokens, nearly, states)

    def _go_to(self, passage_id: str) -> None:
        self._view.run(self._show_other(passage_id), self)

    async def _show_other(self, passage_id: str) -> None:
        if self.rows.index_of(passage_id) >= 0:
            self.list.go_to(passage_id)
            return
        self.pane.show_passage(await self._services.archives.passage(passage_id), None)
        await self._read_known(passage_id)

    # What a person does

    def begin_new(self) -> None:
        """A new passage is written in the pane at the right."""
        self._show_side("passage")
        self.pane.begin_new()

    def _key(self, wanted: str) -> None:
        row, chosen = self.list.row, self.rows.chosen
        ids = chosen or ((row.passage.id,) if row is not None else ())
        if not ids:
            return
        if wanted == "delete":
            self._delete(ids)
        elif wanted == "merge":
            self._merge_chosen(ids)
        elif wanted == "tags" and chosen:
            self._view.run(self._ask_tags(chosen), self)
        elif wanted == "end" and chosen:
            self._do(
                self._services.archives.supersede(chosen), self.tr("{} true no longer").format(self._many_words(chosen))
            )
        elif wanted == "end":
            self._show_side("passage")
            self.pane.begin_ending()
        else:
            self._show_side("passage")
            self.pane.begin_editing(tags=wanted == "tags")

    def _save(self, passage_id: str, text: str, tags: tuple[str, ...]) -> None:
        if not passage_id:
            self._view.run(self._store(text, tags), self, done=self._stored, undo=self._undo_stored)
            return
        known = self.pane.passage
        version = None if known is None else known.version
        self.pane.end_editing()
        work = self._services.archives.edit(passage_id, PassagePatch(text=text, tags=tags), version)
        self._do(work, self.tr("The passage was changed"))
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    async def _store(self, text: str, tags: tuple[str, ...]) -> Stored:
        draft = PassageDraft(text=text, tags=tags)
        archives = self._services.archives
        return await (archives.insert(self._home, draft) if self._home else archives.insert_for(self._agent_id, draft))

    def _stored(self, stored: Stored) -> Notice:
        self.pane.end_editing()
        self.pane.show_passage(stored.passage, None)
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        if not stored.is_new:
            return Notice(self.tr("This was stored already"), self.tr("Nothing was added."), self.tr("Delete it"))
        near = self.tr("Nearly the same was stored before.") if stored.nearly is not None else ""
        return Notice(self.tr("The passage was stored"), near)

    def _undo_stored(self, stored: Stored) -> None:
        self._delete((stored.passage.id,))

    def _end(self, passage_id: str, at: int | None, instead: str) -> None:
        draft = PassageDraft(text=instead) if instead else None
        self._do(self._services.archives.supersede((passage_id,), at, draft), self.tr("The passage is true no longer"))
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _delete_one(self, passage_id: str) -> None:
        self._delete((passage_id,))

    def _delete(self, ids: tuple[str, ...]) -> None:
        self._do(self._services.archives.remove(ids), self.tr("{} deleted").format(self._many_words(ids)))

    def _merge_near(self, keep: str, newer: str) -> None:
        text = self.pane.passage.text if self.pane.passage is not None else None
        self._do(self._services.archives.merge(keep, (newer,), text), self.tr("Both are one passage now"))

    def _merge_chosen(self, ids: tuple[str, ...]) -> None:
        """The first of them keeps its text."""
        if len(ids) > 1:
            done = self.tr("{} are one now").format(self._many_words(ids))
            self._do(self._services.archives.merge(ids[0], ids[1:]), done)

    def _keep_both(self, passage_id: str) -> None:
        self._do(self._services.archives.keep_both(passage_id), self.tr("Both were kept"))

    async def _ask_tags(self, ids: tuple[str, ...]) -> None:
        """What is added to the tags that all of them have is given to all; what is left out is taken from all."""
        chosen = await self._services.archives.many(ids)
        shared = tuple(tag for tag in chosen[0].tags if all(tag in one.tags for one in chosen)) if chosen else ()
        text = self.tr("The tags that all of them have, separated by commas. Each keeps its other tags.")
        title = self.tr("Tags of {}").format(self._many_words(ids))
        typed = await self._view.ask.ask_text(title, text, ", ".join(shared), self.tr("Save"))
        tags = tags_in(typed or "")
        add, remove = (tuple(tag for tag in one if tag not in other) for one, other in ((tags, shared), (shared, tags)))
        if typed is not None and (add or remove):
            work = self._services.archives.tag(ids, add, remove)
            self._do(work, self.tr("The tags of {} were changed").format(self._many_words(ids)))

    def _import(self) -> None:
        self._view.run(self._ask_import(), self)

    async def _ask_import(self) -> None:
        if not self._home:
            self._home = (await self._services.archives.default_of(self._agent_id)).id
        self.files.ask_import(self._home)

    def _do(self, work: "Coroutine[Any, Any, PassageChange]", done: str) -> None:
        """One change, told with its undo."""

        def undo(change: PassageChange) -> None:
            self._view.run(self._undo(change.changes), self)

        self._view.run(work, self, done=lambda change: self._told(change, done), undo=undo)

    def _told(self, change: PassageChange, done: str) -> Notice | None:
        self.rows.choose_none()
        self._show_chosen()
        return Notice(done) if change.changes else None

    async def _undo(self, changes: tuple[int, ...]) -> None:
        for seq in reversed(changes):
            await self._services.history.undo(seq)

    # Looks

    def _many_words(self, ids: tuple[str, ...]) -> str:
        return counted(len(ids), self.tr("{} passage"), self.tr("{} passages"))

    def _show_chosen(self) -> None:
        number = len(self.rows.chosen)
        for part in self._many:
            part.setVisible(number > 0)
        self._chosen.setText(self.tr("{} chosen").format(count(number)))
        self.merge_many.setEnabled(number > 1)
        # All together need more room than a narrow list has.
        roomy = not number or self.width() / self._theme.scale >= NARROW
        self.import_.setVisible(roomy)
        self.export.setVisible(roomy and self._total > 0)

    def _fit(self) -> None:
        px, narrow = self._theme.px, self.width() / self._theme.scale < NARROW
        self.side.setVisible(narrow)
        self.filters.setVisible(not narrow or self.side.current == "filters")
        self.pane.setVisible(not narrow or self.side.current == "passage")
        self.filters.setMinimumWidth(px(248))
        self.pane.setMinimumWidth(px(300))
        self._show_chosen()
        left, right = px(248), px(300 if narrow else 356)
        self.beside.setSizes([left, max(px(320), self.width() - left - right), right])

    def _show_side(self, name: str) -> None:
        self.side.set_current(name)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Here the search key means this search, not that of the conversation."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and _is_find(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_find(event):
            self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.field.selectAll()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()


def _is_find(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Find)
