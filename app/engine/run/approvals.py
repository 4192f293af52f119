"""Calls that wait for an answer: where a run ends with them, and how the answers come back into the next one.

They live in the state of the run that made them, which is kept until all are answered; its conversation points to the
message that asks.
"""

import json
from collections.abc import Sequence

from app.domain.approval import Answer
from app.domain.conversation import Conversation
from app.domain.error import Conflict, Invalid
from app.domain.event import Changed
from app.domain.message import ApprovalPart, Message, Part
from app.domain.tool import Tool
from app.domain.turn import ClientTool
from app.engine.repairs.schema import fit_arguments
from app.engine.reply import Call
from app.engine.run.stored_state import read_state
from app.engine.state import Finish, RunState
from app.ports.storage import Repositories

ENDED_STATE = "{}"
"""What is kept of the state of a run that has ended and waits for nothing."""


def waits(state: RunState) -> bool:
    """Whether the run has ended with calls that wait for an answer."""
    return isinstance(state.intent, Finish) and state.intent.stop_reason == "requires_approval"


def ask(repos: Repositories, state: RunState) -> None:
    """Notes in the conversation that its newest message asks."""
    _point(repos, repos.conversations.get(state.conversation_id), state.request_id)


def close_request(repos: Repositories, conversation: Conversation, state: RunState) -> None:
    """All calls have been answered: nothing is kept of the run that made them but its row."""
    repos.runs.save(repos.runs.get(state.run_id), ENDED_STATE)
    _point(repos, conversation, None)


def note_answer(repos: Repositories, conversation: Conversation) -> None:
    """Tells whoever shows the conversation that one of several calls has been answered."""
    _point(repos, conversation, conversation.pending_request_id)


def waiting_in(repos: Repositories, conversation: Conversation) -> RunState | None:
    """The state of the run that waits in a conversation."""
    if conversation.pending_request_id is None:
        return None
    message = repos.messages.get(conversation.pending_request_id)
    return read_state(repos.runs.state(message.run_id)) if message.run_id is not None else None


def check_not_waiting(conversation: Conversation) -> None:
    """Raises `Conflict` (`pending_approval`, details pending_request_id) while calls of the conversation wait."""
    if conversation.pending_request_id is not None:
        raise Conflict(
            "The agent waits for an answer to its request before it can go on in this conversation.",
            code="pending_approval",
            hint="Approve or refuse what it asks for first.",
            details={"pending_request_id": conversation.pending_request_id},
        )


def answered(state: RunState, answers: Sequence[Answer], tools: Sequence[Tool]) -> RunState:
    """The state with these answers. `tools`: the agent's, for arguments that were changed.

    Raises `Invalid` for calls that do not wait here and arguments that do not fit, and `Conflict` (`already_answered`).
    """
    calls = {call.tool_call_id: call for call in state.calls}
    client = {tool.name for tool in state.client_tools}
    given: dict[str, Answer] = {}
    for answer in answers:
        call = calls.get(answer.tool_call_id)
        if call is None or call.status == "requested":
            raise Invalid("One of the tool call ids is none that waits for an answer.", code="nothing_pending")
        if call.status != "awaiting_approval":
            if not _same(call, answer):
                raise _already(call)
            continue
        if (call.name in client) and answer.approve and answer.returned is None:
            raise Invalid(f"“{call.name}” is run by the program that asked: send what it returned.")
        given[answer.tool_call_id] = answer
    given |= _always(state, answers, given)
    by_name = {tool.name: tool for tool in tools}
    after = (_with(call, given.get(call.tool_call_id), by_name) for call in state.calls)
    return state.model_copy(update={"calls": tuple(after)})


def _always(state: RunState, answers: Sequence[Answer], given: dict[str, Answer]) -> dict[str, Answer]:
    """The other calls of tools that need no approval from now on."""
    always = {answer.tool_call_id for answer in answers if answer.always and answer.approve}
    names = {call.name for call in state.calls if call.tool_call_id in always}
    client = {tool.name for tool in state.client_tools}
    return {
        call.tool_call_id: Answer(tool_call_id=call.tool_call_id)
        for call in state.calls
        if call.status == "awaiting_approval" and call.name in names - client and call.tool_call_id not in given
    }


