"""Talking to an agent through the services, as tests do it."""

from app.domain.agent import Agent
from app.domain.event import RunEvent
from app.domain.message import Message, MessageDraft
from app.domain.run import Run
from app.services import Services


async def say(services: Services, agent: Agent, text: str) -> Run:
    """Sends a message to the agent's first conversation and waits for the end of the run."""
    conversation = await services.conversations.default_of(agent.id)
    run = await services.runs.start(conversation.active_id, MessageDraft.of(text))
    await events_of(services, run.id)
    return await services.runs.get(run.id)


async def events_of(services: Services, run_id: str, after_seq: int = 0) -> list[RunEvent]:
    return [event async for event in services.runs.subscribe(run_id, after_seq)]


async def transcript(services: Services, agent: Agent) -> tuple[Message, ...]:
    conversation = await services.conversations.default_of(agent.id)
    return (await services.messages.page(conversation.active_id, limit=500)).messages


async def block_value(services: Services, agent: Agent, label: str = "human") -> str:
    return next(block.value for block in await services.blocks.of_agent(agent.id) if block.label == label)


def check_invariants(messages: tuple[Message, ...]) -> None:
    """No call without its return, no return without its call, nothing twice."""
    assert len({message.id for message in messages}) == len(messages)
    open_calls: set[str] = set()
    for message in messages:
        if message.role == "approval":
            assert open_calls, "an answer belongs to a call"
            continue
        if open_calls:
            assert message.role == "tool", "a tool call has no return"
            assert {part.tool_call_id for part in message.tool_returns} == open_calls
            open_calls = set()
        elif message.role == "tool":
            raise AssertionError("a tool return has no call")
        open_calls = {call.tool_call_id for call in message.tool_calls}
    assert not open_calls, "a tool call has no return"
