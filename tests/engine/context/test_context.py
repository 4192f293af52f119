"""The prompt and the window: what the model sees."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import Member, TextPart
from app.engine.context.prompt import compile_prompt
from app.engine.context.window import fit, visible
from tests.support.values.samples import MINUTE, NOON, agent, block, call, ledger, members, message, returned, tool


def test_the_prompt_holds_instructions_and_blocks_and_no_clock():
    prompt = compile_prompt(agent(), (block("human", "Name: Chad.", description="The person."),))
    assert prompt.startswith("You are Juno.")
    assert "<human>\n<description>\nThe person.\n</description>" in prompt
    assert "- chars_current=11\n- chars_limit=2000" in prompt
    assert "<value>\nName: Chad.\n</value>\n</human>" in prompt
    assert str(datetime.datetime.now(datetime.UTC).year) not in prompt


def test_the_prompt_before_a_changed_block_stays_the_same():
    persona, human = block("persona", "I am Juno."), block("human", "Name: Chad.")
    before = compile_prompt(agent(), (persona, human))
    after = compile_prompt(agent(), (persona, human.model_copy(update={"value": "Name: Brad."})))
    shared = next(i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
    assert shared > before.index("<human>")


def turns(count: int, size: int = 100) -> tuple[Member, ...]:
    said = [message("user" if i % 2 == 0 else "assistant", "x" * size) for i in range(count)]
    return members(*said)


def test_what_fits_stays():
    found = fit(agent(context_window=16_000), "p", (), turns(10), ledger(), 1.0)
    assert (found.leave_before, found.overflow) == (None, False)


def test_an_overfull_window_drops_whole_turns_in_one_large_stride():
    small = agent(context_window=4_000, settings={"max_output_tokens": 1_000})
    found = fit(small, "p", (), turns(40), ledger(), 1.0)
    assert found.leave_before is not None
    assert found.leave_before % 2 == 0
    assert not found.overflow
    again = fit(small, "p", (), turns(40)[found.leave_before :], ledger(), 1.0)
    assert again.leave_before is None
    room = 4_000 * 0.96 - 1_000
    assert found.tokens < room * 0.7, "too little was dropped: the beginning would change again at once"


def test_calls_and_their_returns_leave_together():
    exchange = [message("user", "x" * 500), message("assistant", call()), message("tool", returned(text="y" * 500))]
    many = members(*(exchange * 6))
    found = fit(agent(context_window=3_000, settings={"max_output_tokens": 500}), "p", (), many, ledger(), 1.0)
    assert found.leave_before is not None
    assert many[found.leave_before].message.role == "user"


def test_a_server_that_counts_more_makes_messages_leave_earlier():
    small = agent(context_window=6_000, settings={"max_output_tokens": 1_000})
    assert fit(small, "p", (), turns(40), ledger(), 1.0).leave_before is None
    assert fit(small, "p", (), turns(40), ledger(), 1.6).leave_before is not None


def test_a_single_turn_that_is_too_large_is_said_to_overflow():
    found = fit(
        agent(context_window=1_000, settings={"max_output_tokens": 200}), "p" * 2_000, (), turns(2), ledger(), 1.0
    )
    assert found.overflow


def test_tools_count():
    without = fit(agent(), "p", (), turns(2), ledger(), 1.0).tokens
    assert fit(agent(), "p", (tool(),), turns(2), ledger(), 1.0).tokens > without + 50


def test_a_long_text_is_counted_once():
    counted: list[str] = []
    counting = ledger(lambda text: counted.append(text) or len(text))
    prompt = "x" * 5_000
    assert [counting.text(prompt), counting.text("x" * 5_000), counting.text("y" * 5_000)] == [5_000] * 3
    assert len(set(counted)) == 2
    assert counted.count(prompt) == 2, "an estimate and its bound"


def test_tools_that_a_client_brings_are_told_apart_though_they_have_no_id():
    counting = ledger()
    short, long = tool("a", id="", updated_at=0), tool("b", id="", updated_at=0, description="x" * 500)
    assert counting.tool(short) + 400 < counting.tool(long)


def texts(shown: tuple[Member, ...]) -> list[tuple[str, str]]:
    return [(m.role, m.text or "|".join(r.text for r in m.tool_returns)) for m in visible(shown)]


def at_noon(*said: tuple[str, str]) -> tuple[Member, ...]:
    return members(*(message(role, text, at=NOON + i) for i, (role, text) in enumerate(said)))  # type: ignore[arg-type]


def test_a_half_reply_that_was_tried_again_is_left_out():
    half = message("assistant", "Once up", note="not_finished", at=NOON + 1)
    shown = members(message("user", "Tell me"), half, message("assistant", "Once upon a time.", at=NOON + 2))
    assert [text for role, text in texts(shown) if role == "assistant"] == ["Once upon a time."]


def test_a_trailing_half_reply_is_left_out_because_servers_would_continue_it():
    half = message("assistant", "Once up", note="not_finished", at=NOON + 1)
    assert [role for role, _ in texts(members(message("user", "Tell me"), half))] == ["user"]


def test_a_stopped_reply_that_was_answered_stays():
    stopped = message("assistant", "Once up", note="stopped", at=NOON + 1)
    shown = members(message("user", "Tell me"), stopped, message("user", "Shorter!", at=NOON + 2))
    assert [role for role, _ in texts(shown)] == ["user", "assistant", "user"]


def test_a_call_without_a_return_gets_one_so_that_no_server_refuses_the_history():
    shown = members(message("user", "hi"), message("assistant", call("c1")), message("user", "hello?"))
    assert [role for role, _ in texts(shown)] == ["user", "assistant", "tool", "user"]


def test_a_return_without_a_call_is_left_out():
    shown = members(message("user", "hi"), message("tool", returned("c9")), message("assistant", "ho"))
    assert [role for role, _ in texts(shown)] == ["user", "assistant"]


def test_a_user_message_after_a_pause_carries_its_date():
    shown = members(
        message("user", "first", at=NOON),
        message("assistant", "a", at=NOON + MINUTE),
        message("user", "soon", at=NOON + 2 * MINUTE),
        message("assistant", "b", at=NOON + 3 * MINUTE),
        message("user", "later", at=NOON + 60 * MINUTE),
    )
    dated = [bool(m.parts[0].text.startswith("[")) for m in visible(shown) if isinstance(m.parts[0], TextPart)]
    assert dated == [True, False, False, False, True]


def test_dates_survive_a_clock_that_was_set_back_and_the_far_future():
    year_2100 = 4_102_444_800_000_000 + 12 * 60 * MINUTE
    shown = members(
        message("user", "from the future", at=year_2100),
        message("assistant", "a", at=year_2100 + MINUTE),
        message("user", "the clock was mended", at=NOON),
        message("assistant", "b", at=NOON),
        message("user", "an hour later", at=NOON + 60 * MINUTE),
    )
    texts_of = [m.text for m in visible(shown)]
    assert "2100-01-01" in texts_of[0]
    assert [text[0] for text in texts_of] == ["[", "a", "[", "b", "["], "a leap back is a pause too"


@given(st.lists(st.sampled_from(["user", "assistant", "call", "tool", "half"]), max_size=12))
def test_whatever_the_history_every_call_is_followed_by_its_return(kinds: list[str]):
    made = {
        "user": lambda: message("user", "u"),
        "assistant": lambda: message("assistant", "a"),
        "call": lambda: message("assistant", call("c1"), call("c2")),
        "tool": lambda: message("tool", returned("c1"), returned("c2")),
        "half": lambda: message("assistant", "h", note="not_finished"),
    }
    shown = visible(members(*(made[kind]() for kind in kinds)))
    for i, each in enumerate(shown):
        if each.tool_calls:
            assert {r.tool_call_id for r in shown[i + 1].tool_returns} == {c.tool_call_id for c in each.tool_calls}
        if each.role == "tool":
            assert shown[i - 1].tool_calls
