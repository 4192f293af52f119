"""A real llama-server whose model fails on purpose: each trigger word makes it break its output in one way.

LARES_LIVE_URL names the server. Its model is a programmable one: "@textcall" in a message makes it write a call of
`get_weather` into a code fence, and so on; a tool result makes it answer in text. Other models just answer.
"""

import json
import os
import re
from collections.abc import AsyncIterator

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import Agent, AgentDraft, ModelSettings
from app.domain.block import BlockDraft
from app.domain.model import ProviderDraft
from app.domain.run import Repair, Run
from app.domain.tool import Tool
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, say, transcript
from tests.support.values.samples import tool

URL = os.environ.get("LARES_LIVE_URL", "")
TAG = re.compile(r"</?think>|<\|\w+\|>|</?tool_call>|\[TOOL_CALLS\]")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.live,
    pytest.mark.skipif(not URL, reason="no server named: set LARES_LIVE_URL, for example http://127.0.0.1:8080"),
]


def _schema(required: str, **properties: str) -> dict[str, object]:
    typed = {name: {"type": kind} for name, kind in properties.items()}
    return {"type": "object", "properties": typed, "required": [required]}


TOOLS: tuple[Tool, ...] = (
    tool("get_weather", tool_type="custom", idempotent=True, parameters=_schema("city", city="string", days="integer")),
    tool("get_time", tool_type="custom", idempotent=True, parameters=_schema("zone", zone="string")),
)


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load())
    await opened.recover()
    await opened.storage.write(lambda repos: [repos.tools.upsert(each) for each in TOOLS])
    yield opened
    await opened.close()


@pytest.fixture
def services(engine: OpenEngine) -> Services:
    return engine.services


@pytest.fixture
async def agent(services: Services) -> Agent:
    await services.providers.add(ProviderDraft(name="live", base_url=URL))
    listed = next(each for each in await services.models.list() if each.provider.name == "live")
    model = next(model for model in listed.models if not model.unfit)
    return await services.agents.create(
        AgentDraft(
            name="Juno",
            model=model.handle,
            context_window=model.context_window or 4096,
            settings=ModelSettings(max_output_tokens=256),
            tool_names=("get_weather", "get_time"),
            blocks=(BlockDraft(label="human", value="Name: Chad.", limit=2000),),
        )
    )


async def asked(services: Services, agent: Agent, text: str) -> tuple[Run, list[tuple[str, object]], list[Repair]]:
    """The run, the calls as they are stored, and what was repaired. Checks what is true of every run."""
    run = await say(services, agent, text)
    messages = await transcript(services, agent)
    check_invariants(messages)
    assert not any(TAG.search(message.text) for message in messages if message.role == "assistant")
    assert run.failure is None or re.fullmatch(r"[A-Z].*\.", run.failure.message)
    assert await block_value(services, agent) == "Name: Chad."
    calls = [(call.name, json.loads(call.arguments)) for message in messages for call in message.tool_calls]
    steps = await services.runs.steps(run.id)
    return run, calls, [repair for step in steps for repair in step.repairs]


@pytest.mark.parametrize(
    ("trigger", "city"),
    [("@textcall", "Kiel"), ("@pycall", "Nice"), ("@mistral", "Metz"), ("@thinkcall", "Lima"), ("@talkcall", "Rome")],
)
async def test_a_call_in_whatever_form_is_run_once(services: Services, agent: Agent, trigger: str, city: str):
    run, calls, repairs = await asked(services, agent, f"please {trigger}")
    assert (run.stop_reason, run.failure) == ("end_turn", None)
    assert [(name, given["city"]) for name, given in calls] == [("get_weather", city)]  # type: ignore[index]
    if trigger in ("@textcall", "@pycall", "@mistral"):
        assert [repair.kind for repair in repairs] == ["call_in_text"]


async def test_two_calls_of_one_reply_are_both_answered(services: Services, agent: Agent):
    run, calls, _ = await asked(services, agent, "please @two")
    assert run.stop_reason == "end_turn"
    assert [name for name, _ in calls] == ["get_weather", "get_time"]


@pytest.mark.parametrize("trigger", ["@badjson", "@strargs", "@ghost", "@cutcall", "@openthink", "@empty", "@loop"])
async def test_what_cannot_be_used_ends_in_an_answer_or_in_a_sentence_and_the_agent_goes_on(
    services: Services, agent: Agent, trigger: str
):
    run, _, _ = await asked(services, agent, f"please {trigger}")
    assert run.status in ("completed", "failed")
    assert run.failure is not None or run.stop_reason == "end_turn"
    after, _, _ = await asked(services, agent, "@hello")
    assert (after.stop_reason, after.failure) == ("end_turn", None)
