"""What becomes of a whole reply: accepted, told, asked again in another way, or ended in a sentence."""

import itertools
import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.run import Usage
from app.engine.context.prompt import compile_prompt
from app.engine.repairs.constrained import SayReader, answer_schema, constrain, words_so_far
from app.engine.repairs.echo import Before, said_before
from app.engine.repairs.policy import REPEATED, Circumstances, Reading, read_reply
from app.engine.repairs.reprompt import ANSWER_NOW, ANSWER_OR_CALL, LAST, SHORTER, Reason, Reprompt, reprompt_for
from app.engine.repairs.request_changes import offer, reprompted
from app.engine.reply import RawCall, Reply
from app.engine.run.apply import apply
from app.engine.run.decide import FreshIds, decide
from app.engine.run.ending_sentences import ending
from app.engine.run.policy import Policy
from app.engine.state import CallModel, Exchange, Finish, ModelReplied, RunState, RunTools
from app.engine.state import ToolsReturned as Returned
from app.ports.models import ChatRequest, ModelFacts
from tests.support.values.samples import NOON, agent, block, call, message, returned, tool

SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("label", "old_string", "new_string")},
    "required": ["label", "old_string", "new_string"],
}
REPLACE = tool("memory_replace", parameters=SCHEMA, tool_type="letta_memory_core")
SEARCH = tool("search", parameters={"type": "object", "properties": {"query": {"type": "string"}}})
AROUND = Circumstances(tools=(REPLACE, SEARCH))
GOOD = '{"label": "human", "old_string": "Chad", "new_string": "Brad"}'
TAGGED = f'<tool_call>{{"name": "memory_replace", "arguments": {GOOD}}}</tool_call>'


def native(name: str, arguments: str) -> RawCall:
    return RawCall("call_x", name, arguments)


def read(text: str = "", **reply: object) -> Reading:
    return read_reply(Reply(text, **reply), AROUND)  # type: ignore[arg-type]


def kinds(reading: Reading) -> list[str]:
    return [repair.kind for repair in reading.repairs]


def test_a_faultless_reply_passes_untouched():
    reading = read("One moment.", reasoning="hm", calls=(native("memory_replace", GOOD),), finish="tool_calls")
    assert (reading.text, reading.reasoning, reading.repairs, reading.reprompt) == ("One moment.", "hm", (), None)
    (made,) = reading.calls
    assert (made.tool_call_id, made.name, made.arguments, made.problem) == ("call_x", "memory_replace", GOOD, "")


@pytest.mark.parametrize(
    ("reply", "text", "reasoning", "repairs"),
    [
        (Reply(TAGGED), "", "", ["call_in_text"]),
        (Reply(f"I will.\n{TAGGED}<|im_end|>"), "I will.", "", ["call_in_text"]),
        (Reply(f"<think>hm</think>{TAGGED}"), "", "hm", ["thinking_in_text", "call_in_text"]),
        (Reply("", f"hm\n{TAGGED}"), "", "hm", ["call_in_thinking"]),
        (Reply(f"<think>hm\n{TAGGED}"), "", "hm", ["thinking_in_text", "call_in_thinking"]),
        (Reply(f"[memory_replace(**{GOOD})]"), "", "", ["call_in_text"]),
        (Reply("<think>hm</think>", "", (native("Memory-Replace", f"{GOOD[:-1]},}}"),)), "", "hm", None),
    ],
)
def test_a_call_is_accepted_from_wherever_it_stands(reply: Reply, text: str, reasoning: str, repairs: list[str] | None):
    reading = read_reply(reply, AROUND)
    assert [(made.name, json.loads(made.arguments)) for made in reading.calls] == [("memory_replace", json.loads(GOOD))]
    assert (reading.text.strip(), reading.reasoning.strip()) == (text, reasoning)
    assert kinds(reading) == (repairs or ["thinking_in_text", "name", "arguments"])
    assert all(repair.wrote for repair in reading.repairs)
    assert reading.problem is None


def test_text_beside_a_native_call_is_never_read_as_a_second_call():
    reading = read(f"I write {TAGGED}", calls=(native("search", '{"query": "x"}'),))
    assert [made.name for made in reading.calls] == ["search"]
    assert "tool_call" not in reading.text


def test_what_stands_in_thinking_is_no_call_when_something_was_said_aloud():
    reading = read("Hello!", reasoning=f"I could call {TAGGED}")
    assert (reading.calls, reading.text) == ((), "Hello!")


