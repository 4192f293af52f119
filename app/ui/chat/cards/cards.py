"""Which card draws which kind of row."""

from PySide6.QtWidgets import QWidget

from app.ui.chat.cards.card import Card, CardContext
from app.ui.chat.cards.error_card import ErrorCard
from app.ui.chat.cards.message_card import AssistantCard
from app.ui.chat.cards.notice_card import LineCard, SummaryCard, WorkingCard
from app.ui.chat.cards.reasoning_card import ReasoningCard
from app.ui.chat.cards.repair_card import RepairCard
from app.ui.chat.cards.tool_call_card import ToolCallCard
from app.ui.chat.cards.user_card import UserCard
from app.ui.chat.transcript.row import Row, RowKind

_CARDS: dict[RowKind, type[Card]] = {
    "user": UserCard,
    "queued": UserCard,
    "assistant": AssistantCard,
    "reasoning": ReasoningCard,
    "tool": ToolCallCard,
    "error": ErrorCard,
    "summary": SummaryCard,
    "working": WorkingCard,
    "day": LineCard,
    "boundary": LineCard,
    "event": LineCard,
    "repair": RepairCard,
}


def make_card(context: CardContext, row: Row, parent: QWidget) -> Card:
    card = _CARDS[row.kind](context, row, parent)
    card.begin()
    return card


def fits(card: Card, row: Row) -> bool:
    """Whether this card can draw that row."""
    return type(card) is _CARDS[row.kind]


def guess_height(row: Row, width: int) -> int:
    """A rough height in logical pixels, until the card is measured."""
    if row.kind in ("user", "assistant", "queued"):
        per_line = max(20, width // 7)
        lines = sum(1 + len(line) // per_line for line in row.text.split("\n"))
        return 21 * lines + (24 if row.kind == "assistant" else 16)
    if row.kind == "tool" and row.tool is not None and row.tool.changes:
        return 150
    return {"tool": 34, "error": 110, "summary": 32}.get(row.kind, 24)


def gap_above(row: Row, before: Row | None) -> int:
    """Space between two cards in logical pixels."""
    if before is None:
        return 0
    if row.kind == "tool" and before.kind == "tool":
        return 8
    mine = row.kind in ("assistant", "reasoning", "tool", "working", "summary", "error", "repair")
    theirs = before.kind in ("assistant", "reasoning", "tool", "working", "summary", "error", "repair")
    return 8 if mine and theirs else 18
