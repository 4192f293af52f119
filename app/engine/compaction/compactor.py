"""Makes the summary of messages that leave a window: asks a model, judges what it wrote, does without if it must."""

import asyncio
import datetime
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.domain.compaction import CompactionSettings, Summary
from app.domain.error import AppError, said_alone
from app.domain.message import Message
from app.engine.compaction.extract import extract
from app.engine.compaction.question import (
    ACKNOWLEDGED,
    ASK,
    ASK_MERGE,
    ASK_PART,
    INSTRUCTION,
    OUTPUT_SLACK,
    portions,
    summary_request,
)
from app.engine.compaction.told import shortened, told
from app.engine.compaction.verdict import usable
from app.engine.context.window import MARGIN, MESSAGE_OVERHEAD, TokenLedger
from app.ports.models import ChatRequest

log = logging.getLogger(__name__)

MOST_ROUNDS = 4
"""How often summaries of portions are summed up again; each round is several times shorter than the one before."""
MOST_SHARE = 0.25
"""Of its window, what a summary may take at most, whatever its limit in characters."""
UNSURE = 1.25
"""Our count of a text may be so much too low for a model that has not counted anything yet."""
LESS_UNSURE = 1.1
"""The same once it has: a conversation is no mix of texts like the request that was counted."""
MOST_OF_REQUEST = 1_500
"""Characters of the message that is being answered, where it leaves the window."""
Ask = Callable[[ChatRequest], Awaitable[str]]
"""Sends one request and gives the words of the reply. Raises `AppError`."""


def with_request(summary: Summary, asked_for: str) -> Summary:
    """With the message that is being answered, where it leaves too: a turn may fill a window by itself."""
    if not asked_for.strip():
        return summary
    request = shortened(asked_for, MOST_OF_REQUEST)
    return summary.model_copy(update={"text": f"{summary.text}\n\nThe user's newest message, word for word: {request}"})


@dataclass(frozen=True)
class Writer:
    """The model that writes."""

    handle: str
    model: str
    """Its name at its provider."""
    window: int
    """Tokens that it reads and writes together."""
    asked_window: int
    """The context size that its server is asked for."""
    factor: float = 1.0
    """Its real counts divided by our estimates."""
    counted: bool = False
    """Whether it has counted anything that `factor` comes from."""


@dataclass(frozen=True)
class Compactor:
    """One summary, from messages."""

    writer: Writer
    settings: CompactionSettings
    room: int
    """Estimated tokens that the summary may take in the window."""
    ledger: TokenLedger
    ask: Ask
    seconds: float
    """After which the rest goes without a model: a server that hangs must not hold up a person's turn."""
    zone: datetime.tzinfo | None = None
    """That dates are told in; None: this computer's."""
    at_part: Callable[[int, int], None] = lambda part, parts: None
    """Is told which portion is written next, of how many."""

    async def summary(self, messages: Sequence[Message]) -> Summary:
        """Never fails: what no model sums up is told in extracts. Cost: one request a portion, and one to join them."""
        lines = await asyncio.to_thread(lambda: [line for one in messages if (line := told(one, self.zone))])
        try:
            async with asyncio.timeout(self.seconds):
                text, count, why = await self._written(lines)
        except TimeoutError:
            text, count, why = "", 1, f"it did not finish within {self.seconds:.0f} seconds"
        except AppError as error:
            text, count, why = "", 1, said_alone(error)
        if text:
            return Summary(text=self._within_room(text), by="model", model=self.writer.handle, portions=count)
        log.info("no usable summary of %s: %s", self.writer.handle, why)
        picked = await asyncio.to_thread(extract, messages, self._most_chars)
        return Summary(text=self._within_room(picked), by="extract", model=self.writer.handle, why=why)

    @property
    def _most_chars(self) -> int:
        """A summary must leave room for what comes after it."""
        return min(self.settings.most_chars, int(self.writer.window * MOST_SHARE * 3), self.room * 4)

    def _within_room(self, text: str) -> str:
        """Characters weigh differently by language, so the last word is the count's."""
        while text and (cost := self.ledger.text(text) + MESSAGE_OVERHEAD) > self.room:
            text = text[: len(text) * self.room // (cost + 1)]
            text = text[: max(text.rfind(end) for end in ".!?。！？\n") + 1 or len(text)].rstrip()
        return text

    @property
    def _most_tokens(self) -> int:
        enough = max(64, round(self._most_chars / 3 * OUTPUT_SLACK))
        return min(enough, self.settings.most_tokens or enough)

    def _room(self, ask: str) -> int:
        """Estimated tokens of messages that one request can hold."""
        fixed = self.ledger.text((self.settings.prompt or INSTRUCTION) + ask) + 40
        fixed += self.ledger.text(ask + ACKNOWLEDGED) if self.settings.acknowledged else 0
        unsure = LESS_UNSURE if self.writer.counted else UNSURE
        whole = self.writer.window * (1 - MARGIN) / (self.writer.factor * unsure)
        return round(whole - self._most_tokens - fixed)

    async def _written(self, lines: Sequence[str]) -> tuple[str, int, str]:
        parts = await asyncio.to_thread(portions, lines, self._room(ASK_PART), self.ledger.text)
        if not parts:
            return "", 1, "there was nothing to sum up"
        count = len(parts)
        for _ in range(MOST_ROUNDS):
            if len(parts) == 1:
                self.at_part(count, count)
                text, why = await self._one(parts[0], ASK if count == 1 else ASK_MERGE)
                return text, count, why
            written: list[str] = []
            for number, part in enumerate(parts, 1):
                self.at_part(min(number, count), count)
                ask = ASK_PART.replace("{part}", str(number)).replace("{parts}", str(len(parts)))
                text, why = await self._one(part, ask)
                if not text:
                    return "", count, why
                written.append(text)
            parts = await asyncio.to_thread(portions, written, self._room(ASK_MERGE), self.ledger.text)
        return "", count, "the conversation is too long for its window"

    async def _one(self, part: Sequence[str], ask: str) -> tuple[str, str]:
        request = summary_request(
            "\n".join(part),
            ask,
            self.settings,
            model=self.writer.model,
            context_window=self.writer.asked_window,
            most_chars=self._most_chars,
            most_tokens=self._most_tokens,
        )
        said = () if ask == ASK_MERGE else part  # summaries of parts may well be alike
        return usable(await self.ask(request), said, self._most_chars)
