"""Requests to models, part by part: the next one of a conversation, and those that steps have sent."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.context import ContextPart, LineOrigin, PartText, RequestDiff, RequestOutline, RequestText
from app.domain.error import NotFound
from app.domain.history import MemoryEvent
from app.domain.json_value import JsonObject, object_of
from app.domain.message import Message, MessageDraft
from app.domain.run import Step
from app.engine.context.difference import difference
from app.engine.context.parts import Scale, fixed_parts, message_parts, outlined, sent_parts
from app.engine.context.window import MESSAGE_OVERHEAD, visible, when_full, zone_of
from app.engine.deps import EngineDeps
from app.engine.memory.blame import Revision, blame
from app.engine.memory.earlier_blocks import blocks_at
from app.engine.model_call.ahead import as_read, share_kept
from app.engine.model_call.context_limits import within_limits
from app.engine.model_call.next_request import NextRequest, next_request, staying, with_said
from app.engine.model_call.snapshot import AgentSnapshot, read_view
from app.engine.repairs.constrained import told_rules, told_tool
from app.engine.run.stored_state import read_state
from app.ports.storage import Repositories

TOOLS = "tools"
"""Key of all tools together."""
LINES = 2_000
"""Of a part at a time."""
CHARS = 200_000
"""Of raw text at a time."""
REVISIONS = 500
"""Changes of a text that are looked through for who wrote its lines; what is older is told as unknown."""
MOST_COUNTED = 20_000
"""Texts of which the server's own count is kept."""


@dataclass(frozen=True)
class _Sent:
    """A step's request, and what is known of it."""

    step: Step
    agent: Agent
    conversation_id: str
    bytes: tuple[bytes, ...]
    blocks: tuple[Block, ...]


