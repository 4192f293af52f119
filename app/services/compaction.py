"""Compaction on request: what would leave a conversation's window and what would take its place, and doing so."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from app.domain.compaction import (
    CompactionDraft,
    CompactionOutlook,
    CompactionPreview,
    CompactionResult,
    CompactionSettings,
    Leaving,
    Summary,
    SummaryDetail,
    SummaryProgress,
    folded,
    has_detail,
)
from app.domain.conversation import Conversation
from app.domain.error import Conflict, Invalid, busy
from app.domain.event import Changed
from app.domain.history import USER, Origin
from app.domain.message import Message, TextPart
from app.domain.run import Run
from app.engine.compaction.details import around, details_of
from app.engine.compaction.told import one_line
from app.engine.context.cut import safe_cuts, turn_starts
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.model_call.snapshot import AgentSnapshot, read_view
from app.engine.model_call.summary_call import SummaryCalls, SummaryPlan, read_summary_plan
from app.engine.run.approvals import ENDED_STATE, check_not_waiting
from app.engine.run.rows import asked_row, summary_run_row
from app.engine.state import Asked, RunState
from app.ports.storage import Repositories
from app.services.changing import change

LINE = 160
"""Characters of a message in a list."""
Plan = tuple[AgentSnapshot, SummaryPlan, int]
"""The agent as it is, what is to be summed up, and the position of the first message that stays."""


class Compaction:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def outlook(self, conversation_id: str, settings: CompactionSettings | None = None) -> CompactionOutlook:
        """The window and where it could be cut. Asks no model. `settings`: instead of the agent's.

        Raises `Conflict` (`busy`) during a run, and `ModelError` (`model_missing`).
        """

        def work(repos: Repositories) -> CompactionOutlook:
            row = _idle(repos, conversation_id)
            view = read_view(repos, row.agent_id, conversation_id)
            return _outlook(view, conversation_id, settings or view.agent.compaction, self._deps)

        return await self._deps.storage.read(work)

    async def preview(
        self, conversation_id: str, settings: CompactionSettings | None = None, leave_before: int | None = None
    ) -> AsyncIterator[SummaryProgress | CompactionPreview]:
        """What `now` would do, after where the writing stands; nothing changes. Closing it ends the writing.

        `settings`: instead of the agent's. `leave_before`: the position of the first message that is to stay, instead
        of what the settings give. Raises `Invalid` (`nothing_to_compact`).
        """
        plan = await self._plan(conversation_id, settings, leave_before)
        told: asyncio.Queue[SummaryProgress | None] = asyncio.Queue()
        writing = asyncio.get_running_loop().create_task(
            self._preview(conversation_id, plan, "window", lambda text: told.put_nowait(SummaryProgress(text=text)))
        )
        writing.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (progress := await told.get()) is not None:
                yield progress
            yield await writing
        finally:
            writing.cancel()
            await asyncio.wait([writing])  # what was asked until then is stored

    async def now(
        self,
        conversation_id: str,
        settings: CompactionSettings | None = None,
        draft: CompactionDraft | None = None,
        origin: Origin = USER,
    ) -> CompactionResult:
        """Compacts the window. `draft`: as a preview gave it, or a person changed it; None: asks the model for one.

        Raises `Invalid` (`nothing_to_compact`), and `Conflict` (`busy` during a run, `changed_since` where more was
        said than the draft knows).
        """
        if draft is None:
            plan = await self._plan(conversation_id, settings, None)
            started_by = "api" if origin.actor.kind == "api" else "window"
            draft = (await self._preview(conversation_id, plan, started_by, lambda _: None)).draft
        wanted, now, message_id = draft, self._deps.clock.now(), self._deps.ids.new("message")

        def work(changes: Changes) -> CompactionResult:
            repos = changes.repos
            row = _idle(repos, conversation_id)
            members = repos.messages.in_context(conversation_id)
            if max((member.position for member in members), default=0) != wanted.last_position:
                raise Conflict(
                    "More was said since this was shown, so nothing was compacted.",
                    code="changed_since",
                    hint="Look at it again, then compact.",
                )
            _check_cut({members[at].position for at in safe_cuts(members)}, wanted.leave_before)
            message = Message(
                id=message_id,
                agent_id=row.agent_id,
                role="summary",
                parts=(TextPart(text=wanted.summary.text),),
                created_at=now,
            )
            changes.compact(row, wanted.leave_before, message, wanted.summary)
            return CompactionResult(
                summary=wanted.summary,
                message_id=message_id,
                event_seq=repos.history.of_target(conversation_id, limit=1)[0].seq,
                messages_before=len(members),
                messages_after=len(repos.messages.in_context(conversation_id)),
            )

        return await change(self._deps, origin, work)

    async def _plan(self, conversation_id: str, settings: CompactionSettings | None, leave_before: int | None) -> Plan:
        def work(repos: Repositories) -> Plan:
            row = _idle(repos, conversation_id)
            view = read_view(repos, row.agent_id, conversation_id)
            chosen = settings or view.agent.compaction
            border = leave_before if leave_before is not None else _border(view, chosen, self._deps)
            if border is None:
                raise Invalid(
                    "There is nothing to compact: the window holds only the newest turn.", code="nothing_to_compact"
                )
            _check_cut({view.members[i].position for i in safe_cuts(view.members)}, border)
            plan = read_summary_plan(repos, view, border, chosen.most_chars // 2, self._deps)
            return view, replace(plan, settings=chosen), border

        return await self._deps.storage.read(work)

    async def _written(
        self, conversation_id: str, plan: SummaryPlan, started_by: str, tell: Callable[[str], None]
    ) -> Summary:
        """The summary. What was asked for it is stored as a run, also where the writing was stopped."""
        calls, begun, summary = SummaryCalls(plan, self._deps, tell, tell), self._deps.clock.now(), None
        try:
            summary = await calls.compactor().summary(plan.leaving)
            return summary
        finally:
            asked, now = tuple(calls.asked), self._deps.clock.now()
            state = RunState(run_id=self._deps.ids.new("run"), agent_id=plan.agent.id, conversation_id=conversation_id)
            run = summary_run_row(state, asked, started_by, begun, now, stopped=summary is None)
            if asked:
                await asyncio.shield(self._deps.storage.write(lambda repos: _keep(repos, state, run, asked)))

    async def _preview(
        self, conversation_id: str, wanted: Plan, started_by: str, tell: Callable[[str], None]
    ) -> CompactionPreview:
        view, plan, leave_before = wanted
        summary = await self._written(conversation_id, plan, started_by, tell)
        gone = {m.position for m in view.members if m.position < leave_before or m.message.role == "summary"}
        leaving = [(m.position, m.message.text) for m in view.members if m.position in gone]
        details = await asyncio.to_thread(_details, leaving, [block.value for block in view.blocks])
        ledger = self._deps.ledger
        costs = {m.position: ledger.message(m.message) for m in view.members}
        tokens_left = sum(cost for position, cost in costs.items() if position not in gone) + ledger.text(summary.text)
        draft = CompactionDraft(leave_before=leave_before, last_position=view.last_position or 0, summary=summary)
        return CompactionPreview(
            conversation_id=conversation_id,
            draft=draft,
            messages_leaving=len(plan.leaving),
            messages_before=len(view.members),
            tokens_before=round(sum(costs.values()) * view.factor),
            tokens_after=round(tokens_left * view.factor),
            details=details,
        )


def _keep(repos: Repositories, state: RunState, run: Run, asked: tuple[Asked, ...]) -> None:
    repos.runs.add(run, ENDED_STATE)
    for number, one in enumerate(asked):
        step = asked_row(state.model_copy(update={"step_no": number}), one)
        repos.runs.add_step(step, one.exchange.request_parts, one.exchange.reply)
    repos.changed(Changed(kind="run", ids=(run.id,), agent_id=run.agent_id, conversation_id=run.conversation_id))


def _idle(repos: Repositories, conversation_id: str) -> Conversation:
    active = repos.runs.active_in(conversation_id)
    if active is not None:
        raise busy(active.id)
    row = repos.conversations.get(conversation_id)
    check_not_waiting(row)
    return row


def _check_cut(cuts: set[int], leave_before: int) -> None:
    if leave_before not in cuts:
        raise Invalid("A window cannot be cut between a tool call and its result, or before its first message.")


def _border(view: AgentSnapshot, settings: CompactionSettings, deps: EngineDeps) -> int | None:
    """The position of the first message that stays; None: there is only the newest turn."""
    starts = turn_starts(view.members)
    if not starts:
        return None
    if settings.whole:
        return view.members[starts[-1]].position
    costs = deps.ledger.members(view.members)
    wanted = sum(costs) * settings.leave_share
    return next(
        (view.members[at].position for at in starts if sum(costs[:at]) >= wanted), view.members[starts[-1]].position
    )


def _outlook(
    view: AgentSnapshot, conversation_id: str, settings: CompactionSettings, deps: EngineDeps
) -> CompactionOutlook:
    cuts = {view.members[at].position for at in safe_cuts(view.members)}
    summed_up = [m.message.text for m in view.members if m.message.role == "summary"]
    rows = tuple(
        Leaving(
            position=m.position,
            role=m.message.role,
            text=one_line(m.message, LINE),
            at=m.message.created_at,
            tokens=round(deps.ledger.message(m.message) * view.factor),
            cut=m.position in cuts,
        )
        for m in view.members
        if m.message.role != "summary"
    )
    return CompactionOutlook(
        agent_id=view.agent.id,
        conversation_id=conversation_id,
        rows=rows,
        leave_before=_border(view, settings, deps),
        last_position=view.last_position or 0,
        old_summary="\n\n".join(summed_up),
    )


def _details(leaving: list[tuple[int, str]], blocks: list[str]) -> tuple[SummaryDetail, ...]:
    known = folded("\n".join(blocks))
    texts = [(position, text, folded(text)) for position, text in leaving]
    found: list[SummaryDetail] = []
    for detail in details_of("\n".join(text for _, text in leaving)):
        wanted = folded(detail.text)
        having = [(position, text) for position, text, plain in texts if has_detail(plain, wanted)]
        quote = next((quote for _, text in having if (quote := around(text, detail.text))), "")
        positions = tuple(position for position, _ in having)
        found.append(
            SummaryDetail(text=detail.text, quote=quote, positions=positions, remembered=has_detail(known, wanted))
        )
    return tuple(found)