def still_open(state: RunState) -> tuple[Call, ...]:
    """The calls that nobody has answered."""
    return tuple(call for call in state.calls if call.status == "awaiting_approval")


def going_on(state: RunState, asked: RunState, client_tools: tuple[ClientTool, ...]) -> RunState:
    """A new state with what must be known of the turn so far. `client_tools`: sent with the answers; else as before."""
    return state.model_copy(
        update={
            "calls": asked.calls,
            "step_id": asked.step_id,
            "made": tuple(made.model_copy(update={"step_no": -1}) for made in asked.made),
            "denied": asked.denied,
            "memory_only": asked.memory_only,
            "recent": asked.recent,
            "answered": True,
            "client_tools": client_tools or asked.client_tools,
        }
    )


def response_parts(state: RunState, request_id: str) -> tuple[Part, ...]:
    """The answers as the conversation keeps them."""
    parts: list[Part] = []
    for call in state.calls:
        if call.given is not None:
            parts.append(call.given)
        elif call.status in ("approved", "denied"):
            parts.append(
                ApprovalPart(
                    tool_call_id=call.tool_call_id,
                    request_id=request_id,
                    approve=call.status == "approved",
                    reason=call.reason,
                    arguments=call.arguments if call.edited else "",
                )
            )
    return tuple(parts)


def repeated(response: Message, answers: Sequence[Answer]) -> bool:
    """Whether these are the answers that were given before. Raises `Conflict` (`already_answered`) for others."""
    told = {part.tool_call_id: part for part in response.parts if isinstance(part, ApprovalPart)}
    given = {part.tool_call_id: part for part in response.tool_returns}
    for answer in answers:
        before = told.get(answer.tool_call_id)
        if before is not None and before.approve != answer.approve:
            raise _too_late("approved" if before.approve else "refused")
        if before is None and answer.tool_call_id not in given:
            return False
    return bool(answers)


def _with(call: Call, answer: Answer | None, tools: dict[str, Tool]) -> Call:
    if answer is None:
        return call
    if not answer.approve:
        reason = answer.reason.strip()
        told = f" Reason: {reason}" if reason else ""
        problem = f"The user refused this call, so it was not carried out.{told}"
        return call.model_copy(update={"status": "denied", "problem": problem, "reason": reason})
    if answer.returned is not None:
        returned = answer.returned.model_copy(update={"name": call.name})
        return call.model_copy(update={"status": "returned", "given": returned})
    if answer.arguments is None or answer.arguments == call.parsed:
        return call.model_copy(update={"status": "approved"})
    tool = tools.get(call.name)
    fitted = fit_arguments(answer.arguments, tool) if tool is not None else None
    if fitted is not None and fitted.problem:
        raise Invalid(f"These arguments do not fit “{call.name}”: {fitted.problem}", hint="Correct them, then approve.")
    arguments = answer.arguments if fitted is None else fitted.arguments
    text = json.dumps(arguments, ensure_ascii=False)
    return call.model_copy(update={"status": "approved", "arguments": text, "edited": True})


def _same(call: Call, answer: Answer) -> bool:
    return (call.status != "denied") == answer.approve


def _already(call: Call) -> Conflict:
    return _too_late("refused" if call.status == "denied" else "answered" if call.given is not None else "approved")


def _too_late(how: str) -> Conflict:
    return Conflict(
        f"This call was already {how}, so this answer came too late and changed nothing.",
        code="already_answered",
        hint="Read the conversation again to see how it went on.",
    )


def _point(repos: Repositories, conversation: Conversation, request_id: str | None) -> None:
    repos.conversations.save(conversation.model_copy(update={"pending_request_id": request_id}))
    changed = {"agent_id": conversation.agent_id, "conversation_id": conversation.id}
    repos.changed(Changed(kind="conversation", ids=(conversation.id,), **changed))
    repos.changed(Changed(kind="agent", ids=(conversation.agent_id,), agent_id=conversation.agent_id))
