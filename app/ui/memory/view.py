"""The memory of the open agent: its blocks as cards that change while the agent works, and all one does to them."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.domain.agent import Agent
from app.domain.block import Block, BlockDraft, BlockPatch
from app.domain.error import AppError
from app.domain.history import MemoryEvent
from app.domain.page import BlockFilter, PageRequest
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.layout import column_of
from app.ui.kit.section import Section
from app.ui.kit.wording import count, counted, moment, now
from app.ui.memory.block_card import BlockCard
from app.ui.memory.block_editor import Unsaved
from app.ui.memory.new_block import NewBlock
from app.ui.memory.share_popup import SharedBlock, SharePopup
from app.ui.state.block_list import BlockRow
from app.ui.state.view_context import Notice, ViewContext

OFFERED = 50
"""Blocks of other agents that are offered at first; there may be thousands."""
ANY = PageRequest(limit=1)
SHOWN_SECONDS = 3600
"""How long an agent's change stays marked on its card."""


class MemoryView(Section):
    history_wanted = Signal(str)
    """Id of the block whose history a person wants to see; empty for all."""
    wide_wanted = Signal(object)
    """The BlockCard whose text a person wants to edit on a page of its own."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__(view.theme, "")
        self._view = view
        self._services = view.services
        self._origin = view.workspace.origin
        self._cards: dict[str, BlockCard] = {}
        self._unsaved: dict[str, tuple[str, Unsaved]] = {}
        """Label and what was typed, by the id of a block that is not shown now."""
        self._revealed = ""
        self._tokens = 0
        self._going_on = QTimer(self)
        """Makes the cards one after the other: an agent may have twenty blocks of fifty thousand characters."""
        self._going_on.setInterval(0)
        self._going_on.timeout.connect(self._fill)
        self.set_title(self.tr("Memory"))
        self._history = self.add_action("history", self.tr("Memory history"), lambda: self.history_wanted.emit(""))
        self.add_button = self.add_action("plus", self.tr("Add a memory block"), self._ask_add)
        self.share = SharePopup(view.theme, self.add_button, OFFERED)
        self._new = NewBlock(view.theme)
        self._new.hide()
        self._column = QWidget()
        self._list: QVBoxLayout = column_of(view.theme, parent=self._column, gap=8)
        self._empty = EmptyState(
            view.theme,
            "memory",
            self.tr("No memory blocks"),
            self.tr("The agent always sees its blocks. Without one it cannot remember anything on its own."),
            [(self.tr("Add a block"), self.begin_new)],
        )
        self._empty.hide()
        for part in (self._new, self._column, self._empty):
            self.add(part)
        self._new.submitted.connect(self._create)
        self.share.wanted.connect(self._find_shareable)
        self.share.picked.connect(self._attach)
        self.share.new_wanted.connect(self.begin_new)
        blocks = view.workspace.blocks
        blocks.rowsInserted.connect(lambda: self._fill())
        blocks.rowsRemoved.connect(lambda: self._fill())
        blocks.rowsMoved.connect(lambda: self._fill())
        blocks.dataChanged.connect(self._refresh)
        view.workspace.blocks_loaded.connect(self._fill)
        view.workspace.agent_changed.connect(self._name_cards)

    # Showing

    def _fill(self) -> None:
        rows = self._view.workspace.blocks.rows
        known = {row.block.id for row in rows}
        for block_id in [id for id in self._cards if id not in known]:
            card = self._cards.pop(block_id)
            if card.block is not None and card.unsaved is not None:
                self._unsaved[block_id] = card.block.label, card.unsaved
            card.take_editor()
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        made = False
        for row in rows:
            card = self._cards.get(row.block.id)
            if card is None and not made:
                card, made = self._add_card(row.block), True
                self._show(card, row)
                if row.block.id in self._unsaved:
                    card.resume(self._unsaved.pop(row.block.id)[1])
        self._put_in_order(rows)
        if len(self._cards) < len(rows):
            self._going_on.start()
        else:
            self._going_on.stop()
        self._tell(rows)
        if self._revealed in self._cards:
            self.reveal(self._revealed)

    def _put_in_order(self, rows: Sequence[BlockRow]) -> None:
        cards = [self._cards[row.block.id] for row in rows if row.block.id in self._cards]
        for place, card in enumerate(cards):
            if self._list.indexOf(card) != place:
                self._list.insertWidget(place, card)

    def _refresh(self, first: QModelIndex, last: QModelIndex) -> None:
        rows = self._view.workspace.blocks.rows
        for row in rows[first.row() : last.row() + 1]:
            if row.block.id in self._cards:
                self._show(self._cards[row.block.id], row)
        self._tell(rows)

    def _tell(self, rows: Any) -> None:
        agent = self._view.workspace.agent
        known = agent is not None and self._view.workspace.blocks_of == agent.id
        self._empty.setVisible(known and not rows and self._new.isHidden())
        self.setVisible(agent is not None)
        words = counted(len(rows), self.tr("{0} block"), self.tr("{0} blocks"))
        if self._tokens:
            one, many = self.tr("{0} block, {1} tokens"), self.tr("{0} blocks, {1} tokens")
            words = counted(len(rows), one, many, count(self._tokens))
        self.set_count(words if rows else "")

    def show_tokens(self, tokens: int) -> None:
        self._tokens = tokens
        self._tell(self._view.workspace.blocks.rows)

    def _show(self, card: BlockCard, row: BlockRow) -> None:
        agent = self._view.workspace.agent
        card.set_agent_name(agent.name if agent is not None else "")
        card.set_block(row.block, worth_showing(row.change), max(0, row.holders - 1))

    def _name_cards(self, agent: Agent) -> None:
        for card in self._cards.values():
            card.set_agent_name(agent.name)

    def _add_card(self, block: Block) -> BlockCard:
        card = self._cards[block.id] = BlockCard(self._view.theme)
        id = block.id

        def save(text: str, version: int) -> None:
            self._patch(id, BlockPatch(value=text), version)

        def rename(label: str) -> None:
            self._patch(id, BlockPatch(label=label))

        def describe(text: str) -> None:
            self._patch(id, BlockPatch(description=text))

        def limit(characters: int) -> None:
            self._patch(id, BlockPatch(limit=characters))

        def lock(read_only: bool) -> None:
            self._patch(id, BlockPatch(read_only=read_only))

        card.save_requested.connect(save)
        card.wide_requested.connect(lambda: self.wide_wanted.emit(card))
        card.undo_requested.connect(self._begin_undo)
        card.history_requested.connect(lambda: self.history_wanted.emit(id))
        card.shared_requested.connect(lambda: self._view.run(self._tell_holders(id), self))
        card.rename_requested.connect(rename)
        card.description_requested.connect(describe)
        card.limit_requested.connect(limit)
        card.read_only_requested.connect(lock)
        card.detach_requested.connect(lambda: self._detach(id))
        card.delete_requested.connect(lambda: self._view.run(self._delete(id), self))
        return card

    def focus_first(self) -> None:
        """Ctrl Shift M: straight into the text of the first block."""
        rows = self._view.workspace.blocks.rows
        if rows and rows[0].block.id in self._cards:
            self._cards[rows[0].block.id].begin_edit()
        elif not rows:
            self.begin_new()

    def ask_wide(self) -> None:
        """The block that has the keyboard, or is being edited, or else the first one, on a page of its own."""
        cards = [self._cards[row.block.id] for row in self._view.workspace.blocks.rows if row.block.id in self._cards]
        focus = QApplication.focusWidget()
        here = [card for card in cards if focus is not None and card.isAncestorOf(focus)]
        if found := (*here, *(card for card in cards if card.editing), *cards):
            self.wide_wanted.emit(found[0])

    def reveal(self, block_id: str) -> None:
        """Bring a card into sight once it is there, and put the focus on it."""
        self._revealed = block_id
        card = self._cards.get(block_id)
        if card is not None:
            self._revealed = ""
            card.head.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def unsaved(self) -> list[str]:
        """The blocks of agents into which something was typed that is not saved, in words."""
        labels = {id: label for id, (label, _) in self._unsaved.items()}
        labels |= {id: card.block.label for id, card in self._cards.items() if card.block and card.unsaved}
        holders = {id: row.agent.name for row in self._view.workspace.agents.rows for id in row.agent.block_ids}
        return [self.tr("block {} of {}").format(label, holders[id]) for id, label in labels.items() if id in holders]

    async def save_all(self) -> None:
        """Stores what was typed into blocks. Raises `AppError` at the first that cannot be: it stays."""
        typed = {id: unsaved for id, (_, unsaved) in self._unsaved.items()}
        typed |= {id: card.unsaved for id, card in self._cards.items() if card.block and card.unsaved}
        for block_id, unsaved in typed.items():
            patch = BlockPatch(value=unsaved.text)
            await self._services.blocks.update(block_id, patch, unsaved.version, origin=self._origin)
            self._unsaved.pop(block_id, None)

    # Changing

    def _patch(self, block_id: str, patch: BlockPatch, version: int | None = None) -> None:
        card = self._cards[block_id]
        work = self._services.blocks.update(block_id, patch, version, origin=self._origin)
        self._view.run(
            work,
            card,
            done=lambda stored: self._stored(stored, card),
            failed=lambda error: self._not_stored(error, block_id, card),
        )

    def _stored(self, stored: Block, card: BlockCard) -> None:
        shown = self._view.workspace.blocks.row_of(stored.id)
        if shown is None or shown.block.version < stored.version:
            card.set_block(stored, None, max(0, shown.holders - 1) if shown else 0)

    def _not_stored(self, error: AppError, block_id: str, card: BlockCard) -> None:
        if error.code == "version_conflict":
            self._view.run(self._meet(block_id, card), self)
        else:
            card.save_failed(f"{error.message} {error.hint}".strip())

    async def _meet(self, block_id: str, card: BlockCard) -> None:
        """Somebody saved first: show theirs beside what was typed."""
        card.set_block(await self._services.blocks.get(block_id))

    def _begin_undo(self, seq: int) -> None:
        self._undo(seq, again=False)

    def _undo(self, seq: int, *, again: bool) -> None:
        """`again`: the change is itself an undo, so what it undid is made once more."""

        def undone(made: MemoryEvent) -> Notice:
            words = self.tr("The change to “{}” was redone") if again else self.tr("The change to “{}” was undone")
            detail = self.tr("Saved as version {}").format(made.version)
            return Notice(words.format(made.label), detail, self.tr("Undo") if again else self.tr("Redo"))

        work = self._services.history.undo(seq, origin=self._origin)
        self._view.run(work, self, done=undone, undo=lambda made: self._undo(made.seq, again=not again))

    def _detach(self, block_id: str) -> None:
        agent = self._view.workspace.agent
        row = self._view.workspace.blocks.row_of(block_id)
        if agent is None or row is None:
            return
        agent_id, blocks = agent.id, self._services.blocks
        self._view.run(
            blocks.detach(agent_id, block_id, origin=self._origin),
            self,
            done=Notice(
                self.tr("“{}” was detached").format(row.block.label),
                self.tr("{} no longer sees it; the text is kept.").format(agent.name),
            ),
            undo=lambda _: self._view.run(blocks.attach(agent_id, block_id, origin=self._origin), self),
        )

    async def _delete(self, block_id: str) -> None:
        row = self._view.workspace.blocks.row_of(block_id)
        if row is None:
            return
        label, others = row.block.label, row.holders - 1
        text = self.tr("Its text is deleted too; the history still shows it.")
        if others > 0:
            lose = self.tr("Another agent loses it too."), self.tr("{} other agents lose it too.")
            text = f"{counted(others, *lose)} {text}"
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("delete", self.tr("Delete {}").format(label), "danger"))
        key, _ = await self._view.ask.ask(self.tr("Delete the block “{}”?").format(label), text, answers)
        if key == "delete":
            await self._services.blocks.delete(block_id, origin=self._origin)

    async def _tell_holders(self, block_id: str) -> None:
        ids = (await self._services.blocks.holders((block_id,))).get(block_id, ())
        names = [row.agent.name for row in self._view.workspace.agents.rows if row.agent.id in ids]
        told = self.tr("When one of them changes it, all of them see it.")
        self._view.tell(self.tr("Shared by {}").format(", ".join(names)), told)

    # Adding

    def _ask_add(self) -> None:
        self._view.run(self._offer(), self)

    async def _offer(self) -> None:
        """A new block, or one that other agents have or nobody has any more."""
        agent = self._view.workspace.agent
        if agent is not None and await self._services.blocks.list(BlockFilter(shareable_with=agent.id), ANY):
            self.share.open()
        else:
            self.begin_new()

    def _find_shareable(self, words: str, limit: int) -> None:
        self._view.run(self._read_shareable(words, limit), self)

    async def _read_shareable(self, words: str, limit: int) -> None:
        agent = self._view.workspace.agent
        if agent is None:
            return
        wanted = BlockFilter(shareable_with=agent.id, search=words or None)
        found: tuple[Block, ...] = await self._services.blocks.list(wanted, PageRequest(limit=limit))
        holders = await self._services.blocks.holders(tuple(block.id for block in found))
        names = {row.agent.id: row.agent.name for row in self._view.workspace.agents.rows}
        labels = {row.block.label for row in self._view.workspace.blocks.rows}

        def row_of(block: Block) -> SharedBlock:
            owner = self._owner([names[id] for id in holders.get(block.id, ()) if id in names])
            return SharedBlock(block, owner, block.label in labels)

        self.share.show_found(words, tuple(map(row_of, found)), more=len(found) == limit)

    def _owner(self, names: Sequence[str]) -> str:
        if not names:
            return self.tr("no agent has it")
        if len(names) == 1:
            return self.tr("of {}").format(names[0])
        return counted(len(names) - 1, self.tr("of {1} and {0} other"), self.tr("of {1} and {0} others"), names[0])

    def _attach(self, block_id: str) -> None:
        agent = self._view.workspace.agent
        if agent is not None:
            self._view.run(self._services.blocks.attach(agent.id, block_id, origin=self._origin), self)

    def begin_new(self) -> None:
        self._empty.hide()
        self._new.begin()

    def _create(self, draft: BlockDraft) -> None:
        agent = self._view.workspace.agent
        if agent is not None:
            work = self._services.blocks.create(agent.id, draft, origin=self._origin)
            self._view.run(
                work,
                self._new,
                done=lambda _: self._new.end(),
                failed=lambda error: self._new.set_problem(error.message),
            )


def worth_showing(change: MemoryEvent | None) -> MemoryEvent | None:
    """The newest change of a block, while it is fresh, not a person's own, and not undone."""
    if change is None or change.undone_by is not None or change.target_kind != "block" or change.op == "create":
        return None
    fresh = (now() - moment(change.at)).total_seconds() < SHOWN_SECONDS
    return change if fresh and change.origin.actor.kind != "user" else None