class Requests:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps
        self._exact: OrderedDict[tuple[str, str], int] = OrderedDict()
        """Tokens by model and text, as the server cuts it."""

    async def next(self, conversation_id: str, exact: bool = False) -> RequestOutline:
        """The next request as far as it is known, without the message that a person is still to write.

        `exact`: asks the server how it cuts the texts, and how much of the last request is repeated; that takes a
        moment, and without such a server the counts stay calibrated. Raises `ModelError` (`model_missing`).
        """
        view, begun = await self._deps.storage.read(lambda repos: _view(repos, conversation_id))
        if not exact:
            parts = await asyncio.to_thread(self._parts, view)
            return await asyncio.to_thread(self._outline, view, conversation_id, parts, begun)
        coming = await next_request(view, self._deps)
        parts = await asyncio.to_thread(self._offered_parts, coming)
        counted = await self._counted(view, parts)
        last = await self._deps.storage.read(lambda repos: _last_sent(repos, view.agent.id, conversation_id))
        outline = await asyncio.to_thread(self._outline, view, conversation_id, counted or parts, begun)
        update: dict[str, object] = {} if counted is None else {"counted": "exact"}
        if last is not None:
            step, sent = last
            share = await asyncio.to_thread(share_kept, sent, as_read(coming.wire.parts[1:-1]))
            update["reused"] = round(share * step.usage.prompt_tokens)
        return outline.model_copy(update=update)

    async def sent(self, step_id: str) -> RequestOutline:
        """A request that a step has sent, from its own bytes. Its tokens add up to the server's count, where it
        counted."""
        sent = await self._deps.storage.read(lambda repos: _sent(repos, step_id))
        parts = await asyncio.to_thread(self._sent_parts, sent)
        step = sent.step
        return RequestOutline(
            agent_id=step.agent_id,
            conversation_id=sent.conversation_id,
            step_id=step.id,
            model=step.model,
            parts=outlined(parts),
            window=sent.agent.context_window,
            served=self._deps.windows.served(step.model),
            kept_for_reply=sent.agent.settings.max_output_tokens,
            counted="calibrated" if step.usage.prompt_tokens else "estimated",
            estimate=step.estimated_tokens,
            real=step.usage.prompt_tokens or None,
        )

    async def part(self, key: str, conversation_id: str, step_id: str = "", first: int = 0) -> PartText:
        """The text of one part from a line on, with the origin of each line. `step_id`: of that step's request.

        Raises `NotFound` where the request has no such part.
        """
        if step_id:
            sent = await self._deps.storage.read(lambda repos: _sent(repos, step_id))
            parts = await asyncio.to_thread(self._sent_parts, sent)
            return _page(_found(parts, key), first, (), ())
        view, _ = await self._deps.storage.read(lambda repos: _view(repos, conversation_id))
        if key == "rules" or key.startswith("tool"):
            parts = await asyncio.to_thread(self._offered_parts, await next_request(view, self._deps))
        else:
            parts = await asyncio.to_thread(self._parts, view)
        part = _found(parts, key)
        events = await self._deps.storage.read(lambda repos: _events(repos, view, conversation_id, part))
        origins, origin_of = await asyncio.to_thread(_origins, part, events)
        return _page(part, first, origins, origin_of)

    async def raw(self, conversation_id: str, step_id: str = "", first: int = 0) -> RequestText:
        """The bytes of a request as text, from a character on: of a step's, else of the next one."""
        if step_id:
            sent = await self._deps.storage.read(lambda repos: repos.runs.request(step_id))
            return _text(b"".join(sent).decode("utf-8", "replace"), first)
        return _text(await self.payload(conversation_id), first)

    async def reply(self, step_id: str, first: int = 0) -> RequestText:
        """What came back for a step, byte for byte as text, from a character on."""
        trace = await self._deps.storage.read(lambda repos: repos.runs.trace(step_id))
        return _text(trace.reply, first).model_copy(update={"cut": trace.reply_truncated})

    async def payload(self, conversation_id: str, said: tuple[MessageDraft, ...] = ()) -> str:
        """The next request as the JSON that is sent, as if these messages had been said before; nothing is stored."""
        view, _ = await self._deps.storage.read(lambda repos: _view(repos, conversation_id))
        now = self._deps.clock.now()
        messages = (
            Message(id=f"message-unsaid-{n}", agent_id=view.agent.id, role=one.role, parts=one.parts, created_at=now)
            for n, one in enumerate(said)
        )
        coming = await next_request(with_said(view, tuple(messages)), self._deps)
        return coming.wire.body.decode("utf-8", "replace")

    async def compare(self, conversation_id: str, before: str, after: str = "") -> RequestDiff:
        """Two requests, by the ids of their steps; without a later one with the next request of the conversation."""
        old = await self._deps.storage.read(lambda repos: _sent(repos, before))
        parts = await asyncio.to_thread(self._sent_parts, old)
        if after:
            new = await self._deps.storage.read(lambda repos: _sent(repos, after))
            return await asyncio.to_thread(lambda: difference(parts, self._sent_parts(new)))
        view, _ = await self._deps.storage.read(lambda repos: _view(repos, conversation_id))
        coming = await next_request(view, self._deps)
        body, scale = _body(coming.wire.body), Scale(self._deps.ledger, view.factor)
        return await asyncio.to_thread(lambda: difference(parts, sent_parts(body, view.blocks, scale)))

    # Parts

    def _parts(self, view: AgentSnapshot) -> list[ContextPart]:
        _, fit = within_limits(view, self._deps, self._deps.clock.ticks())
        scale = Scale(self._deps.ledger, view.factor)
        messages = visible(staying(view, fit).members, zone_of(view.agent))
        return [
            *fixed_parts(view.agent, view.blocks, view.tools, scale, archived=view.archived),
            *message_parts(messages, scale),
        ]

    def _offered_parts(self, coming: NextRequest) -> list[ContextPart]:
        """As they are sent: where calls are JSON text, rules and tools stand in the prompt."""
        view, scale, offered = coming.view, Scale(self._deps.ledger, coming.view.factor), coming.offered
        rules = told_rules(offered.request.response_format) if offered.constrained else ""
        parts = fixed_parts(view.agent, view.blocks, offered.tools, scale, rules, view.archived)
        if offered.constrained:
            told = {f"tool:{tool.name}": told_tool(tool) for tool in offered.tools}
            parts = [
                part.model_copy(update={"text": told[part.key], "tokens": scale.text(told[part.key])})
                if part.key in told
                else part
                for part in parts
            ]
        return [*parts, *message_parts(offered.request.messages, scale)]

    def _sent_parts(self, sent: _Sent) -> list[ContextPart]:
        plain = sent_parts(_body(b"".join(sent.bytes)), sent.blocks, Scale(self._deps.ledger))
        counted, real = sum(part.tokens for part in plain), sent.step.usage.prompt_tokens
        if not counted or not real or sent.step.truncated:
            return plain
        return [part.model_copy(update={"tokens": round(part.tokens * real / counted)}) for part in plain]

    def _outline(
        self, view: AgentSnapshot, conversation_id: str, parts: Sequence[ContextPart], begun: bool
    ) -> RequestOutline:
        narrow, fit = within_limits(view, self._deps, self._deps.clock.ticks())
        members, ledger = staying(view, fit).members, self._deps.ledger
        said = sum(ledger.members(members))
        total = fit.tokens
        ahead = when_full(narrow.agent, total - said, members, ledger, view.factor)
        leaving = frozenset(
            member.message.id
            for member in members
            if ahead.leave_before is not None
            and (member.position < ahead.leave_before or member.message.role == "summary")
        )
        each = said / len(members) if members else 0
        return RequestOutline(
            agent_id=view.agent.id,
            conversation_id=conversation_id,
            model=view.agent.model,
            parts=outlined(parts, leaving),
            window=view.agent.context_window,
            served=self._deps.windows.served(view.agent.model),
            kept_for_reply=narrow.agent.settings.max_output_tokens,
            counted="calibrated" if view.counted else "estimated",
            real=view.counted or None,
            full_at=round(ahead.full_at * view.factor),
            turns_left=int(max(0, ahead.full_at - total) / each) if each else None,
            memory_as_begun=begun,
        )

    async def _counted(self, view: AgentSnapshot, parts: list[ContextPart]) -> list[ContextPart] | None:
        """The parts with the server's own counts of their texts; None where it does not tell."""
        known, model = self._exact, view.agent.model
        new = tuple({part.text for part in parts if part.text and (model, part.text) not in known})
        if new:
            counts = await self._deps.catalog.chat(view.provider).count(view.model, new)
            if counts is None:
                return None
            known.update(((model, text), tokens) for text, tokens in zip(new, counts, strict=True))
        counted = [
            part.model_copy(update={"tokens": known[model, part.text] + _around(part)}) if part.text else part
            for part in parts
        ]
        while len(known) > MOST_COUNTED:
            known.popitem(last=False)
        return counted


