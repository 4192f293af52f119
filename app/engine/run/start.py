"""The transaction that begins a run: its row, the message that started it and its first intent, together."""

from dataclasses import dataclass, replace

from app.domain.approval import Answer
from app.domain.base import Micros
from app.domain.error import Conflict, Invalid
from app.domain.event import Changed, RunEvent
from app.domain.ids import is_id
from app.domain.message import ImagePart, Message, MessageDraft
from app.domain.run import ASSISTANT, Run, RunPurpose
from app.domain.turn import ClientTool, RunRequest
from app.domain.wire_message import objects_of
from app.engine.reply import Call
from app.engine.run.approvals import (
    answered,
    check_not_waiting,
    close_request,
    going_on,
    note_answer,
    repeated,
    response_parts,
    still_open,
    waiting_in,
)
from app.engine.run.changed_tools import agree_to_changes
from app.engine.run.decide import FreshIds, decided
from app.engine.run.policy import read_policy
from app.engine.run.read_ahead import NOTHING_READ, ReadAhead, read_ahead
from app.engine.state import RunState
from app.ports.storage import Repositories


@dataclass(frozen=True)
class Started:
    run: Run
    events: tuple[RunEvent, ...]
    state: RunState | None = None
    """As stored; None where the run began earlier."""
    ahead: ReadAhead = NOTHING_READ
    """What its intent needs."""
    duplicate: bool = False
    """True: the message was known, and `run` is what it began then."""