def test_without_tools_nothing_is_a_call():
    reading = read_reply(Reply('{"name": "memory_replace", "arguments": {}}'), Circumstances())
    assert reading.calls == ()
    assert reading.text.startswith("{")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(finish="stop"), "empty"),
        (Reply("  \n"), "empty"),
        (Reply("<|im_end|>"), "empty"),
        (Reply("", usage=Usage(completion_tokens=2)), "empty"),
        (Reply("", usage=Usage(completion_tokens=31)), "vanished"),
        (Reply("", "I think and think."), "thinking"),
        (Reply("<think>never closed"), "thinking"),
        (Reply("", "", (native("memory_replace", GOOD[:20]),), "length"), "cut"),
        (Reply(TAGGED[:60], finish="length"), "cut"),
        (Reply("", finish="length"), "cut"),
        (Reply("again and " * 100, finish="length"), "repetition"),
        (Reply("again and " * 300, finish=REPEATED), "repetition"),
        (Reply(f"{TAGGED}\nDone, I changed it."), "stray"),
    ],
)
def test_a_reply_that_is_no_use_is_asked_for_again(reply: Reply, reason: str):
    reading = read_reply(reply, AROUND)
    assert reading.reprompt is not None
    assert (reading.reprompt.reason, reading.problem, reading.calls) == (reason, reason, ())
    assert reading.repairs


def test_a_text_that_was_asked_for_may_repeat_itself_if_it_comes_to_an_end():
    reading = read("I will not talk in class.\n" * 60, finish="stop")
    assert (reading.reprompt, reading.cut) == (None, False)


@pytest.mark.parametrize(
    ("reason", "bad_replies", "changes"),
    [
        ("empty", 0, {}),
        ("empty", 1, {"nudge": ANSWER_OR_CALL}),
        ("vanished", 0, {}),
        ("vanished", 1, {"as_json": True}),
        ("thinking", 0, {"without_thinking": True}),
        ("cut", 0, {"nudge": SHORTER, "longer": 2}),
        ("cut", 1, {"nudge": SHORTER, "longer": 4, "without_thinking": True}),
        ("repetition", 0, {"warmer": 0.2}),
        ("repetition", 1, {"warmer": 0.4}),
        ("loop", 0, {"nudge": ANSWER_NOW, "without_tools": True}),
        ("stray", 0, {"nudge": LAST}),
    ],
)
def test_each_problem_has_its_reprompt(reason, bad_replies: int, changes: dict[str, object]):
    assert reprompt_for(reason, bad_replies).model_dump(exclude_defaults=True) == {"reason": reason, **changes}


def request(**fields: object) -> ChatRequest:
    given_fields = {"model": "m", "system": "s", "messages": (message("user", "Hi"),), "context_window": 4096}
    return ChatRequest.model_validate({**given_fields, "tools": (REPLACE,), **fields})


def test_the_second_try_carries_its_settings_to_the_request():
    settings = reprompted(
        agent(context_window=4096), Reprompt(reason="cut", longer=4, warmer=0.2, without_thinking=True)
    )
    assert settings.settings.max_output_tokens == 2048, "half the window at most"
    assert (settings.settings.temperature, settings.settings.reasoning) == (0.9, "off")
    sent = offer(request(), Reprompt(reason="loop", nudge=ANSWER_NOW, without_tools=True))
    assert (sent.request.tools, sent.request.calls_allowed, sent.tools) == ((REPLACE,), False, ())
    assert sent.request.messages[-1].text == f"Hi\n({ANSWER_NOW})"


def test_a_model_whose_calls_get_lost_is_made_to_call_in_json():
    offered = offer(request(), reprompt_for("vanished", 1))
    assert offered.constrained
    assert offered.request.answer_schema is not None
    assert not offer(request(), reprompt_for("vanished", 0)).constrained


def test_a_nudge_after_a_tool_return_goes_into_the_return():
    history = (message("user", "Hi"), message("assistant", call()), message("tool", returned(text="42")))
    sent = offer(request(messages=history), Reprompt(reason="empty", nudge=ANSWER_OR_CALL))
    assert [each.role for each in sent.request.messages] == ["user", "assistant", "tool"]
    assert sent.request.messages[-1].tool_returns[0].text == f"42\n\n({ANSWER_OR_CALL})"


# Over several steps

FRESH = FreshIds("step-2", "message-2")
POLICY = Policy(max_steps=50)
EXCHANGE = Exchange(model="m/x", sent_at=NOON, ended_at=NOON)


