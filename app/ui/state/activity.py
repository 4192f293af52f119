"""What the runs under way are doing, by agent and by conversation."""

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.domain.event import Progress
from app.domain.run import Run


class Activity:
    def __init__(self) -> None:
        self._doing: dict[str, Progress] = {}
        """The newest word of each run under way, by its id."""

    def __bool__(self) -> bool:
        return bool(self._doing)

    def take(self, event: Progress) -> None:
        self._doing[event.run_id] = event

    def begin(self, runs: Iterable[Run]) -> None:
        """Runs that began before anybody was there to hear of them."""
        for run in runs:
            began = Progress(
                run_id=run.id,
                agent_id=run.agent_id,
                conversation_id=run.conversation_id,
                phase="sent",
                at=run.created_at,
            )
            self._doing.setdefault(run.id, began)

    @property
    def run_ids(self) -> frozenset[str]:
        return frozenset(self._doing)

    def drop(self, run_ids: Iterable[str]) -> tuple[Progress, ...]:
        """The last word of each that was there."""
        return tuple(self._doing.pop(run_id) for run_id in run_ids if run_id in self._doing)

    def clear(self) -> None:
        self._doing.clear()

    def by_agent(self) -> dict[str, str]:
        """What each agent at work is doing, in words."""
        return {event.agent_id: event.text for event in self._doing.values()}

    def of(self, agent: Agent, conversation: Conversation) -> Progress | None:
        """What the agent does in this conversation; else that it is busy in another one; None while it is idle."""
        own = [event for event in self._doing.values() if event.agent_id == agent.id]
        here = [event for event in own if event.conversation_id == conversation.active_id]
        if here or not own:
            return here[-1] if here else None
        words = QCoreApplication.translate("Activity", "{} is busy in another conversation").format(agent.name)
        return own[-1].model_copy(update={"text": words})
