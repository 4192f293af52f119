"""Tool rules: each kind by itself, and random rule sets against random models, checked by a second reading of them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain.agent import AgentExtras
from app.domain.approval import Answer
from app.domain.rule_faults import rule_faults
from app.domain.tool_rule import (
    RULES,
    ChildTools,
    Conditional,
    ExitLoop,
    MaxCount,
    ParentTool,
    RequiredBeforeExit,
    RequiresApproval,
    Rules,
    RunFirst,
)
from app.engine.reply import Call, RawCall, Reply
from app.engine.run.apply import apply
from app.engine.run.approvals import answered, going_on, still_open
from app.engine.run.decide import FreshIds, decided
from app.engine.run.perform import sort_out
from app.engine.run.policy import Policy
from app.engine.run.rules import Made, Turn, judge
from app.engine.state import CallModel, Exchange, Finish, ModelReplied, Outcome, RunState, RunTools, ToolsReturned
from tests.support.values.samples import NOON, returned, tool

NAMES = ("a", "b", "c", "d", "e")
OUTPUTS = ("yes", "no", "7")
STEPS = 12
PLAYS = 250
EXCHANGE = Exchange(model="demo/vesta", sent_at=NOON, ended_at=NOON + 5)
TOOLS = {name: tool(name, tool_type="custom", idempotent=True) for name in NAMES}


def rules(*given: dict[str, Any]) -> Rules:
    return RULES.validate_python(given)


def random_rules(dice: random.Random) -> Rules:
    """Any set at all, also one that contradicts itself: it may have been stored before its tools changed."""
    made: list[dict[str, Any]] = []
    for _ in range(dice.randint(1, 6)):
        name, others = dice.choice(NAMES), dice.sample(NAMES, dice.randint(1, 3))
        kind = dice.choice(("run_first", "exit_loop", "continue_loop", "required_before_exit", "requires_approval"))
        rule: dict[str, Any] = {"type": kind, "tool_name": name}
        match dice.randint(0, 7):
            case 0:
                rule |= {"type": "constrain_child_tools", "children": others}
            case 1:
                rule |= {"type": "parent_last_tool", "children": others}
            case 2:
                rule |= {"type": "max_count_per_step", "max_count_limit": dice.randint(1, 3)}
            case 3:
                mapping = {dice.choice(OUTPUTS): dice.choice(NAMES) for _ in range(2)}
                strict, default = dice.choice((True, False)), dice.choice((None, name))
                rule |= {"type": "conditional", "child_output_mapping": mapping}
                rule |= {"require_output_mapping": strict, "default_child": default}
            case _:
                pass
        made.append(rule)
    return rules(*made)


@dataclass
class Play:
    """A turn of a model that does anything, of a person who answers anything, and what was carried out of it."""

    dice: random.Random
    policy: Policy
    executed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Name and output."""
    approved: set[str] = field(default_factory=set[str])
    denied: set[str] = field(default_factory=set[str])
    steps: int = 0
    number: int = 0

    def run(self) -> Finish:
        state = decided(self._blank(), self.policy, self._fresh())
        for _ in range(10 * STEPS):
            if isinstance(state.intent, Finish):
                if state.intent.stop_reason != "requires_approval" or self.steps > 2 * STEPS:
                    return state.intent
                state = self._answer(state)
                continue
            assert state.intent is not None
            applied = apply(state, self._perform(state), NOON)
            state = decided(applied.state, self.policy, self._fresh())
        raise AssertionError("a run without an end")

    def _blank(self) -> RunState:
        return RunState(run_id="r", agent_id="a", conversation_id="c")

    def _fresh(self) -> FreshIds:
        self.number += 1
        return FreshIds(f"step-{self.number}", f"message-{self.number:08}")

    def _perform(self, state: RunState) -> Outcome:
        match state.intent:
            case CallModel():
                self.steps += 1
                return self._reply(state)
            case RunTools() as action:
                returns, to_run = sort_out(state.calls_of(action), TOOLS)
                for _, call in to_run:
                    assert call.status == ("approved" if call.name in self._asked else "requested")
                    text = self.dice.choice(OUTPUTS)
                    self.executed.append((call.name, text))
                    returns[call.tool_call_id] = returned(call.tool_call_id).model_copy(update={"text": text})
                return ToolsReturned(returns)
            case _:
                raise AssertionError(state.intent)

    @property
    def _asked(self) -> set[str]:
        return {rule.tool_name for rule in self.policy.rules if isinstance(rule, RequiresApproval)}

    def _reply(self, state: RunState) -> ModelReplied:
        """Anything: mostly calls, of any tool, allowed or not, several at once; at times words."""
        allowed = self.policy.turn(state).allowed
        offered = tuple(TOOLS.values()) if allowed else ()
        many = self.dice.choice((0, 1, 1, 2, 3))
        pool = allowed if allowed and self.dice.random() < 0.6 else NAMES
        calls = tuple(
            RawCall(f"call_{self.number}_{i}", self.dice.choice(pool), json.dumps({"n": self.dice.random()}))
            for i in range(many if offered else 0)
        )
        text = "" if calls else f"Words {self.dice.random()}."
        return ModelReplied(Reply(text=text, calls=calls, finish="stop"), EXCHANGE, offered)

    def _answer(self, state: RunState) -> RunState:
        while still_open(state):
            call = self.dice.choice(still_open(state))
            yes = self.dice.random() < 0.7
            (self.approved if yes else self.denied).add(call.tool_call_id)
            if not yes:
                self.denied.add(call.name)
            state = answered(state, (Answer(tool_call_id=call.tool_call_id, approve=yes),), tuple(TOOLS.values()))
        return decided(going_on(self._blank(), state, ()), self.policy, self._fresh())