def _view(repos: Repositories, conversation_id: str) -> tuple[AgentSnapshot, bool]:
    """What the next request is made of, and whether its blocks are older than those of now."""
    agent_id = repos.conversations.get(conversation_id).agent_id
    run = repos.runs.active_in(conversation_id)
    state = read_state(repos.runs.state(run.id)) if run is not None else None
    view = read_view(repos, agent_id, conversation_id, state)
    return view, view.blocks != repos.blocks.of_agent(agent_id)


def _last_sent(repos: Repositories, agent_id: str, conversation_id: str) -> tuple[Step, tuple[bytes, ...]] | None:
    """The newest request of the conversation that its server counted."""
    step = repos.runs.last_step(agent_id)
    if step is None or repos.runs.get(step.run_id).conversation_id != conversation_id:
        return None
    return step, repos.runs.request(step.id)


def _sent(repos: Repositories, step_id: str) -> _Sent:
    step = repos.runs.step(step_id)
    agent = repos.agents.find(step.agent_id) or repos.agents.find_deleted(step.agent_id)
    if agent is None:
        raise NotFound("The agent of this step no longer exists.")
    blocks = blocks_at(repos, step.agent_id, step.memory_seq)
    return _Sent(step, agent, repos.runs.get(step.run_id).conversation_id, repos.runs.request(step_id), blocks)


def _body(content: bytes) -> JsonObject:
    try:
        return object_of(json.loads(content))
    except ValueError:
        return {}


