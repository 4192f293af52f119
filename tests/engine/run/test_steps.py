"""decide, apply and recover: a run as a table of states and outcomes."""

import json

import pytest

from app.domain.run import Failure, Run, Usage
from app.engine.repairs.reprompt import ANSWER_OR_CALL, SHORTER, Reprompt
from app.engine.reply import Call, RawCall, Reply
from app.engine.run.apply import apply
from app.engine.run.decide import FreshIds, decide
from app.engine.run.policy import Policy
from app.engine.run.recover import RESUME_WITHIN, blank_state, recover, stored_state
from app.engine.state import (
    BrokenOff,
    CallModel,
    Cancelled,
    Exchange,
    Finish,
    ModelFailed,
    ModelReplied,
    RunState,
    RunTools,
    ToolsReturned,
)
from tests.support.values.samples import NOON, returned, tool

FRESH = FreshIds("step-new", "message-new")
CALLING = CallModel(step_id="step-1", message_id="message-1")
TOOLS = RunTools(step_id="s", message_id="m", call_ids=("1", "2"))
POLICY = Policy(max_steps=50)
EXCHANGE = Exchange(model="demo/vesta", sent_at=NOON, ended_at=NOON + 5)


def state(**fields: object) -> RunState:
    return RunState.model_validate(
        {"run_id": "r", "agent_id": "a", "conversation_id": "c", "intent": CALLING, **fields}
    )


def replied(**fields: object) -> ModelReplied:
    return ModelReplied(Reply(**fields), EXCHANGE, (tool("f"), tool("g")))  # type: ignore[arg-type]


def after(outcome: ModelReplied, before: RunState | None = None) -> RunState:
    return apply(before or state(), outcome, NOON).state


def test_a_fresh_run_calls_the_model():
    assert decide(state(intent=None), POLICY, FRESH) == CallModel(step_id="step-new", message_id="message-new")


def test_deciding_twice_gives_the_same_action():
    assert decide(state(), POLICY, FRESH) == decide(state(), POLICY, FRESH)


def test_plain_text_ends_the_turn():
    assert decide(after(replied(text="Hello.", finish="stop")), POLICY, FRESH) == Finish(stop_reason="end_turn")


def test_a_tool_call_is_run_and_then_the_model_is_called_again():
    called = after(replied(text="One moment.", calls=(RawCall("call_1", "f", '{"a":1}'),), finish="tool_calls"))
    action = decide(called, POLICY, FRESH)
    assert isinstance(action, RunTools)
    assert [(c.name, c.arguments) for c in called.calls_of(action)] == [("f", '{"a": 1}')]
    done = apply(called.model_copy(update={"intent": action}), ToolsReturned({"call_1": returned()}), NOON)
    assert done.message is not None
    assert done.message.role == "tool"
    assert isinstance(decide(done.state, POLICY, FRESH), CallModel)


def test_text_beside_a_tool_call_is_kept_in_the_same_message():
    applied = apply(state(), replied(reasoning="hm", text="One moment.", calls=(RawCall("c", "f", ""),)), NOON)
    assert applied.message is not None
    assert [part.type for part in applied.message.parts] == ["reasoning", "text", "tool_call"]


@pytest.mark.parametrize("bad", ['{"a": ', "[1]", '"text"', "{'a': half"])
def test_broken_arguments_are_stored_as_an_empty_object_and_never_run(bad: str):
    called = after(replied(calls=(RawCall("c", "f", bad),), finish="tool_calls"))
    assert called.calls[0].arguments == "{}"
    assert bad[:3] in called.calls[0].problem


def test_a_call_cut_by_the_output_limit_never_runs_even_if_it_parses_but_is_asked_for_with_more_room():
    cut = apply(state(), replied(text="One moment.", calls=(RawCall("c", "f", '{"a": 1}'),), finish="length"), NOON)
    assert (cut.state.calls, cut.message) == ((), None)
    action = decide(cut.state, POLICY, FRESH)
    assert isinstance(action, CallModel)
    assert action.reprompt is not None
    assert (action.reprompt.longer, action.reprompt.nudge) == (2, SHORTER)


