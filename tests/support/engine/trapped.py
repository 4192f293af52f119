"""What must be true of every run, whatever trap its server set: it ends, in order, and loses nothing."""

import asyncio
import json
import re

from app.domain.agent import Agent
from app.domain.run import Run
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, say, transcript
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal
from tests.support.servers.openai_server import OpenAIServer

CORRECTION = "my name is Brad, not Chad"
BEFORE, AFTER = "Name: Chad.\nLikes tea.", "Name: Brad.\nLikes tea."
SECONDS = 30
TAG = re.compile(r"</?think>|<\|\w+\|?>|</?tool_call>|\[TOOL_CALLS\]|<function=")


async def carried(services: Services, agent: Agent, text: str = CORRECTION) -> Run:
    """Sends a message and gives the ended run: no hang, no lost message, no silence, no half a memory."""
    before = len(await transcript(services, agent))
    async with asyncio.timeout(SECONDS):
        run = await say(services, agent, text)
    messages = await transcript(services, agent)
    assert [one.text for one in messages[before:] if one.role == "user"] == [text], "the message is kept"
    check_invariants(messages)
    for one in messages:
        assert one.role != "assistant" or not TAG.search(one.text), one.text
        assert all(isinstance(json.loads(call.arguments), dict) for call in one.tool_calls)
    assert await block_value(services, agent) in (BEFORE, AFTER)
    if run.failure is None:
        assert run.stop_reason == "end_turn"
        assert messages[-1].text.strip(), "an answer, or a sentence that says why there is none"
    else:
        assert re.fullmatch(r"\S.* .*\.", run.failure.message), run.failure.message
        assert run.failure.hint.rstrip().endswith("."), run.failure.hint
        assert not re.search(r"Traceback|Error\(|\{\"", run.failure.message), run.failure.message
    return run


async def corrected(services: Services, agent: Agent) -> Run:
    """The memory correction, carried through."""
    run = await carried(services, agent)
    assert (run.stop_reason, run.failure) == ("end_turn", None)
    assert await block_value(services, agent) == AFTER
    return run


async def told(services: Services, agent: Agent, words: str, text: str = CORRECTION) -> Run:
    """The message ends in a sentence with these words, and the memory is as it was."""
    run = await carried(services, agent, text)
    assert run.failure is not None, run.stop_reason
    assert words in run.failure.message
    assert await block_value(services, agent) == BEFORE
    return run


async def goes_on(services: Services, agent: Agent) -> None:
    """The agent is as usable as before."""
    run = await carried(services, agent, "and now?")
    assert (run.stop_reason, run.failure) == ("end_turn", None)


async def repairs_of(services: Services, run: Run) -> list[str]:
    return [repair.kind for step in await services.runs.steps(run.id) for repair in step.repairs]


async def outlives(services: Services, agent: Agent, server: OllamaServer | OpenAIServer, refusal: Refusal) -> None:
    """Refused at every try, the message ends in a sentence of bearable length; then all works again."""
    server.queue(*(refusal for _ in range(3)))
    run = await told(services, agent, "")
    assert run.failure is not None
    assert len(run.failure.message) < 600
    server.forget_queue()
    await goes_on(services, agent)
    await corrected(services, agent)
