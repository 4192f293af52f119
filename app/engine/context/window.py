"""Pure: which messages the model sees, how many tokens they take, and what must leave.

When the window is full the oldest turns leave it, in one large stride, so that the beginning of the prompt then stays
the same for many steps. A summary takes their place (`app.engine.compaction`); they stay in the conversation and can be
searched.
"""

import datetime
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from zoneinfo import ZoneInfo

from app.domain.agent import Agent
from app.domain.base import Micros
from app.domain.image import IMAGE_TOKENS
from app.domain.message import (
    ImagePart,
    Member,
    Message,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from app.domain.tool import Tool
from app.engine.context.cut import safe_cuts, turn_starts
from app.engine.context.quoting import as_read
from app.ports.models import TokenEstimate

MESSAGE_OVERHEAD = 5
"""Tokens a chat template spends on each message."""
MARGIN = 0.04
"""Share of the window that stays free whatever was counted: templates add what nobody sees."""
MOST_UNSURE = 0.25
"""Share of the window that stays free at most for what no server has counted, where it is many texts: not all of them
are read at the worst. What a single one may take stays free whole."""
MOST_KNOWN = 20_000
"""Messages and tools whose counts are kept."""
LONG = 1_000
"""Characters of a text from which on its count is kept: prompts and blocks stand in each request."""
GAP_SECONDS = 30 * 60
"""A user message after a pause this long carries its date."""
IMAGE_LEFT_OUT = "[an image, left out because this model cannot see it]"

Estimator = Callable[[str], TokenEstimate]


@dataclass(frozen=True)
class Counted:
    """What a server has counted already with the agent's newest request in this thread: only the rest is estimated."""

    first: int
    last: int
    """Positions of its messages."""
    at: Micros
    """When it was sent; what was changed later was not in it."""
    step_id: str = ""
    completion: int = 0
    """Tokens of the reply to it, which bears the step's id; 0: not told."""
    changed: tuple[str, ...] = ()
    """Of what stands before the messages, the texts that it did not have."""

    def has(self, member: Member) -> bool:
        return self.first <= member.position <= self.last and member.message.created_at <= self.at

    def missing(self, members: tuple[Member, ...]) -> list[int]:
        """Indexes of the messages that it did not have: the newest ones, and a summary, which stands first."""
        found = [0] if members and not self.has(members[0]) else []
        for at in range(len(members) - 1, 0, -1):
            if self.has(members[at]):
                break
            found.append(at)
        return found


@dataclass(frozen=True)
class Fit:
    """How the conversation fits. `leave_before`: messages before this position must leave the window (None: none)."""

    leave_before: int | None
    tokens: int
    """Estimated tokens of the whole request after that, uncalibrated."""
    overflow: bool
    """True when system prompt, tools and the newest turn alone are too large."""
    free: int = 0
    """Estimated tokens that are left for a summary of what leaves."""


class TokenLedger:
    """Counts each message and each version of a tool once, and keeps that. Safe in several threads."""

    def __init__(self, estimate: Estimator) -> None:
        self._estimate = estimate
        self._known: dict[str, TokenEstimate] = {}
        self._lock = threading.Lock()

    def text(self, text: str) -> int:
        return self.most_of_text(text).tokens

    def most_of_text(self, text: str) -> TokenEstimate:
        """With what it may take at most."""
        if len(text) < LONG:
            return self._estimate(text)
        return self._kept(f"text {len(text)} {hash(text)}", lambda: self._estimate(text))

    def message(self, message: Message) -> int:
        return self.most_of(message).tokens

    def most_of(self, message: Message) -> TokenEstimate:
        """With what it may take at most."""
        return self._kept(message.id, lambda: _sum(OVERHEAD, *map(self._part, message.parts)))

    def members(self, members: tuple[Member, ...]) -> list[int]:
        """What each of them takes."""
        known = self._known  # a window's messages are mostly known, and there are hundreds
        return [(known.get(member.message.id) or self.most_of(member.message)).tokens for member in members]

    def unknown(self, members: tuple[Member, ...]) -> list[Message]:
        """Those that were not counted before: nothing about the others has to be read again."""
        known = self._known
        return [member.message for member in members if member.message.id not in known]

    def tools(self, tools: tuple[Tool, ...]) -> int:
        return sum(self.tool(tool) for tool in tools)

    def tool(self, tool: Tool) -> int:
        return self.most_of_tool(tool).tokens

    def most_of_tool(self, tool: Tool) -> TokenEstimate:
        """With what it may take at most."""
        key = f"{tool.id} {tool.updated_at}" if tool.id else tool_text(tool)  # what a client brings has no id
        return self._kept(key, lambda: _sum(self._estimate(tool_text(tool)), _exactly(4)))

    def _kept(self, key: str, count: Callable[[], TokenEstimate]) -> TokenEstimate:
        known = self._known.get(key)
        if known is None:
            known = count()
            with self._lock:
                self._known[key] = known
                if len(self._known) > MOST_KNOWN:
                    self._known.pop(next(iter(self._known)))
        return known

    def _part(self, part: object) -> TokenEstimate:
        match part:
            case TextPart():
                return self._estimate(part.text)
            case ToolCallPart():
                return _sum(self._estimate(part.name), self._estimate(part.arguments), _exactly(8))
            case ToolReturnPart():
                return _sum(self._estimate(as_read(part).text), _exactly(8))
            case ImagePart():
                return _exactly(IMAGE_TOKENS)
            case _:  # thoughts are never sent back
                return _exactly(0)


def _exactly(tokens: int) -> TokenEstimate:
    return TokenEstimate(tokens, tokens)


def _sum(*estimates: TokenEstimate) -> TokenEstimate:
    return TokenEstimate(sum(one.tokens for one in estimates), sum(one.most for one in estimates))


OVERHEAD = _exactly(MESSAGE_OVERHEAD)


def tool_text(tool: Tool) -> str:
    """A tool as the model reads it."""
    schema = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return json.dumps(schema, ensure_ascii=False)


def fit(
    agent: Agent,
    prompt: str,
    tools: tuple[Tool, ...],
    members: tuple[Member, ...],
    ledger: TokenLedger,
    factor: float,
    counted: Counted | None = None,
) -> Fit:
    """Fits a conversation into the agent's window. `factor`: the server's real counts divided by our estimates.

    Room stays free for what no server has counted, as much as it may take at most. That lets turns leave earlier; it
    never makes a request overflow.
    """
    room = (agent.context_window * (1 - MARGIN) - agent.settings.max_output_tokens) / factor
    fixed = MESSAGE_OVERHEAD + ledger.text(prompt) + ledger.tools(tools)
    costs = ledger.members(members)
    total = fixed + sum(costs)
    before = _before_messages(prompt, tools, ledger, counted)
    unsure = _unsure(before, members, ledger, factor, counted, agent.context_window)
    if total + unsure.beyond(0) <= room:
        return Fit(None, total, overflow=False)
    compaction = agent.compaction
    kept_free = summary_tokens(agent) / factor
    fixed += round(min(unsure.fixed, unsure.cap))
    goal = fixed if compaction.whole else fixed + (room - kept_free - fixed) * (1 - compaction.leave_share)
    return _drop(members, costs, unsure, total, room, kept_free, goal)


@dataclass(frozen=True)
class _Unsure:
    """Estimated tokens, uncalibrated, that may come on top of our estimates."""

    fixed: float
    of_members: list[float]
    """Of those from each on, and at last of none, together."""
    largest: list[float]
    """Of one of those from each on."""
    cap: float
    """Of many texts together."""

    def beyond(self, index: int) -> float:
        """Of a request that begins with this member."""
        return max(min(self.fixed + self.of_members[index], self.cap), self.largest[index])


def _before_messages(
    prompt: str, tools: tuple[Tool, ...], ledger: TokenLedger, counted: Counted | None
) -> list[TokenEstimate]:
    """What stands before the messages and was not counted."""
    if counted is None:
        return [ledger.most_of_text(prompt), *map(ledger.most_of_tool, tools)]
    return [ledger.most_of_text(text) for text in counted.changed]


def _unsure(
    before: list[TokenEstimate],
    members: tuple[Member, ...],
    ledger: TokenLedger,
    factor: float,
    counted: Counted | None,
    window: int,
) -> _Unsure:
    """A reply that the server counted while it wrote it takes no more than that."""
    fixed = sum(_more(one, factor) for one in before)
    of_member = [0.0] * len(members)
    for at in range(len(members)) if counted is None else counted.missing(members):
        message = members[at].message
        estimate = ledger.most_of(message)
        if counted is not None and counted.completion and message.step_id == counted.step_id:
            estimate = TokenEstimate(estimate.tokens, min(estimate.most, counted.completion + MESSAGE_OVERHEAD))
        of_member[at] = _more(estimate, factor) / factor
    from_end = of_member[::-1]
    together, largest = accumulate(from_end, initial=0.0), accumulate(from_end, max, initial=0.0)
    return _Unsure(fixed / factor, [*together][::-1], [*largest][::-1], window * MOST_UNSURE / factor)


def _more(estimate: TokenEstimate, factor: float) -> float:
    """Real tokens that it may take beyond its calibrated estimate."""
    return max(0.0, estimate.most - estimate.tokens * factor)


@dataclass(frozen=True)
class Ahead:
    """What happens when the window is full. Estimated tokens, uncalibrated."""

    full_at: int
    """Of the whole request."""
    leave_before: int | None
    """Position of the first message that would stay; None: nothing could leave."""


def when_full(agent: Agent, fixed: int, members: tuple[Member, ...], ledger: TokenLedger, factor: float) -> Ahead:
    """At which size the next compaction comes, and which of today's messages it takes. `fixed`: all but messages."""
    room = (agent.context_window * (1 - MARGIN) - agent.settings.max_output_tokens) / factor
    costs, starts = ledger.members(members), turn_starts(members)
    if not starts:
        return Ahead(max(0, int(room)), None)
    kept_free = summary_tokens(agent) / factor
    said = room - kept_free - fixed
    goes = room - fixed if agent.compaction.whole else room - fixed - said * (1 - agent.compaction.leave_share)
    cut = next((at for at in starts if sum(costs[:at]) >= goes), starts[-1])
    return Ahead(max(0, int(room)), members[cut].position)


def summary_tokens(agent: Agent) -> int:
    """What is kept free for a summary: its limit, and no more than an eighth of the window."""
    return min(agent.compaction.most_chars // 3, agent.context_window // 8)


def _drop(
    members: tuple[Member, ...],
    costs: list[int],
    unsure: _Unsure,
    total: int,
    room: float,
    kept_free: float,
    goal: float,
) -> Fit:
    """Lets whole turns go until `goal` is met, or as many as there are while the newest stays. Where that leaves no
    room for a summary, the beginning of the newest turn goes too: a turn may call tools without end.
    """
    index = 0
    for cut in turn_starts(members):
        total -= sum(costs[index:cut])
        index = cut
        if total + unsure.beyond(index) <= goal:
            break
    for cut in safe_cuts(members) if total > room - kept_free else ():
        if cut > index:
            total -= sum(costs[index:cut])
            index = cut
            if total <= goal:
                break
    leave = members[index].position if index else None
    free = min(room - total - unsure.beyond(index), 2 * kept_free)
    return Fit(leave, total, overflow=total > room, free=max(0, int(free)))


def zone_of(agent: Agent) -> datetime.tzinfo | None:
    """The time zone that an agent's dates are told in; None: this computer's."""
    try:
        return ZoneInfo(agent.extras.timezone) if agent.extras.timezone else None
    except (KeyError, ValueError, OSError):  # an earlier version took any name
        return None


def visible(members: tuple[Member, ...], zone: datetime.tzinfo | None = None) -> tuple[Message, ...]:
    """The messages to send: complete pairs of calls and returns, no half replies that were tried again, dates added,
    what strangers wrote in its frame.

    A reply that broke off is left out when the turn was tried again; one at the very end is left out too, because
    servers continue a trailing assistant message instead of answering.
    """
    messages = [member.message for member in members]
    kept = [message for i, message in enumerate(messages) if not message.note or not _superseded(messages, i)]
    return tuple(_dated(_paired(kept), zone))


def _superseded(messages: list[Message], index: int) -> bool:
    message = messages[index]
    if message.role != "assistant" or message.tool_calls:
        return False
    following = messages[index + 1].role if index + 1 < len(messages) else "assistant"
    return message.note in ("not_finished", "stopped") and following == "assistant"


def _paired(messages: list[Message]) -> list[Message]:
    """Each tool call followed by its return, each return preceded by its call: a torn history would be refused."""
    result: list[Message] = []
    for i, message in enumerate(messages):
        role = message.role
        if role == "tool":
            known = {call.tool_call_id for call in result[-1].tool_calls} if result else set[str]()
            if known:
                parts = tuple(as_read(part) for part in message.tool_returns if part.tool_call_id in known)
                result.append(message.model_copy(update={"parts": parts}))
            continue
        result.append(message)
        if (
            role == "assistant"
            and message.tool_calls
            and not (i + 1 < len(messages) and messages[i + 1].role == "tool")
        ):
            result.append(_missing_return(message))
    return result


def _missing_return(message: Message) -> Message:
    parts = tuple(
        ToolReturnPart(tool_call_id=call.tool_call_id, name=call.name, status="error", text="No result was recorded.")
        for call in message.tool_calls
    )
    return message.model_copy(update={"role": "tool", "parts": parts})


def _dated(messages: list[Message], zone: datetime.tzinfo | None) -> list[Message]:
    result: list[Message] = []
    before = 0
    for message in messages:
        pause = abs(message.created_at - before) / 1_000_000  # a clock that was set back tells a new date too
        before = message.created_at
        result.append(_with_date(message, zone) if message.role == "user" and pause > GAP_SECONDS else message)
    return result


def _with_date(message: Message, zone: datetime.tzinfo | None) -> Message:
    local = datetime.datetime.fromtimestamp(message.created_at / 1_000_000, datetime.UTC).astimezone(zone)
    stamp = TextPart(text=f"[{local:%A, %Y-%m-%d %H:%M}]")
    return message.model_copy(update={"parts": (stamp, *message.parts)})


def without_images(member: Member) -> Member:
    """The same message with a note in place of each image."""
    note = TextPart(text=IMAGE_LEFT_OUT)
    parts = tuple(note if isinstance(part, ImagePart) else part for part in member.message.parts)
    return member.model_copy(update={"message": member.message.model_copy(update={"parts": parts})})