def broken(given: Rules, executed: list[tuple[str, str]], denied: set[str]) -> Iterator[str]:
    """A second reading of the rules, over what was carried out: every call that was forbidden."""
    first = {rule.tool_name for rule in given if isinstance(rule, RunFirst)} - denied
    for i, (name, _) in enumerate(executed):
        before = executed[:i]
        last, output = before[-1] if before else (None, None)
        if not before and first and name not in first:
            yield f"{name} came first"
        for rule in given:
            counted = isinstance(rule, MaxCount) and rule.tool_name == name
            if counted and sum(other == name for other, _ in before) >= rule.max_count_limit:
                yield f"{name} was called too often"
            if not before and first:
                continue
            if isinstance(rule, ChildTools) and rule.tool_name == last and name not in rule.children:
                yield f"{name} followed {last}"
            if isinstance(rule, Conditional) and rule.tool_name == last:
                meant = rule.child_output_mapping.get(output or "", rule.default_child)
                if meant not in (None, name) or (meant is None and rule.require_output_mapping):
                    yield f"{name} followed {last} that returned {output}"
        parents = {rule.tool_name for rule in given if isinstance(rule, ParentTool) and name in rule.children}
        if parents and last not in parents and not (not before and first):
            yield f"{name} came without {parents}"


def test_no_model_gets_around_any_set_of_rules_and_no_set_makes_a_run_endless():
    ends: dict[str, int] = {}
    for seed in range(PLAYS):
        dice = random.Random(seed)
        given = random_rules(dice)
        play = Play(dice, Policy(max_steps=STEPS, rules=given, tools=NAMES))
        end = play.run()
        ends[end.stop_reason] = ends.get(end.stop_reason, 0) + 1
        assert not list(broken(given, play.executed, play.denied)), (seed, given, play.executed)
        if end.stop_reason in ("end_turn", "tool_rule"):
            done = {name for name, _ in play.executed} | play.denied
            required = {rule.tool_name for rule in given if isinstance(rule, RequiredBeforeExit)}
            assert required <= done, (seed, given, play.executed)
        if end.stop_reason == "tool_rule":
            assert {rule.tool_name for rule in given if isinstance(rule, ExitLoop)} & {n for n, _ in play.executed}
        if end.failure is not None:
            assert end.failure.message.endswith(".")
    assert {"end_turn", "tool_rule", "no_tool_call", "invalid_tool_call"} <= ends.keys(), ends


@pytest.mark.parametrize(
    ("given", "made", "allowed"),
    [
        ({"type": "run_first", "tool_name": "b"}, [], "b"),
        ({"type": "run_first", "tool_name": "b"}, ["b"], "abc"),
        ({"type": "constrain_child_tools", "tool_name": "a", "children": ["c"]}, ["a"], "c"),
        ({"type": "constrain_child_tools", "tool_name": "a", "children": ["c"]}, ["a", "c"], "abc"),
        ({"type": "parent_last_tool", "tool_name": "a", "children": ["c"]}, [], "ab"),
        ({"type": "parent_last_tool", "tool_name": "a", "children": ["c"]}, ["a"], "abc"),
        ({"type": "max_count_per_step", "tool_name": "a", "max_count_limit": 1}, ["a"], "bc"),
        ({"type": "continue_loop", "tool_name": "a"}, ["a"], "abc"),
        ({"type": "requires_approval", "tool_name": "a"}, [], "abc"),
        ({"type": "exit_loop", "tool_name": "a"}, [], "abc"),
    ],
)
def test_what_each_kind_allows(given: dict[str, Any], made: list[str], allowed: str):
    turn = Turn(rules(given), ("a", "b", "c"), tuple(Made(name=name) for name in made))
    assert "".join(turn.allowed) == allowed


