"""Answers in a form that a program asks for: what the model is told, what servers enforce, how the answer is read."""

import json
from typing import Any

import pytest

from app.adapters.models.ollama.encoding import encode as to_ollama
from app.adapters.models.openai.encoding import encode as to_openai
from app.domain.agent import AgentExtras
from app.domain.model import Provider
from app.engine.context.prompt import compile_prompt
from app.engine.model_call.snapshot import AgentSnapshot
from app.engine.repairs.constrained import SayReader, words_so_far
from app.engine.repairs.policy import Circumstances, Reading, read_reply
from app.engine.repairs.request_changes import offer
from app.engine.reply import Reply
from app.ports.models import ChatRequest, ModelFacts
from tests.support.values import samples
from tests.support.values.samples import NOON, members, message

SCHEMA = {"type": "object", "properties": {"city": {"$ref": "#/$defs/name"}}, "$defs": {"name": {"type": "string"}}}
ANY: dict[str, Any] = {"type": "json_object"}
CITY: dict[str, Any] = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
IN_FORM = Circumstances(tools=(samples.tool(),), in_form=True)


def request(form: dict[str, Any] | None, kind: str, *, tools: bool, version: str = "0.12.0") -> ChatRequest:
    """As it is sent to a server of this kind."""
    provider = Provider(id="provider-1", name="box", kind=kind, created_at=NOON, updated_at=NOON)  # type: ignore[arg-type]
    view = AgentSnapshot(
        agent=samples.agent(model="box/tiny", extras=AgentExtras(response_format=form)),
        blocks=(samples.block(),),
        tools=(samples.tool(),) if tools else (),
        members=members(
            message("user", "Where?"), message("assistant", '{"city": "Ulm"}'), message("user", "And now?")
        ),
        provider=provider,
        model="tiny",
        wanted=8192,
        memory_seq=0,
        factor=1.0,
    )
    asked = view.request().model_copy(update={"facts": ModelFacts(server_version=version)})
    return offer(asked, None, view.blocks).request


def body(asked: ChatRequest) -> dict[str, Any]:
    return json.loads(to_openai(asked).body)


@pytest.mark.parametrize("tools", [True, False])
def test_the_chat_wire_takes_the_form_as_it_was_given_beside_tools(tools: bool) -> None:
    for form in (ANY, CITY):
        sent = body(request(form, "openai", tools=tools))
        assert sent["response_format"] == form
        assert ("tools" in sent) == tools
        assert "one JSON object" in sent["messages"][0]["content"]
    unnamed = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    sent = body(request(unnamed, "openai", tools=tools))
    assert sent["response_format"]["json_schema"] == {"name": "answer", "schema": SCHEMA}
    assert "response_format" not in body(request(None, "openai", tools=tools))
    assert "response_format" not in body(request({"type": "text"}, "openai", tools=tools))


def test_a_server_without_schemas_is_asked_for_json() -> None:
    asked = request(CITY, "openai", tools=True)
    asked = asked.model_copy(update={"facts": ModelFacts(refused=frozenset({"json_schema"}))})
    assert body(asked)["response_format"] == ANY


def test_ollama_is_given_the_form_and_with_tools_one_form_for_answers_and_calls() -> None:
    def sent(form: dict[str, Any] | None, *, tools: bool, version: str = "0.12.0") -> dict[str, Any]:
        return json.loads(to_ollama(request(form, "ollama", tools=tools, version=version)).body)

    assert sent(CITY, tools=False)["format"] == SCHEMA
    assert sent(CITY, tools=False, version="0.4.0")["format"] == sent(ANY, tools=False)["format"] == "json"
    assert "format" not in sent(None, tools=True)
    say, *calls = sent(CITY, tools=True)["format"]["anyOf"]
    assert sent(CITY, tools=True)["format"]["$defs"] == SCHEMA["$defs"]
    assert say["properties"]["say"] == {name: SCHEMA[name] for name in ("type", "properties")}
    assert [call["properties"]["tool"] for call in calls] == [{"enum": [samples.tool().name]}]
    told = sent(CITY, tools=True)["messages"]
    assert "tools" not in sent(CITY, tools=True)
    assert told[2]["content"] == '{"say": {"city": "Ulm"}}'


def test_the_prompt_tells_the_schema_before_the_blocks() -> None:
    agent = samples.agent(extras=AgentExtras(response_format=CITY))
    prompt = compile_prompt(agent, (samples.block(),))
    assert prompt.index(json.dumps(SCHEMA)) < prompt.index("<memory_blocks>")
    assert "JSON" not in compile_prompt(samples.agent(), ())


WRITTEN = '{"say": {"city": "a \\"}{\\" b", "more": [{"x": 1}, 2]}}'


def test_an_object_is_streamed_without_the_json_around_it() -> None:
    whole = json.loads(WRITTEN)["say"]
    for cut in range(len(WRITTEN)):
        reader = SayReader()
        assert json.loads(reader.feed(WRITTEN[:cut]) + reader.feed(WRITTEN[cut:])) == whole
    assert words_so_far('{"say": {"city": "U') == '{"city": "U'


def read(text: str, around: Circumstances = IN_FORM) -> Reading:
    return read_reply(Reply(text=text), around)


@pytest.mark.parametrize(
    "text",
    [
        '{"city": "Ulm"}',
        '{"name": "Ada", "arguments": {"x": 1}}',
        '{"tool": "none"}',
        '{"html": "<tool_call>"}',
        '[{"city": "Ulm"}]',
        ' {"city": "Ulm"}\n',
    ],
)
def test_an_answer_in_form_is_taken_as_it_is(text: str) -> None:
    reading = read(text)
    assert (reading.text, reading.calls, reading.reprompt, reading.repairs) == (text.strip(), (), None, ())


def test_an_answer_that_is_nearly_json_is_mended_and_another_left() -> None:
    reading = read('```json\n{"city": "Ulm",}\n```')
    assert reading.text == '{"city": "Ulm"}'
    assert [one.kind for one in reading.repairs] == ["form"]
    assert read("It is Ulm.").text == "It is Ulm."
    constrained = Circumstances(tools=IN_FORM.tools, in_form=True, constrained=True)
    assert read(WRITTEN, constrained).text == json.dumps(json.loads(WRITTEN)["say"])