def test_three_broken_calls_in_a_row_end_the_run_with_a_sentence():
    current = state()
    for _ in range(3):
        current = after(replied(calls=(RawCall("c", "f", '{"a'),)), current.model_copy(update={"intent": CALLING}))
        current = current.model_copy(update={"calls": ()})
    action = decide(current, POLICY, FRESH)
    assert isinstance(action, Finish)
    assert action.stop_reason == "invalid_tool_call"
    assert action.failure is not None
    assert "3 times" in action.failure.message


def test_a_good_call_forgets_earlier_broken_ones():
    assert (
        after(replied(calls=(RawCall("c", "f", "{}"),)), state(bad_replies=2, last_problem="broken")).bad_replies == 0
    )


def test_an_empty_reply_is_asked_for_as_it_was_then_with_a_nudge_and_then_ends_in_a_sentence():
    current, nudges = state(), []
    for _ in range(2):
        current = after(replied(finish="stop"), current.model_copy(update={"intent": CALLING}))
        action = decide(current, POLICY, FRESH)
        assert isinstance(action, CallModel)
        assert action.reprompt is not None
        nudges.append(action.reprompt.nudge)
    assert nudges == ["", ANSWER_OR_CALL]
    action = decide(after(replied(finish="stop"), current.model_copy(update={"intent": CALLING})), POLICY, FRESH)
    assert isinstance(action, Finish)
    assert action.stop_reason == "invalid_llm_response"


def test_an_empty_reply_leaves_no_message():
    assert apply(state(), replied(finish="stop"), NOON).message is None


def test_a_reply_cut_by_its_limit_is_kept_and_said_to_be_cut():
    applied = apply(state(), replied(text="Once upon", finish="length"), NOON)
    assert applied.message is not None
    assert applied.message.note == "not_finished"
    action = decide(applied.state, POLICY, FRESH)
    assert isinstance(action, Finish)
    assert action.stop_reason == "max_tokens_exceeded"


def test_the_step_limit_ends_the_run_only_after_open_calls_are_answered():
    called = after(replied(calls=(RawCall("c", "f", "{}"),)))
    assert isinstance(decide(called, Policy(max_steps=1), FRESH), RunTools)
    action = decide(called.model_copy(update={"calls": ()}), Policy(max_steps=1), FRESH)
    assert isinstance(action, Finish)
    assert action.stop_reason == "max_steps"


def test_a_failure_keeps_the_words_written_so_far():
    failure = Failure(code="server_died", message="It died.")
    outcome = ModelFailed(failure, Reply(text="Half a"), EXCHANGE)
    applied = apply(state(), outcome, NOON)
    assert applied.message is not None
    assert (applied.message.text, applied.message.note) == ("Half a", "not_finished")
    assert applied.step is not None
    assert applied.step.status == "failed"
    assert decide(applied.state, POLICY, FRESH) == Finish(stop_reason="llm_api_error", failure=failure)


def test_stopping_while_the_model_writes_keeps_its_words_but_no_half_call():
    reply = Reply(text="So far", calls=(RawCall("c", "f", '{"a"'),))
    applied = apply(state(), Cancelled(reply, EXCHANGE), NOON)
    assert applied.message is not None
    assert (applied.message.text, applied.message.note, applied.message.tool_calls) == ("So far", "stopped", ())
    assert decide(applied.state, POLICY, FRESH) == Finish(stop_reason="cancelled")


def test_stopping_while_tools_run_answers_every_call():
    calls = (Call(tool_call_id="1", name="f", arguments="{}"), Call(tool_call_id="2", name="g", arguments="{}"))
    running = state(intent=TOOLS, calls=calls)
    applied = apply(running, Cancelled(returns={"1": returned("1")}), NOON)
    assert applied.message is not None
    assert [(r.tool_call_id, r.status) for r in applied.message.tool_returns] == [("1", "success"), ("2", "error")]


def test_usage_is_summed_over_steps():
    one = after(replied(text="a", usage=Usage(prompt_tokens=10, completion_tokens=2)))
    two = after(
        replied(text="b", usage=Usage(prompt_tokens=20, completion_tokens=3, cached_tokens=4)),
        one.model_copy(update={"intent": CALLING}),
    )
    assert two.usage == Usage(prompt_tokens=30, completion_tokens=5, cached_tokens=4, steps=2, context_tokens=23)


