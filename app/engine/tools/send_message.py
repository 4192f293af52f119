"""Pure: a call of `send_message` is what the agent says to the person, so it becomes the words of the reply.

Agents made for the first generation of the Letta API speak by this tool only, and their turn ends with it.
"""

import re

from app.engine.repairs.constrained import SayReader
from app.engine.reply import Call, RawCall

SEND_MESSAGE = "send_message"
"""The tool's name in the Letta API."""
OPENING = re.compile(r'\s*\{\s*"message"\s*:\s*"')
"""Where the words begin in arguments that are still being written."""


def spoken(text: str, calls: tuple[Call, ...]) -> tuple[str, tuple[Call, ...], bool]:
    """Words of a reply, the calls that remain beside them, and whether the agent spoke by the tool."""
    said = tuple(call for call in calls if call.name == SEND_MESSAGE and not call.problem)
    if not said:
        return text, calls, False
    words = (text, *(str(call.parsed.get("message", "")) for call in said))
    rest = tuple(call for call in calls if call not in said)
    return "\n\n".join(one for one in words if one.strip()), rest, True


def half_spoken(calls: tuple[RawCall, ...]) -> str:
    """What a reply that broke off had said by the tool so far."""
    words = (SayReader(OPENING).feed(call.arguments) for call in calls if call.name == SEND_MESSAGE)
    return "\n\n".join(one for one in words if one)