@dataclass(frozen=True)
class RunStart:
    """A run about to begin. Without a draft it goes on over the messages that are there."""

    run_id: str
    message_id: str
    fresh: FreshIds
    now: Micros
    conversation_id: str
    """Or that of an agent, whose own thread is meant."""
    draft: MessageDraft | None
    cause_id: str | None = None
    background: bool = False
    started_by: str = "window"
    purpose: RunPurpose = "reply"
    parent_run_id: str | None = None
    """With one, purpose and background are the parent's."""
    earlier: tuple[tuple[str, MessageDraft], ...] = ()
    """Messages sent together with the draft and said before it, with the ids they get."""
    max_steps: int | None = None
    """None: as the agent is set."""
    request: RunRequest | None = None
    answers: tuple[Answer, ...] = ()
    """To the calls that wait in the conversation, in place of a draft. The run begins when none is left open."""
    otid: str | None = None
    """Of the message that the answers become."""
    client_tools: tuple[ClientTool, ...] = ()
    calls: tuple[Call, ...] = ()
    """Calls that are made first, such as those that were just approved: of the newest message, without a return."""
    step_id: str = ""
    """The step that asked for them."""
    asked: RunState | None = None
    """The state of the run that made them: the turn goes on with it."""

    def store(self, repos: Repositories) -> Started:
        """Stores it, or finds the run that its message began before. Raises `Conflict` (`busy`) while another runs."""
        if is_id(self.conversation_id, "agent"):
            own = repos.conversations.default_of(self.conversation_id)
            return replace(self, conversation_id=own.active_id).store(repos)
        known = self._known(repos)
        if known is not None:
            return Started(known, (), duplicate=True)
        return self._answer(repos) if self.answers else self._store(repos)

    def _answer(self, repos: Repositories) -> Started:
        """Keeps the answers; with the last of them the turn goes on."""
        conversation = repos.conversations.get(self.conversation_id)
        before = waiting_in(repos, conversation)
        if before is None:
            return Started(self._answered_before(repos), (), duplicate=True)
        tools = repos.tools.by_names(repos.agents.get(conversation.agent_id).tool_names)
        after = answered(before, self.answers, tools)
        agree_to_changes(repos, before, self.answers, self.now)
        if still_open(after):
            paused = repos.runs.get(after.run_id)
            repos.runs.save(paused, after.model_dump_json())
            note_answer(repos, conversation)
            return Started(paused, (), duplicate=True)
        close_request(repos, conversation, after)
        return replace(self, cause_id=after.cause_id, asked=after)._store(repos)

    def _answered_before(self, repos: Repositories) -> Run:
        """The run that the same answers began, as long as it is the newest. Raises where they are others, or none."""
        newest = next(iter(repos.runs.list(conversation_id=self.conversation_id, limit=1, purpose="reply")), None)
        said = () if newest is None else repos.messages.of_run(newest.id)
        response = next((message for message in said if message.role == "approval"), None)
        if newest is not None and response is not None and repeated(response, self.answers):
            return newest
        raise Invalid(
            "No tool call waits for an answer in this conversation, so there is nothing to approve or refuse.",
            code="nothing_pending",
            hint="It may have been answered already: read the conversation again.",
        )

    def _known(self, repos: Repositories) -> Run | None:
        """Looked up where it is stored, so that a message sent twice at once runs once."""
        otids = tuple(otid for otid in (self.otid, *(draft.otid for _, draft in self._said)) if otid is not None)
        if not otids:
            return None
        agent_id = repos.conversations.get(self.conversation_id).agent_id
        for otid in otids:
            message = repos.messages.find_otid(agent_id, otid)
            if message is not None and message.run_id:
                return repos.runs.get(message.run_id)
        return None

    @property
    def _said(self) -> tuple[tuple[str, MessageDraft], ...]:
        return self.earlier if self.draft is None else (*self.earlier, (self.message_id, self.draft))

    def _store(self, repos: Repositories) -> Started:
        conversation = repos.conversations.get(self.conversation_id)
        if self.asked is None:
            check_not_waiting(conversation)
        agent = repos.agents.get(conversation.agent_id)
        cause = self.message_id if self.draft is not None else self.cause_id
        parent = self._parent(repos)
        run = Run(
            id=self.run_id,
            agent_id=agent.id,
            conversation_id=self.conversation_id,
            status="running",
            background=self.background if parent is None else parent.background,
            started_by=self.started_by,
            purpose=self.purpose if parent is None else parent.purpose,
            parent_run_id=self.parent_run_id,
            message_id=cause,
            created_at=self.now,
        )
        state = RunState(
            run_id=run.id,
            agent_id=agent.id,
            conversation_id=self.conversation_id,
            cause_id=cause,
            memory_seq=repos.history.last_seq(),
            memory_only=self.started_by == ASSISTANT,
            max_steps=self.max_steps,
            step_id=self.step_id,
            calls=self.calls,
            answered=bool(self.calls),
            client_tools=self.client_tools,
        )
        state = state if self.asked is None else going_on(state, self.asked, self.client_tools)
        state = decided(state, read_policy(repos, state), self.fresh)
        repos.runs.add(run, state.model_dump_json())
        if self.request is not None:
            repos.requests.put(self.request)
        if agent.message_buffer_autoclear and self.draft is not None:
            end = repos.messages.count(self.conversation_id) + 1
            repos.messages.leave_context(self.conversation_id, end, end)
        events: list[RunEvent] = []
        if self.asked is not None:
            events += self._store_answers(repos, self.asked)
        for message_id, draft in self._said:
            events += self._store_message(repos, agent.id, message_id, draft, len(events))
        repos.runs.add_events(tuple(events))
        repos.changed(Changed(kind="run", ids=(run.id,), agent_id=agent.id, conversation_id=self.conversation_id))
        return Started(run, tuple(events), state, read_ahead(repos, state))

    def _store_answers(self, repos: Repositories, asked: RunState) -> tuple[RunEvent, ...]:
        message = Message(
            id=self.message_id,
            agent_id=asked.agent_id,
            role="approval",
            parts=response_parts(asked, asked.request_id),
            run_id=self.run_id,
            step_id=asked.step_id or None,
            otid=self.otid,
            created_at=self.now,
        )
        return self._told(message, repos.messages.append(self.conversation_id, message), 0)

    def _parent(self, repos: Repositories) -> Run | None:
        if self.parent_run_id is None:
            return None
        parent = repos.runs.get(self.parent_run_id)
        if not parent.active:
            raise Conflict("The run that asked for this one has ended.", code="parent_ended")
        return parent

    def _store_message(
        self, repos: Repositories, agent_id: str, message_id: str, draft: MessageDraft, last_seq: int
    ) -> tuple[RunEvent, ...]:
        for part in draft.parts:
            if isinstance(part, ImagePart) and repos.blobs.find(part.sha256) is None:
                raise Invalid("An attached image is not stored here, so nothing was sent.", hint="Attach it again.")
        message = Message(
            id=message_id,
            agent_id=agent_id,
            role=draft.role,
            parts=draft.parts,
            run_id=self.run_id,
            otid=draft.otid,
            name=draft.name,
            sender_id=draft.sender_id,
            created_at=self.now,
        )
        return self._told(message, repos.messages.append(self.conversation_id, message), last_seq)

    def _told(self, message: Message, position: int, last_seq: int) -> tuple[RunEvent, ...]:
        return tuple(  # of parts that were checked when they were made
            RunEvent.model_construct(
                run_id=self.run_id, seq_id=number, whole=True, payload=payload, message=message, position=position
            )
            for number, payload in enumerate(objects_of(message), last_seq + 1)
        )