def _around(part: ContextPart) -> int:
    """Tokens that a server's template puts around a part's text, which it does not tell."""
    return MESSAGE_OVERHEAD if part.kind in ("system", "summary", "messages") else 0


def _found(parts: Sequence[ContextPart], key: str) -> ContextPart:
    """One part by its key, or all tools as one."""
    part = next((part for part in parts if part.key == key), None)
    if part is None and key == TOOLS and (tools := [part for part in parts if part.kind == "tools"]):
        text = "\n".join(part.text for part in tools)
        return tools[0].model_copy(update={"key": key, "text": text, "tokens": sum(part.tokens for part in tools)})
    if part is None:
        raise NotFound("This part is no longer in the request.", hint="Look at the request again.")
    return part


def _events(
    repos: Repositories, view: AgentSnapshot, conversation_id: str, part: ContextPart
) -> tuple[MemoryEvent, ...]:
    """The changes that may have written a part, newest first."""
    if part.block_id:
        return repos.history.of_target(part.block_id, limit=REVISIONS)
    if part.kind == "system":
        return repos.history.of_target(view.agent.id, limit=REVISIONS)
    if part.kind == "summary":
        return repos.history.of_target(conversation_id, limit=REVISIONS)
    return ()


def _origins(part: ContextPart, events: Sequence[MemoryEvent]) -> tuple[tuple[LineOrigin, ...], tuple[int | None, ...]]:
    """Who wrote each line of a part."""
    lines = part.text.split("\n")
    if part.message_id is not None and part.kind != "summary":
        return (LineOrigin(at=part.at or 0, message_id=part.message_id),), (0,) * len(lines)
    if part.kind == "summary":
        made = next((e for e in events if (e.after or {}).get("message_id") == part.message_id), None)
        return ((_origin(made),), (0,) * len(lines)) if made is not None else ((), (None,) * len(lines))
    field = "value" if part.block_id else "system"
    start, text = _written(part) if part.block_id else (0, part.text)
    seqs = blame(text, (r for event in events if (r := _revision(event, field)) is not None))
    by_seq = {event.seq: event for event in events}
    used = sorted({seq for seq in seqs if seq is not None}, reverse=True)
    places = {seq: place for place, seq in enumerate(used)}
    of_lines: list[int | None] = [None] * len(lines)
    for number, seq in enumerate(seqs):
        if start + number < len(lines):
            of_lines[start + number] = None if seq is None else places[seq]
    return tuple(_origin(by_seq[seq]) for seq in used), tuple(of_lines)


def _written(part: ContextPart) -> tuple[int, str]:
    """In a block as it is sent: before which line its own text begins, and that text."""
    before, opened, after = part.text.partition("<value>\n")
    text = after.rpartition("\n</value>")[0] if opened else ""
    return before.count("\n") + 1, text


def _revision(event: MemoryEvent, field: str) -> Revision | None:
    """A change of the text; bringing a deleted block back wrote nothing of it."""
    after = (event.after or {}).get(field)
    if not isinstance(after, str) or event.op == "restore":
        return None
    before = (event.before or {}).get(field)
    stripped = str.strip if field == "system" else str
    return Revision(event.seq, stripped(before) if isinstance(before, str) else None, stripped(after))


def _origin(event: MemoryEvent) -> LineOrigin:
    origin = event.origin
    return LineOrigin(
        seq=event.seq,
        actor=origin.actor,
        at=event.at,
        tool_name=origin.tool_name or "",
        message_id=origin.message_id,
        cause=event.cause,
    )


def _page(
    part: ContextPart, first: int, origins: tuple[LineOrigin, ...], origin_of: tuple[int | None, ...]
) -> PartText:
    lines = part.text.split("\n")
    start = max(0, first)
    shown = tuple(lines[start : start + LINES])
    return PartText(
        key=part.key,
        lines=shown,
        first=start,
        total=len(lines),
        origins=origins,
        origin_of=origin_of[start : start + LINES],
    )


def _text(text: str, first: int) -> RequestText:
    start = max(0, first)
    return RequestText(text=text[start : start + CHARS], first=start, total=len(text))