def step(
    state: RunState, reply: Reply, result: str = "42", policy: Policy = POLICY, status: str = "success"
) -> RunState:
    """One reply and, if it calls tools, their returns; the state with its next intent."""
    asked = state.intent if isinstance(state.intent, CallModel) else CallModel(step_id="s", message_id="message-1")
    tools = () if asked.reprompt is not None and asked.reprompt.without_tools else (REPLACE, SEARCH)
    before = state.model_copy(update={"intent": asked})
    after = apply(before, ModelReplied(reply, EXCHANGE, tools), NOON).state
    intent = decide(after, policy, FRESH)
    if isinstance(intent, RunTools):
        returns = {
            each.tool_call_id: returned(each.tool_call_id, each.problem or each.result or result).model_copy(
                update={"status": status}
            )
            for each in after.calls_of(intent)
        }
        after = apply(after.model_copy(update={"intent": intent}), Returned(returns), NOON).state
        intent = decide(after, policy, FRESH)
    return after.model_copy(update={"intent": intent})


def begun() -> RunState:
    return RunState(run_id="r", agent_id="a", conversation_id="c")


SAME = Reply(calls=(RawCall("c1", "search", '{"query": "x"}'),))


def test_an_endless_same_call_gets_its_earlier_result_then_no_tools_and_then_an_answer_ends_the_run():
    state = begun()
    for _ in range(3):
        state = step(state, SAME)
    assert [memo.answered for memo in state.recent] == [False, False, True]
    assert state.recent[-1].result.startswith("Already done")
    assert state.recent[-1].result.endswith("42")
    state = step(state, SAME)
    assert isinstance(state.intent, CallModel)
    assert state.intent.reprompt is not None
    assert state.intent.reprompt.without_tools
    assert len(state.recent) == 3, "the fourth was not run"
    state = step(state, Reply(text="It is 42."))
    assert state.intent == Finish(stop_reason="end_turn")


def test_a_model_that_will_not_answer_without_tools_either_ends_in_a_sentence():
    state = begun()
    for _ in range(4):
        state = step(state, SAME)
    state = step(state, SAME)
    assert isinstance(state.intent, Finish)
    assert state.intent.failure is not None
    assert "again and again" in state.intent.failure.message


def test_a_tool_that_failed_twice_is_told_as_failed_and_then_no_tools_are_offered():
    state = begun()
    for _ in range(3):
        state = step(state, SAME, "There is no such page.", status="error")
    assert state.recent[-1].failed
    assert state.recent[-1].result.startswith("Not done: this very call failed before")
    state = step(state, SAME)
    assert isinstance(state.intent, CallModel)
    assert state.intent.reprompt is not None
    assert state.intent.reprompt.reason == "loop"


def test_words_beside_a_call_that_goes_in_circles_end_the_turn():
    state = begun()
    for _ in range(3):
        state = step(state, SAME)
    state = step(state, Reply(text="It is 42.", calls=SAME.calls))
    assert state.intent == Finish(stop_reason="end_turn")


def test_the_last_step_of_a_run_that_only_calls_tools_is_an_answer():
    state, four = begun(), Policy(max_steps=4)
    for number in range(3):
        state = step(state, Reply(calls=(RawCall("c", "search", f'{{"query": "{number}"}}'),)), policy=four)
    assert isinstance(state.intent, CallModel)
    assert state.intent.reprompt is not None
    assert (state.intent.reprompt.reason, state.intent.reprompt.without_tools) == ("rounds", True)
    silent = step(state, Reply(), policy=four)
    assert isinstance(silent.intent, Finish)
    assert silent.intent.stop_reason == "max_steps"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(),
        Reply(reasoning="hm"),
        Reply(text="again and " * 300, finish=REPEATED),
        Reply(calls=(RawCall("c", "ghost", "{}"),)),
        Reply(calls=(RawCall("c", "memory_replace", '{"label": "hu'),)),
        Reply(calls=(RawCall("c", "memory_replace", "{}"),)),
        Reply(calls=(RawCall("c", "search", "{}"),), finish="length"),
        Reply(text=f"{TAGGED} Done."),
    ],
)
def test_two_repairs_in_a_row_are_tried_and_the_third_failure_ends_in_a_sentence(reply: Reply):
    state = begun()
    for _ in range(2):
        state = step(state, reply)
        assert isinstance(state.intent, CallModel)
    state = step(state, reply)
    assert isinstance(state.intent, Finish)
    assert state.intent.failure is not None
    assert state.intent.failure.message.endswith(".")
    assert state.intent.failure.hint