def test_a_state_survives_its_json():
    full = after(replied(calls=(RawCall("c", "f", '{"ä": "ß"}'),)))
    full = full.model_copy(update={"intent": decide(full, POLICY, FRESH)})
    assert RunState.model_validate_json(full.model_dump_json()) == full
    assert json.loads(full.calls[0].arguments) == {"ä": "ß"}


def run(**fields: object) -> Run:
    given = {"id": "r", "agent_id": "a", "conversation_id": "c", "status": "running", "created_at": NOON}
    return Run.model_validate({**given, **fields})


def test_after_a_crash_the_model_is_called_again_with_a_new_message():
    found = recover(run(), state(), NOON, FRESH)
    assert isinstance(found, RunState)
    assert found.intent == CallModel(step_id="step-1", message_id="message-new", attempt=2)


def test_after_a_crash_a_started_tool_is_not_run_again_but_a_requested_one_is():
    calls = (
        Call(tool_call_id="1", name="f", arguments="{}", status="started"),
        Call(tool_call_id="2", name="g", arguments="{}"),
    )
    found = recover(run(), state(intent=TOOLS, calls=calls), NOON, FRESH)
    assert isinstance(found, RunState)
    assert isinstance(found.intent, RunTools)
    first, second = found.calls_of(found.intent)
    assert first.problem.startswith("Interrupted by a restart: the tool had started")
    assert second.problem == ""


def test_an_old_run_is_ended_but_an_old_background_run_goes_on():
    late = NOON + RESUME_WITHIN + 1
    ended = recover(run(), state(), late, FRESH)
    assert isinstance(ended, Failure)
    assert "closed during this run" in ended.message
    assert isinstance(recover(run(background=True), state(), late, FRESH), RunState)


def test_a_run_active_at_two_engine_deaths_is_not_taken_up_again():
    found = recover(run(resumed=1), state(), NOON, FRESH)
    assert isinstance(found, Failure)
    assert "twice" in found.message


def test_an_engine_that_ended_in_its_own_order_is_no_reason_to_give_a_run_up():
    found = recover(run(resumed=1), state(set_aside=True), NOON, FRESH)
    assert isinstance(found, RunState)
    assert not found.set_aside, "the next death counts again"


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"schema_version": 99, "run_id": "r"}'])
def test_a_state_that_cannot_be_read_ends_as_interrupted_with_the_counts_of_its_run(text: str):
    unreadable = run(usage=Usage(prompt_tokens=7, steps=1))
    assert stored_state(unreadable, text) is None
    assert isinstance(recover(unreadable, None, NOON, FRESH), Failure)
    assert blank_state(unreadable).usage.prompt_tokens == 7


def test_a_state_of_another_version_is_not_guessed_at():
    other = state(schema_version=99)
    assert stored_state(run(), other.model_dump_json()) is None
    assert stored_state(run(), state().model_dump_json()) == state()


STATE_OF_0_1_0 = """{"schema_version":2,"run_id":"r","agent_id":"a","conversation_id":"c","cause_id":"message-0",
"step_no":1,"max_steps":50,"step_id":"step-1","calls":[%(call)s],"slips":1,"trouble":"broken","again":null,
"recent":[{"name":"g","arguments":"{}","result":"fine","answered":false,"step_no":1}],
"usage":{"prompt_tokens":9,"completion_tokens":3,"cached_tokens":null,"reasoning_tokens":null,"steps":1},
"set_aside":true,"end":null,"intent":%(intent)s}"""
CALL_OF_0_1_0 = """{"tool_call_id":"call_1","name":"f","arguments":"{\\"a\\": 1}","status":"started","problem":"",
"result":""}"""


def test_a_run_that_called_a_model_in_lares_0_1_0_is_taken_up():
    again = """{"reason":"empty","nudge":"Answer or call one tool.","warmer":0.0,"longer":1,"without_thinking":false,
    "without_tools":false,"as_json":false}"""
    intent = f'{{"kind":"call_model","step_id":"step-2","message_id":"message-2","attempt":1,"again":{again}}}'
    known = stored_state(run(), STATE_OF_0_1_0 % {"call": "", "intent": intent})
    assert known is not None
    assert (known.bad_replies, known.last_problem, known.set_aside, known.step_no) == (1, "broken", True, 1)
    assert known.recent[0].result == "fine"
    found = recover(run(), known, NOON, FRESH)
    assert isinstance(found, RunState)
    reprompt = Reprompt(reason="empty", nudge=ANSWER_OR_CALL)
    assert found.intent == CallModel(step_id="step-2", message_id="message-new", attempt=2, reprompt=reprompt)
    assert stored_state(run(), found.model_dump_json()) == found


