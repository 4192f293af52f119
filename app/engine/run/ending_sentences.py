"""The sentences that a run ends with when it did not end by an answer: what happened, what is kept, what to do.

What the model's server says of itself is not here: errors bring their own sentence (`app.domain.error`).
"""

from app.domain.run import Failure, StopReason
from app.engine.repairs.policy import MOST_REPAIRS
from app.engine.repairs.reprompt import Reason

TIMES = MOST_REPAIRS + 1
"""The first try, and those after it."""

_OTHER_MODEL = "Try again, or choose a model that handles tools better."
_SENTENCES: dict[Reason, tuple[StopReason, Failure]] = {
    "broken": (
        "invalid_tool_call",
        Failure(
            code="invalid_tool_call",
            message=f"The model sent a broken tool call {TIMES} times, so the run ended. They changed nothing.",
            hint=_OTHER_MODEL,
        ),
    ),
    "refused": (
        "invalid_tool_call",
        Failure(
            code="invalid_tool_call",
            message=f"The model asked {TIMES} times in a row for changes that its memory refused, so the run ended. "
            "They changed nothing.",
            hint=_OTHER_MODEL,
        ),
    ),
    "cut": (
        "invalid_tool_call",
        Failure(
            code="cut_call",
            message=f"The model wrote past its output limit before a tool call was complete, {TIMES} times, so the run "
            "ended. The calls changed nothing.",
            hint="Raise the output limit of this agent, or ask for less at once.",
        ),
    ),
    "empty": (
        "invalid_llm_response",
        Failure(
            code="empty_reply",
            message=f"The model answered with nothing {TIMES} times, so the run ended. Your message is kept.",
            hint="Try again, or choose another model.",
        ),
    ),
    "vanished": (
        "invalid_llm_response",
        Failure(
            code="empty_reply",
            message=f"The model's tool calls were lost on its server {TIMES} times, so the run ended. "
            "They changed nothing.",
            hint=_OTHER_MODEL,
        ),
    ),
    "thinking": (
        "invalid_llm_response",
        Failure(
            code="only_thinking",
            message=f"The model kept thinking and gave no answer {TIMES} times, so the run ended. "
            "Your message is kept.",
            hint="Switch thinking off for this agent, or choose another model.",
        ),
    ),
    "repetition": (
        "invalid_llm_response",
        Failure(
            code="repetition",
            message=f"The model repeated itself without end {TIMES} times, so the run ended. Your message is kept.",
            hint="Raise the temperature of this agent a little, or choose another model.",
        ),
    ),
    "echo": (
        "invalid_llm_response",
        Failure(
            code="repetition",
            message=f"The model only repeated what was said before, {TIMES} times, so the run ended. "
            "Your message is kept.",
            hint="Ask in other words, raise the temperature of this agent a little, or choose another model.",
        ),
    ),
    "stray": (
        "invalid_tool_call",
        Failure(
            code="invalid_tool_call",
            message=f"The model wrote a tool call into the middle of its words {TIMES} times, so the run ended. "
            "It changed nothing.",
            hint=_OTHER_MODEL,
        ),
    ),
    "ruled": (
        "invalid_tool_call",
        Failure(
            code="tool_rule",
            message=f"The model called tools {TIMES} times in a row that the rules of this agent do not allow at that "
            "point, so the run ended. None of these calls was carried out.",
            hint="Look at the agent's tool rules, or choose a model that follows instructions better.",
        ),
    ),
    "rule": (
        "no_tool_call",
        Failure(
            code="no_tool_call",
            message="The rules of this agent want a tool called before the end, and the model did not call it. What it "
            "wrote is kept.",
            hint="Look at the agent's tool rules, or choose a model that follows instructions better.",
        ),
    ),
    "loop": (
        "invalid_tool_call",
        Failure(
            code="repeated_call",
            message="The model made the same tool call again and again instead of answering, so the run ended. "
            "What it did before is kept.",
            hint="Ask again in other words, or choose another model.",
        ),
    ),
    "rounds": (
        "max_steps",
        Failure(
            code="max_steps",
            message="The agent used all its steps without an answer. What it did so far is kept.",
            hint="Send a message to let it continue, or raise its step limit.",
        ),
    ),
}


def ending(reason: Reason) -> tuple[StopReason, Failure]:
    """How a run ends whose model could not be helped."""
    return _SENTENCES[reason]


def never_called(name: str) -> Failure:
    """The model answered, and did not call what its rules want called first."""
    _, failure = _SENTENCES["rule"]
    return failure.model_copy(update={"message": failure.message.replace("want a tool", f"want the tool “{name}”")})


CUT = Failure(
    code="max_tokens_exceeded",
    message="The reply grew longer than its limit and was cut. What was written is kept.",
    hint="Raise the output limit of this agent, or ask it to continue.",
)
STOPPED_THE_ENGINE_TWICE = Failure(
    code="interrupted",
    message="The engine stopped twice during this run, so it was not resumed. What it did until then is kept.",
    hint="Try again, or choose another model first.",
)
END_NOT_SAVED = Failure(
    code="interrupted",
    message="The end of this run could not be saved. What it did until then is kept.",
    hint="Try again to continue.",
)
UNEXPECTED = Failure(
    code="internal",
    message="Something went wrong in Lares during this run. What was stored before is kept.",
    hint="Try again. The log has the details.",
)


def all_steps_used(steps: int) -> Failure:
    """The step limit was reached."""
    return Failure(
        code="max_steps",
        message=f"The agent used all {steps} steps without finishing. What it did so far is kept.",
        hint="Send a message to let it continue, or raise its step limit.",
    )


def closed_meanwhile(why: str = "") -> Failure:
    """Lares was closed, or died, during the run. `why`: one more sentence."""
    sentence = "Lares was closed during this run, so it did not finish. What it did until then is kept."
    return Failure(code="interrupted", message=f"{sentence} {why}".strip(), hint="Try again to continue.")
