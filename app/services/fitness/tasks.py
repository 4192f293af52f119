"""The tasks of the fit test: what is asked of a model and how its doing is judged. Small, and always the same."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.block import BlockDraft
from app.domain.fitness import FitTask, FitTaskName, Verdict
from app.services.fitness.trial import Outcome

USABLE_SPEED = 5.0
"""Tokens per second: about as fast as people read."""
QUICK = 15.0
"""Below this a model that thinks before it answers is no pleasure: it is told not to."""
FLOOR = 8192
"""Tokens of context below which instructions, memory and tools leave no room for a conversation."""
OF = 7

INSTRUCTIONS = (
    "You are an agent with a memory of your own. Memory blocks are always in your context. When the person tells you "
    "something lasting, write it into the fitting block with memory_insert. When something you remember is wrong or "
    "out of date, correct it with memory_replace: quote the old text exactly as it stands in the block, and nothing "
    "else. Do not use tools when there is nothing to remember. Then answer in one short sentence of plain text."
)
HUMAN = "Name: Chad.\nLikes tea."
PLANS = "Trip to Rome in May."
_OUT_OF_FORM = {"call_in_text", "call_in_thinking", "arguments", "name", "types", "cut_call", "stray_call"}


@dataclass(frozen=True)
class Ask:
    """One task that is a message to an agent."""

    name: FitTaskName
    text: str
    judge: Callable[[Outcome], tuple[bool, str]]
    as_json: bool = False
    with_tools: bool = True
    blocks: tuple[BlockDraft, ...] = (
        BlockDraft(label="human", value=HUMAN, limit=2000, description="What I know about the person."),
        BlockDraft(label="plans", value=PLANS, limit=2000, description="What the person plans."),
    )


def task(ask: Ask, outcome: Outcome) -> FitTask:
    """How a task went."""
    if outcome.timed_out:
        return FitTask(name=ask.name, passed=False, sentence="It did not finish in time.")
    passed, sentence = ask.judge(outcome)
    return FitTask(name=ask.name, passed=passed, sentence=sentence)


def _tool_call(outcome: Outcome) -> tuple[bool, str]:
    if not outcome.called:
        return False, "It did not call a tool when it had to write something down."
    if "tuesday" not in outcome.blocks.get("plans", "").lower():
        return False, "It called a tool, but did not write down what it was told."
    if repaired := sorted(outcome.repaired & _OUT_OF_FORM):
        return False, f"Its tool call had to be repaired ({', '.join(one.replace('_', ' ') for one in repaired)})."
    return True, "It called the right tool in the right form."


def _json(outcome: Outcome) -> tuple[bool, str]:
    if "tuesday" in outcome.blocks.get("plans", "").lower():
        return True, "It calls tools as JSON where the server enforces it."
    return False, "It did not stick to JSON when asked to."


def _edit(outcome: Outcome) -> tuple[bool, str]:
    value = outcome.blocks.get("human", "")
    if value.strip() == "Name: Brad.\nLikes tea.":
        return True, "It corrected one word of its memory and left the rest as it was."
    if value == HUMAN:
        return False, "It was told about a mistake in its memory and did not correct it."
    return False, "It changed more of its memory than it was told to."


def _two_steps(outcome: Outcome) -> tuple[bool, str]:
    human, plans = outcome.blocks.get("human", "").lower(), outcome.blocks.get("plans", "").lower()
    done = ("coffee" in human) + ("oslo" in plans)
    if done == 2 and outcome.run.stop_reason == "end_turn":
        return True, "It made two changes one after the other and then answered."
    if done == 2:
        return False, "It made two changes, but did not finish by itself."
    return False, "It made only one of the two changes." if done else "It made neither of the two changes."


def _restraint(outcome: Outcome) -> tuple[bool, str]:
    changed = outcome.blocks != {"human": HUMAN, "plans": PLANS}
    if changed or any(name.startswith(("memory", "core_memory")) for name in outcome.called):
        return False, "It wrote to its memory although there was nothing to remember."
    if outcome.called:
        return False, "It called a tool although there was nothing to look up."
    if "5" in outcome.text or "five" in outcome.text.lower():
        return True, "It answered a plain question without touching its memory."
    return False, "It did not answer a plain question."


def spoke(outcome: Outcome) -> tuple[bool, str]:
    return bool(outcome.text), "It wrote." if outcome.text else "It wrote nothing."


SPEED = Ask("speed", "Count from one to twenty in words, separated by commas. No tools.", spoke, with_tools=False)
TOOL_CALL = Ask("tool call", "Please remember in your plans: the dentist is on Tuesday.", _tool_call)
AS_JSON = Ask("json", "Please remember in your plans: the dentist is on Tuesday.", _json, as_json=True)
EDIT = Ask("memory edit", "By the way, my name is Brad, not Chad. Please correct that.", _edit)
TWO_STEPS = Ask(
    "two steps",
    "Two things have changed: I like coffee now and not tea, and the trip goes to Oslo and not to Rome. "
    "Please correct both in your memory.",
    _two_steps,
)
RESTRAINT = Ask("restraint", "What is two plus three? Just the number.", _restraint)


def speed_of(outcome: Outcome, count: Callable[[str], int]) -> float | None:
    """Tokens per second while it wrote; None where it wrote too little to tell."""
    step = next((one for one in reversed(outcome.steps) if one.first_token_at and one.completed_at), None)
    if step is None or step.first_token_at is None or step.completed_at is None:
        return None
    tokens = step.usage.completion_tokens or count(outcome.text)
    seconds = (step.completed_at - step.first_token_at) / 1_000_000
    return (tokens - 1) / seconds if tokens > 5 and seconds > 0 else None


def speed_task(outcome: Outcome, speed: float | None, usable: float) -> FitTask:
    if speed is None:
        return FitTask(name="speed", passed=False, sentence="It wrote too little to measure how fast it is.")
    if outcome.timed_out or speed < usable:
        return FitTask(
            name="speed", passed=False, sentence=f"It writes {speed:.1f} tokens a second: slower than people read."
        )
    return FitTask(name="speed", passed=True, sentence=f"It writes {speed:.0f} tokens a second.")


def context_task(served: int | None, *, cut: bool) -> FitTask:
    if cut:
        return FitTask(name="context", passed=False, sentence="Its server cut a longer request without saying so.")
    if served is None:
        return FitTask(name="context", passed=True, sentence="It read a longer request to the end.")
    if served < FLOOR:
        words = f"Its server gives it {served:,} tokens of context; an agent needs {FLOOR:,}."
        return FitTask(name="context", passed=False, sentence=words)
    return FitTask(name="context", passed=True, sentence=f"Its server gives it {served:,} tokens of context.")


def verdict_of(tasks: tuple[FitTask, ...]) -> tuple[Verdict, str]:
    """What the tasks mean together, and the same as a sentence."""
    passed = {one.name for one in tasks if one.passed}
    if not passed & {"tool call", "json"}:
        return "unfit", "It cannot keep a memory: it does not write down what it is told."
    if "memory edit" not in passed:
        return "unfit", "It cannot keep a memory: it does not correct what it is told is wrong."
    missing = [one for one in tasks if not one.passed]
    matters = [one for one in missing if one.name not in ("json", "restraint")]
    if not matters and len(missing) < 2:
        return "good", "It keeps a memory well."
    return "weak", f"It can keep a memory, but it has weaknesses. {missing[0].sentence}"