def test_progress_forgives_earlier_slips():
    state = begun()
    for number in range(4):
        state = step(state, Reply())
        state = step(state, Reply(calls=(RawCall("c", "search", f'{{"query": "{number}"}}'),)))
    assert isinstance(state.intent, CallModel)


def test_every_reason_has_an_ending():
    for reason in get_args(Reason):
        stop_reason, failure = ending(reason)
        assert stop_reason != "end_turn"
        assert failure.hint.endswith(".")


# Models without tool calls


def test_a_model_without_tools_is_offered_them_as_json():
    sent = offer(request(facts=ModelFacts(tools=False)), None)
    assert sent.constrained
    assert sent.tools == (REPLACE,)
    assert sent.request.tools == ()
    assert "memory_replace(label: string" in sent.request.system
    schema = sent.request.answer_schema
    assert schema is not None
    assert [sorted(option["properties"]) for option in schema["anyOf"]] == [["say"], ["args", "tool"]]


BLOCKS = (block("human"), block("persona"), block("rules", read_only=True))


def test_an_answer_in_json_can_name_no_other_label_than_those_that_can_be_edited():
    schema = answer_schema((REPLACE, SEARCH), ("human", "persona"))
    assert schema["anyOf"][1]["properties"]["args"]["properties"]["label"]["enum"] == ["human", "persona"]
    assert schema["anyOf"][2]["properties"]["args"] == SEARCH.parameters
    sent = offer(request(facts=ModelFacts(tools=False)), None, BLOCKS)
    assert sent.request.answer_schema == answer_schema((REPLACE,), ("human", "persona"))
    assert "enum" not in REPLACE.parameters["properties"]["label"], "a tool is everybody's"
    assert answer_schema((REPLACE,))["anyOf"][1]["properties"]["args"] == SCHEMA


def test_in_json_rules_and_tools_stand_before_the_blocks():
    asked = request(system=compile_prompt(agent(system="Be kind."), BLOCKS))
    sent = constrain(asked, BLOCKS).system
    assert sent.startswith("Be kind.")
    assert sent.index("You answer with one JSON object") < sent.index("memory_replace(") < sent.index("<memory_blocks>")
    assert sent.endswith("</memory_blocks>")
    assert sent.count("<memory_blocks>") == 1


def test_an_answer_without_tools_narrows_the_schema_and_leaves_the_prompt_as_it_was():
    asked = request(facts=ModelFacts(tools=False))
    usual, last = offer(asked, None), offer(asked, Reprompt(reason="rounds", without_tools=True))
    assert (usual.request.system, usual.request.messages) == (last.request.system, last.request.messages)
    assert (last.tools, last.constrained) == ((), True)
    assert last.request.answer_schema == answer_schema(())
    assert [option["required"] for option in answer_schema(())["anyOf"]] == [["say"]]
    reading = read_reply(Reply('{"say": "It is 42."}'), Circumstances(constrained=last.constrained, tools=last.tools))
    assert (reading.text, reading.calls, reading.reprompt) == ("It is 42.", (), None)


LONG = "I am Juno, and I keep in mind what you tell me about yourself."


@pytest.mark.parametrize(
    ("text", "asked", "asked_before", "echo"),
    [
        ("your words", "Hi", "", True),
        ("Your words.", "Hi", "", True),
        (f"({ANSWER_OR_CALL})", "Hi", "", True),
        (ANSWER_NOW, "Hi", "", True),
        ("your words", 'Write "your words".', "", False),
        (LONG, "I have a cat.", "Who are you?", True),
        (f"{LONG.upper()}", "My name is Brad, not Chad.", "Who are you?", True),
        (LONG, "Who are you?", "Who are you?", False),
        (LONG, "And who may you be?", "Who are you?", False),
        (LONG, "Say that again.", "Who are you?", False),
        (LONG, "Wiederhole das bitte", "Who are you?", False),
        (LONG, "もう一度", "Who are you?", False),
        (f"{LONG} And you?", "I have a cat.", "Who are you?", False),
        ("You're welcome!", "Thanks", "Thank you", False),
    ],
)
def test_an_echo_is_a_bad_reply_unless_it_was_asked_for(text: str, asked: str, asked_before: str, echo: bool):
    answered = text if text == "You're welcome!" else LONG
    around = Circumstances(tools=(SEARCH,), before=Before(asked, asked_before, answered))
    reading = read_reply(Reply(text), around)
    assert (reading.problem, kinds(reading)) == (("echo", ["repetition"]) if echo else (None, []))
    assert reading.text == text, "kept if it is the last try"
    in_json = read_reply(Reply(json.dumps({"say": text})), replace(around, constrained=True))
    assert in_json.problem == reading.problem