def call(name: str, **fields: Any) -> Call:
    return Call.model_validate({"tool_call_id": name, "name": name, "arguments": "{}", **fields})


def turn(*given: dict[str, Any], made: tuple[Made, ...] = ()) -> Turn:
    return Turn(rules(*given), ("a", "b", "c"), made)


def test_a_return_decides_what_follows_and_must_be_waited_for():
    rule = {"type": "conditional", "tool_name": "a", "child_output_mapping": {"true": "b", "7": "c"}}
    after = lambda text: turn(rule, made=(Made(name="a", text=text),)).allowed  # noqa: E731
    assert (after("True"), after("7.0"), after("else")) == (("b",), ("c",), ("a", "b", "c"))
    strict = {**rule, "require_output_mapping": True}
    assert turn(strict, made=(Made(name="a", text="else"),)).allowed == ()
    first, second = judge((call("a"), call("b")), turn(rule))
    assert first.problem == ""
    assert "wait for that" in second.problem


def test_what_depends_on_a_call_that_was_refused_is_not_carried_out():
    given = {"type": "parent_last_tool", "tool_name": "a", "children": ["b"]}
    assert [one.problem for one in judge((call("a"), call("b")), turn(given))] == ["", ""]
    refused = call("a", status="denied", problem="The user refused this call.")
    assert "only right after a" in judge((refused, call("b", status="approved")), turn(given), asks=False)[1].problem


def test_rules_fix_arguments_whatever_the_model_wrote():
    first = {"type": "run_first", "tool_name": "a", "args": {"n": 1}}
    nodes = [{"name": "b", "args": {"n": 2}}]
    child = {"type": "constrain_child_tools", "tool_name": "a", "children": ["b"], "child_arg_nodes": nodes}
    judged = judge((call("a", arguments='{"n": 9, "m": 3}'), call("b")), turn(first, child))
    assert [one.parsed for one in judged] == [{"n": 1, "m": 3}, {"n": 2}]


def test_calls_that_are_asked_about_wait_and_only_once():
    asks = {"type": "requires_approval", "tool_name": "a"}
    waiting = judge((call("a"), call("b"), call("c")), turn(asks), ("c",))
    assert [one.status for one in waiting] == ["awaiting_approval", "requested", "awaiting_approval"]
    assert [one.status for one in judge((call("a"),), turn(asks), asks=False)] == ["requested"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"type": "run_first", "tool_name": "x"}], "“x”, which is not attached"),
        ([{"type": "requires_approval", "tool_name": "x"}], ""),
        ([{"type": "constrain_child_tools", "tool_name": "a", "children": []}], "names no tool"),
        ([{"type": "conditional", "tool_name": "a", "child_output_mapping": {}}], "names no return"),
        ([{"type": "max_count_per_step", "tool_name": "a", "max_count_limit": 0}], "at least 1"),
        (
            [
                {"type": "run_first", "tool_name": "a"},
                {"type": "parent_last_tool", "tool_name": "b", "children": ["a"]},
            ],
            "“a” must be called first, but may only be called after “b”",
        ),
        ([{"type": "exit_loop", "tool_name": "a"}, {"type": "continue_loop", "tool_name": "a"}], "both end the turn"),
        (
            [
                {"type": "exit_loop", "tool_name": "a"},
                {"type": "constrain_child_tools", "tool_name": "a", "children": ["b"]},
            ],
            "no other tool can follow",
        ),
        (
            [
                {"type": "run_first", "tool_name": "a"},
                {"type": "constrain_child_tools", "tool_name": "a", "children": ["b"]},
                {"type": "constrain_child_tools", "tool_name": "b", "children": ["a"]},
                {"type": "required_before_exit", "tool_name": "c"},
            ],
            "the rules never let it be called",
        ),
        (
            [
                {"type": "run_first", "tool_name": "a"},
                {"type": "constrain_child_tools", "tool_name": "a", "children": ["b"]},
                {"type": "required_before_exit", "tool_name": "b"},
            ],
            "",
        ),
    ],
)
def test_contradictions_are_named(given: list[dict[str, Any]], words: str):
    faults = rule_faults(rules(*given), ("a", "b", "c"))
    assert words in " ".join(fault.text for fault in faults) if words else not faults


def test_rules_that_an_earlier_version_kept_as_they_came_are_read():
    kept = '{"tool_rules": [{"type": "exit_loop", "tool_name": "send_message", "args": null, "note": "x"}]}'
    assert AgentExtras.model_validate_json(kept).tool_rules == rules({"type": "exit_loop", "tool_name": "send_message"})
