"""A request taken apart: every part is there and counted, and what stands in its bytes is found in them again."""

import json

from app.domain.message import Message
from app.engine.context.difference import difference
from app.engine.context.parts import Scale, fixed_parts, message_parts, sent_parts
from app.engine.context.prompt import compile_prompt
from app.engine.context.window import MESSAGE_OVERHEAD, fit, visible, when_full
from tests.support.values.samples import agent, block, call, ledger, members, message, returned, tool

SCALE = Scale(ledger())
FORM = {"type": "json_object"}
BLOCKS = (block("persona", "I am Juno."), block("human", "Name: Chad.\nLikes tea."))


def said() -> tuple[Message, ...]:
    return (
        message("summary", "They spoke of risotto."),
        message("user", "Hello"),
        message("assistant", call(arguments='{"label": "human"}')),
        message("tool", returned(text="done")),
        message("assistant", "Noted."),
    )


def test_every_part_of_a_request_is_counted():
    juno = agent(extras={"response_format": FORM})
    fixed = fixed_parts(juno, BLOCKS, (tool(),), SCALE)
    assert [(part.kind, part.label) for part in fixed] == [
        ("system", ""),
        ("tool_rules", ""),
        ("tools", "memory_replace"),
        ("memory", ""),
        ("memory", "persona"),
        ("memory", "human"),
    ]
    parts = [*fixed, *message_parts(visible(members(*said())), SCALE)]
    assert [part.kind for part in parts[len(fixed) :]] == ["summary", *["messages"] * 4]
    assert len({part.key for part in parts}) == len(parts)
    whole = fit(juno, compile_prompt(juno, BLOCKS), (tool(),), members(*said()), ledger(), 1.0).tokens
    joints = 2 * len(BLOCKS) + 10
    assert abs(sum(part.tokens for part in parts) - whole) <= joints, "a part is missing, or counted twice"


def test_counts_follow_what_the_server_counted():
    plain, scaled = (fixed_parts(agent(), BLOCKS, (), Scale(ledger(), factor)) for factor in (1.0, 1.5))
    assert [round(part.tokens * 1.5) for part in plain] == [part.tokens for part in scaled]
    assert plain[0].tokens == len("You are Juno.") + MESSAGE_OVERHEAD


def wire(system: str, *texts: str) -> dict[str, object]:
    spoken = [{"role": "user", "content": text} for text in texts]
    function = {"name": "memory_replace", "description": "", "parameters": {}}
    return {
        "messages": [{"role": "system", "content": system}, *spoken],
        "tools": [{"type": "function", "function": function}],
    }


def test_a_sent_request_is_read_from_its_bytes():
    body = json.loads(json.dumps(wire(compile_prompt(agent(), BLOCKS), "Hello")))
    parts = sent_parts(body, BLOCKS, SCALE)
    assert [(part.kind, part.label) for part in parts] == [
        ("system", ""),
        ("tools", "memory_replace"),
        ("memory", ""),
        ("memory", "persona"),
        ("memory", "human"),
        ("messages", "Hello"),
    ]
    other = sent_parts(body, BLOCKS[:1], SCALE)
    rest = next(part for part in other if part.key == "memory:rest")
    assert "Name: Chad." in rest.text, "a block that nobody knows any more is lost"


def test_two_requests_differ_in_the_block_that_changed_and_in_what_was_said():
    later = (BLOCKS[0], BLOCKS[1].model_copy(update={"value": "Name: Brad.\nLikes tea."}))
    before = sent_parts(wire(compile_prompt(agent(), BLOCKS), "Hello"), BLOCKS, SCALE)
    after = sent_parts(wire(compile_prompt(agent(), later), "Hello", "My name is Brad"), later, SCALE)
    found = difference(before, after)
    assert [(one.status, one.label) for one in found.changes] == [
        ("same", ""),
        ("changed", "human"),
        ("same", "Hello"),
        ("added", "My name is Brad"),
    ]
    changed = found.changes[1]
    assert ("Chad" in changed.before, "Brad" in changed.after) == (True, True)
    assert found.reused == sum(part.tokens for part in after[:4])
    assert found.total == sum(part.tokens for part in after)


def test_what_falls_out_next_are_the_oldest_whole_turns():
    many = members(*(message("user" if n % 2 == 0 else "assistant", "x" * 100) for n in range(10)))
    small = agent(context_window=2_500, settings={"max_output_tokens": 500})
    ahead = when_full(small, 300, many, ledger(), 1.0)
    assert ahead.full_at == 1_900
    assert ahead.leave_before is not None
    assert many[ahead.leave_before].message.role == "user"
    assert 2 <= ahead.leave_before <= 8
    assert when_full(small, 300, many[:1], ledger(), 1.0).leave_before is None