def test_what_was_said_before_is_read_from_the_newest_two_turns():
    history = (
        message("user", "Oldest"),
        message("assistant", "Old"),
        message("user", "First"),
        message("assistant", "One moment.", call()),
        message("tool", returned()),
        message("assistant", "Done."),
        message("user", "Second"),
        message("assistant", "Wait.", call()),
        message("tool", returned()),
    )
    assert said_before(history[::-1]) == Before("Second", "First", "Done.")
    assert said_before(history[:1]) == Before("Oldest")
    assert said_before(()) == Before()


def test_a_history_with_calls_becomes_text_for_a_model_without_tools():
    history = (
        message("user", "Hi"),
        message("assistant", "One moment.", call(arguments=GOOD)),
        message("tool", returned(text="Replaced.")),
        message("assistant", "Done."),
    )
    sent = constrain(request(messages=history))
    assert [(each.role, each.text) for each in sent.messages] == [
        ("user", "Hi"),
        ("assistant", f'{{"tool": "memory_replace", "args": {GOOD}}}'),
        ("user", "[Result of memory_replace]\nReplaced."),
        ("assistant", '{"say": "Done."}'),
    ]
    assert not any(each.tool_calls or each.tool_returns for each in sent.messages)


@pytest.mark.parametrize(
    ("answer", "text", "calls"),
    [
        ('{"say": "Hello."}', "Hello.", []),
        (f'{{"tool": "memory_replace", "args": {GOOD}}}', "", ["memory_replace"]),
        ('{"say" :"Hi",\n}', "Hi", []),
        ("Just words.", "Just words.", []),
        ('{"answer": "another form"}', '{"answer": "another form"}', []),
        ('{"tool": "memory_replace", "args": {"label": "human" "old', "", ["memory_replace"]),
    ],
)
def test_the_answer_of_a_constrained_model_is_words_or_a_call(answer: str, text: str, calls: list[str]):
    reading = read_reply(Reply(answer), Circumstances(tools=(REPLACE,), constrained=True))
    assert (reading.text, [made.name for made in reading.calls]) == (text, calls)


@pytest.mark.parametrize(
    ("answer", "text", "reason"),
    [
        ('{"say": "I was just', "I was just", None),
        ('{"say": "one \\u00e4', "one ä", None),
        ('{"tool": "memory_replace", "args": {"label": "hu', "", "cut"),
        (f'{{"tool": "memory_replace", "args": {GOOD}', "", "cut"),
        ('{"', "", "cut"),
        ('{"sa', "", "cut"),
    ],
)
def test_the_answer_of_a_constrained_model_that_was_cut_is_its_words_or_asked_for_again(
    answer: str, text: str, reason: str | None
):
    reading = read_reply(Reply(answer, finish="length"), Circumstances(tools=(REPLACE,), constrained=True))
    assert (reading.text, reading.calls, reading.problem) == (text, (), reason)


@pytest.mark.parametrize(
    ("thought", "text", "calls"),
    [('{"say": "Hello."}', "Hello.", []), (f'{{"tool": "memory_replace", "args": {GOOD}}}', "", ["memory_replace"])],
)
def test_the_answer_of_a_constrained_model_may_come_wholly_as_thinking(thought: str, text: str, calls: list[str]):
    reading = read_reply(Reply("", thought), Circumstances(tools=(REPLACE,), constrained=True))
    assert (reading.text, reading.reasoning, [made.name for made in reading.calls]) == (text, "", calls)
    assert [note.kind for note in reading.repairs] == ["call_in_thinking"]


@given(st.text(max_size=30), st.booleans(), st.data())
def test_only_the_words_of_a_streaming_answer_are_shown(words: str, ascii_only: bool, data: st.DataObject):
    text = json.dumps({"say": words}, ensure_ascii=ascii_only)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    reader = SayReader()
    edges = [0, *cuts, len(text)]
    shown = "".join(reader.feed(text[start:end]) for start, end in itertools.pairwise(edges))
    assert shown == words
    assert words_so_far(text) == words


def test_a_streaming_call_of_a_constrained_model_shows_nothing():
    reader = SayReader()
    assert "".join(reader.feed(sign) for sign in '{"tool": "f", "args": {"say": "no"}}' * 5) == ""


def test_half_a_call_of_a_constrained_model_is_no_words():
    assert words_so_far('{"tool"  : "memory_replace", "args": {"label": "again again') == ""
    assert words_so_far('{"tools": "are many"}') == '{"tools": "are many"}'
