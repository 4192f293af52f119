"""How a model is asked again: what differs from the first request. Stored with the action, so it survives a crash."""

from typing import Literal

from app.domain.base import Frozen

Reason = Literal[
    "empty",
    "vanished",
    "thinking",
    "cut",
    "repetition",
    "stray",
    "loop",
    "rounds",
    "broken",
    "refused",
    "echo",
    "ruled",
    "rule",
]
"""Why a reply was no use. `broken`: a call that could not run; `refused`: calls that the memory, or what is known of
earlier ones, said no to, and no other beside them. Of both the model is told by the return instead.

`vanished`: the server counted words and passed none on, as Ollama does with a call that it cannot read.
`echo`: words of the prompt, or of the reply before, and no others.
`rounds`: nothing is wrong yet, but the run has one step left.
`ruled`: calls that the agent's rules forbid at this point; the model is told by the return. `rule`: it answered before
a call that its rules want.
"""


class Reprompt(Frozen):
    """What the next request changes for once. The history knows nothing of it."""

    reason: Reason
    nudge: str = ""
    """Words added to the newest message."""
    warmer: float = 0.0
    """Added to the temperature."""
    longer: int = 1
    """The output limit times this."""
    without_thinking: bool = False
    without_tools: bool = False
    as_json: bool = False
    """Tools are told and called as JSON, which the server enforces."""


TOLD: dict[Reason, str] = {
    "empty": "The model answered with nothing; asking it again.",
    "vanished": "The model's tool call was lost on its server; asking it again.",
    "thinking": "The model only thought and said nothing; asking it again without thinking.",
    "cut": "The model's tool call was cut off; asking it again with more room.",
    "repetition": "The model repeated itself; asking it again.",
    "echo": "The model only repeated what was said before; asking it again.",
    "stray": "The model wrote a tool call into the middle of its words; asking it again.",
    "loop": "The model keeps making the same tool call; asking it for an answer.",
    "rounds": "This is the run's last step; asking the model for an answer.",
    "rule": "The agent's rules want a tool called before the end; asking the model for it.",
}
"""What the status line says meanwhile."""

ANSWER_OR_CALL = "Answer or call one tool."
ANSWER_NOW = "You have what you need. Answer the user now, in plain words."
SHORTER = "Your tool call was cut off. Use shorter arguments."
NEW_WORDS = "You only repeated what was said before. Answer the newest message in words of your own."
LAST = "Put the tool call at the very end of your message, with nothing after it."


def reprompt_to_call(name: str) -> Reprompt:
    """Asks for a call without which the turn may not end."""
    return Reprompt(reason="rule", nudge=f"You are not done yet: call the tool {name} now.")


def reprompt_for(reason: Reason, bad_replies: int) -> Reprompt:
    """The settings of the next try after `bad_replies` earlier ones in a row failed."""
    match reason:
        case "empty":
            return Reprompt(reason=reason, nudge=ANSWER_OR_CALL if bad_replies else "")
        case "vanished":
            return Reprompt(reason=reason, as_json=bool(bad_replies))
        case "thinking":
            return Reprompt(reason=reason, nudge=ANSWER_OR_CALL if bad_replies else "", without_thinking=True)
        case "cut":
            return Reprompt(
                reason=reason, nudge=SHORTER, longer=2 * (bad_replies + 1), without_thinking=bool(bad_replies)
            )
        case "repetition":
            return Reprompt(reason=reason, warmer=round(0.2 * (bad_replies + 1), 1))
        case "echo":
            return Reprompt(reason=reason, nudge=NEW_WORDS, warmer=round(0.2 * (bad_replies + 1), 1))
        case "loop" | "rounds":
            return Reprompt(reason=reason, nudge=ANSWER_NOW, without_tools=True)
        case "stray":
            return Reprompt(reason=reason, nudge=LAST)
        case "broken" | "refused" | "ruled" | "rule":
            return Reprompt(reason=reason)