def test_a_run_that_ran_tools_in_lares_0_1_0_is_taken_up_and_runs_no_tool_twice():
    intent = f'{{"kind":"run_tools","step_id":"step-1","message_id":"message-2","calls":[{CALL_OF_0_1_0}]}}'
    known = stored_state(run(), STATE_OF_0_1_0 % {"call": CALL_OF_0_1_0, "intent": intent})
    assert known is not None
    found = recover(run(), known, NOON, FRESH)
    assert isinstance(found, RunState)
    assert found.intent == RunTools(step_id="step-1", message_id="message-2", call_ids=("call_1",))
    (call,) = found.calls
    assert (call.name, call.parsed, call.status) == ("f", {"a": 1}, "started")
    assert call.problem.startswith("Interrupted by a restart: the tool had started")


@pytest.mark.parametrize("intent", ["[]", '{"kind":"run_tools","step_id":"s","message_id":"m"}', '{"kind":"new"}'])
def test_a_damaged_state_of_lares_0_1_0_is_not_guessed_at(intent: str):
    assert stored_state(run(), STATE_OF_0_1_0 % {"call": "", "intent": intent}) is None


def test_a_call_that_is_open_at_the_beginning_of_a_run_is_made_first():
    waiting = Call(tool_call_id="1", name="f", arguments="{}", status="approved")
    first = decide(state(intent=None, step_id="step-0", calls=(waiting,)), POLICY, FRESH)
    assert first == RunTools(step_id="step-0", message_id="message-new", call_ids=("1",))


def test_only_calls_of_the_action_are_answered_by_it():
    calls = tuple(Call(tool_call_id=call_id, name="f", arguments="{}") for call_id in ("1", "2"))
    some = state(intent=RunTools(step_id="s", message_id="m", call_ids=("2",)), calls=calls)
    applied = apply(some, ToolsReturned({"2": returned("2")}), NOON)
    assert applied.message is not None
    assert [part.tool_call_id for part in applied.message.tool_returns] == ["2"]
    assert [call.tool_call_id for call in applied.state.calls] == ["1"]


@pytest.mark.parametrize("give_up", [False, True])
def test_a_model_is_given_up_after_three_bad_replies_or_where_asking_again_is_no_use(give_up: bool):
    bad = state(bad_replies=1 if give_up else 3, last_problem="empty", reprompt=Reprompt(reason="empty"))
    assert isinstance(decide(bad.model_copy(update={"give_up": give_up}), POLICY, FRESH), Finish)
    assert isinstance(decide(bad.model_copy(update={"bad_replies": 2}), POLICY, FRESH), CallModel)


def test_a_run_that_breaks_off_answers_its_open_calls():
    calls = (Call(tool_call_id="1", name="f", arguments="{}"), Call(tool_call_id="2", name="g", arguments="{}"))
    open_calls = state(intent=TOOLS, calls=calls)
    failure = Failure(code="disk_full", message="The disk is full.")
    applied = apply(open_calls, BrokenOff(failure), NOON)
    assert applied.message is not None
    assert [(r.tool_call_id, r.status) for r in applied.message.tool_returns] == [("1", "error"), ("2", "error")]
    assert decide(applied.state, POLICY, FRESH) == Finish(stop_reason="error", failure=failure)


@pytest.mark.parametrize(("status", "words"), [("started", "whether it finished is unknown"), ("requested", "was not")])
def test_a_run_that_breaks_off_does_not_say_of_a_tool_that_had_started_that_it_was_not_carried_out(
    status: str, words: str
):
    call = Call(tool_call_id="c", name="f", arguments="{}", status=status)  # type: ignore[arg-type]
    running = RunTools(step_id="step-1", message_id="message-2", call_ids=("c",))
    after = apply(state(intent=running, calls=(call,)), BrokenOff(Failure(code="x", message="x")), NOON)
    assert after.message is not None
    assert words in after.message.tool_returns[0].text
