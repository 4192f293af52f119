"""Which card draws which kind of row."""

from PySide6.QtWidgets import QWidget

from app.ui.chat.cards.card import Card
from app.ui.chat.cards.context import CardContext
from app.ui.chat.cards.error_card import ErrorCard
from app.ui.chat.cards.notice_card import LineCard, SummaryCard, WorkingCard
from app.ui.chat.cards.reasoning_card import ReasoningCard
from app.ui.chat.cards.repair_card import RepairCard
from app.ui.chat.cards.reply_card import AssistantCard
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
    """The card that can draw this row, drawn."""
    card = _CARDS[row.kind](context, row, parent)
    card.begin()
    return card


def fits(card: Card, row: Row) -> bool:
    """Whether this card can draw that row."""
    return type(card) is _CARDS[row.kind]
