"""Approvals: which calls of tools wait for an answer, what they would do, and which tools an agent asks about."""

from app.domain.agent import Agent
from app.domain.approval import Answer, ApprovalRequest, BlockPreview, WaitingCall
from app.domain.conversation import Conversation
from app.domain.error import NotFound
from app.domain.history import USER, Origin
from app.domain.ids import is_id
from app.domain.run import Run
from app.domain.tool import ALSO_MEMORY, Tool
from app.domain.tool_rule import with_approval
from app.domain.turn import RunOptions
from app.engine.deps import EngineDeps
from app.engine.memory.block_tools import run_memory_tool
from app.engine.memory.changes import Changes
from app.engine.reply import Call
from app.engine.run.approvals import waiting_in
from app.engine.state import RunState
from app.ports.storage import Repositories
from app.services.changing import change
from app.services.runs import Runs

_USUAL = RunOptions()


class Approvals:
    def __init__(self, deps: EngineDeps, runs: Runs) -> None:
        self._deps = deps
        self._runs = runs

    async def waiting(self, agent_id: str | None = None) -> tuple[ApprovalRequest, ...]:
        """All requests that wait, of all agents or of one, oldest first."""

        def work(repos: Repositories) -> tuple[ApprovalRequest, ...]:
            rows = repos.conversations.waiting(None if agent_id is None else (agent_id,))
            found = (_request(repos, row) for row in rows)
            return tuple(sorted((one for one in found if one is not None), key=lambda one: one.at))

        return await self._deps.storage.read(work)

    async def in_conversation(self, conversation_id: str) -> ApprovalRequest | None:
        """What waits there; the id of an agent means its own thread. Raises `NotFound`."""

        def work(repos: Repositories) -> ApprovalRequest | None:
            own = is_id(conversation_id, "agent")
            place = repos.conversations.default_of(conversation_id).active_id if own else conversation_id
            return _request(repos, repos.conversations.get(place))

        return await self._deps.storage.read(work)

    async def answer(
        self,
        conversation_id: str,
        answers: tuple[Answer, ...],
        background: bool = False,
        started_by: str = "window",
        options: RunOptions = _USUAL,
        otid: str | None = None,
        origin: Origin = USER,
    ) -> Run:
        """As `Runs.answer`; a tool that is always approved from now on is asked about no more."""
        asked = await self.in_conversation(conversation_id)
        run = await self._runs.answer(conversation_id, answers, background, started_by, options, otid)
        always = {answer.tool_call_id for answer in answers if answer.always and answer.approve}
        for name in {call.name for call in asked.calls if call.tool_call_id in always} if asked else ():
            await self.require(run.agent_id, name, False, origin)
        return run

    async def require(self, agent_id: str, tool_name: str, required: bool, origin: Origin = USER) -> Agent:
        """Whether the agent asks before it calls this tool. Raises `NotFound` for a tool that it has not."""

        def work(changes: Changes) -> Agent:
            before = changes.repos.agents.get(agent_id)
            if tool_name not in before.tool_names:
                raise NotFound(f"The agent has no tool named {tool_name}.", details={"kind": "tool", "name": tool_name})
            rules = with_approval(before.tool_rules, tool_name, required)
            if rules == before.tool_rules:
                return before
            extras = before.extras.model_copy(update={"tool_rules": rules})
            return changes.save_agent(before, before.model_copy(update={"extras": extras}))

        return await change(self._deps, origin, work)


def _request(repos: Repositories, conversation: Conversation) -> ApprovalRequest | None:
    state, message_id = waiting_in(repos, conversation), conversation.pending_request_id
    if state is None or message_id is None:
        return None
    agent = repos.agents.get(conversation.agent_id)
    tools = {tool.name: tool for tool in repos.tools.by_names(agent.tool_names)}
    client = {tool.name for tool in state.client_tools}
    waited = (call for call in state.calls if call.status in _STATUS)
    return ApprovalRequest(
        message_id=message_id,
        run_id=state.run_id,
        conversation_id=conversation.id,
        agent_id=agent.id,
        agent_name=agent.name,
        at=repos.messages.get(message_id).created_at,
        calls=tuple(_waiting_call(repos, state, call, tools, call.name in client) for call in waited),
    )


_STATUS = {
    "awaiting_approval": "waiting",
    "approved": "approved",
    "denied": "denied",
    "returned": "returned",
}


def _waiting_call(
    repos: Repositories, state: RunState, call: Call, tools: dict[str, Tool], client_side: bool
) -> WaitingCall:
    tool = None if client_side else tools.get(call.name)
    preview, problem = _preview(repos, state.agent_id, tool, call)
    return WaitingCall(
        tool_call_id=call.tool_call_id,
        name=call.name,
        arguments=call.arguments,
        status=_STATUS[call.status],  # type: ignore[arg-type]
        client_side=client_side,
        tool=tool,
        preview=preview,
        problem=problem,
    )


def _preview(repos: Repositories, agent_id: str, tool: Tool | None, call: Call) -> tuple[BlockPreview | None, str]:
    """What a memory tool would make of its block as it is now, or why it could not."""
    if tool is None or not tool.edits_memory or tool.name in ALSO_MEMORY or call.status != "awaiting_approval":
        return None, ""
    blocks = repos.blocks.of_agent(agent_id)
    result = run_memory_tool(call.name, blocks, call.parsed)
    if len(result.edits) != 1:
        return None, "" if result.ok else result.text
    before, after = result.edits[0].before, result.edits[0].after
    texts = ["" if block is None else block.value for block in (before, after)]
    label = next(block.label for block in (after, before) if block is not None)
    return BlockPreview(label=label, before=texts[0], after=texts[1]) if texts[0] != texts[1] else None, ""
