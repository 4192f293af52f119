"""Compaction on request: what would leave a conversation's window and what would take its place, and doing so."""

from dataclasses import replace

from app.domain.compaction import CompactionPreview, CompactionResult, CompactionSettings
from app.domain.conversation import Conversation
from app.domain.error import Conflict, Invalid, busy
from app.domain.history import USER, Origin
from app.domain.message import Message, TextPart
from app.engine.compaction.details import details_of, missing_in
from app.engine.context.cut import safe_cuts, turn_starts
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.model_call.snapshot import AgentSnapshot, read_view
from app.engine.model_call.summary_call import SummaryCalls, SummaryPlan, read_summary_plan
from app.ports.storage import Repositories
from app.services.changing import change


class Compaction:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def preview(
        self, conversation_id: str, settings: CompactionSettings | None = None, leave_before: int | None = None
    ) -> CompactionPreview:
        """What `now` would do; nothing changes. Asks the model, so it takes as long as a reply.

        `settings`: instead of the agent's. `leave_before`: the position of the first message that is to stay, instead
        of what the settings give. Raises `Invalid` (`nothing_to_compact`).
        """
        view, plan, leave_before = await self._plan(conversation_id, settings, leave_before)
        summary = await SummaryCalls(plan, self._deps, lambda _: None).compactor().summary(plan.leaving)
        said = [message.text for message in plan.leaving]
        blocks = (block.value for block in view.blocks)
        lost = missing_in(details_of("\n".join(said)), (summary.text, *blocks))
        ledger = self._deps.ledger
        costs = {m.position: ledger.message(m.message) for m in view.members}
        gone = {m.position for m in view.members if m.position < leave_before or m.message.role == "summary"}
        tokens_left = sum(cost for position, cost in costs.items() if position not in gone) + ledger.text(summary.text)
        return CompactionPreview(
            conversation_id=conversation_id,
            leave_before=leave_before,
            last_position=view.last_position or 0,
            summary=summary,
            messages_leaving=len(plan.leaving),
            messages_before=len(view.members),
            tokens_before=round(sum(costs.values()) * view.factor),
            tokens_after=round(tokens_left * view.factor),
            missing=tuple(detail.text for detail in lost),
        )

    async def now(
        self,
        conversation_id: str,
        settings: CompactionSettings | None = None,
        preview: CompactionPreview | None = None,
        origin: Origin = USER,
    ) -> CompactionResult:
        """Compacts the window. `preview`: as it was shown, with a summary that may have been edited since.

        Raises `Invalid` (`nothing_to_compact`), and `Conflict` (`busy` during a run, `changed_since` where more was
        said than the preview knows).
        """
        shown = preview or await self.preview(conversation_id, settings)
        now, message_id = self._deps.clock.now(), self._deps.ids.new("message")

        def work(changes: Changes) -> CompactionResult:
            repos = changes.repos
            row = _idle(repos, conversation_id)
            members = repos.messages.in_context(conversation_id)
            if max((member.position for member in members), default=0) != shown.last_position:
                raise Conflict(
                    "More was said since this was shown, so nothing was compacted.",
                    code="changed_since",
                    hint="Look at it again, then compact.",
                )
            message = Message(
                id=message_id,
                agent_id=row.agent_id,
                role="summary",
                parts=(TextPart(text=shown.summary.text),),
                created_at=now,
            )
            changes.compact(row, shown.leave_before, message, shown.summary)
            after = len(repos.messages.in_context(conversation_id))
            return CompactionResult(
                summary=shown.summary, message_id=message_id, messages_before=len(members), messages_after=after
            )

        return await change(self._deps, origin, work)

    async def _plan(
        self, conversation_id: str, settings: CompactionSettings | None, leave_before: int | None
    ) -> tuple[AgentSnapshot, SummaryPlan, int]:
        def work(repos: Repositories) -> tuple[AgentSnapshot, SummaryPlan, int]:
            row = _idle(repos, conversation_id)
            view = read_view(repos, row.agent_id, conversation_id)
            chosen = settings or view.agent.compaction
            border = leave_before if leave_before is not None else _border(view, chosen, self._deps)
            cuts = {view.members[i].position for i in safe_cuts(view.members)}
            if border not in cuts:
                raise Invalid("A window cannot be cut between a tool call and its result, or before its first message.")
            plan = read_summary_plan(repos, view, border, chosen.most_chars // 2, self._deps)
            return view, replace(plan, settings=chosen), border

        return await self._deps.storage.read(work)


def _idle(repos: Repositories, conversation_id: str) -> Conversation:
    active = repos.runs.active_in(conversation_id)
    if active is not None:
        raise busy(active.id)
    return repos.conversations.get(conversation_id)


def _border(view: AgentSnapshot, settings: CompactionSettings, deps: EngineDeps) -> int:
    """The position of the first message that stays."""
    starts = turn_starts(view.members)
    if not starts:
        raise Invalid("There is nothing to compact: the window holds only the newest turn.", code="nothing_to_compact")
    if settings.whole:
        return view.members[starts[-1]].position
    costs = deps.ledger.members(view.members)
    wanted = sum(costs) * settings.leave_share
    return next(
        (view.members[at].position for at in starts if sum(costs[:at]) >= wanted), view.members[starts[-1]].position
    )
