"""How replies were read before there were repairs: calls as the server passed them on, text as it stands."""

import json

from app.engine.repairs.again import ask_again
from app.engine.repairs.policy import Circumstances, Heard, ReadCall, Reading


def read_plainly(heard: Heard, around: Circumstances) -> Reading:
    """For figures only: what becomes of the same replies without any repair."""
    known = {tool.name for tool in around.tools}
    calls: list[ReadCall] = []
    for call in heard.calls:
        try:
            fine = isinstance(json.loads(call.arguments), dict) and call.name in known and heard.finish != "length"
        except ValueError:
            fine = False
        arguments = call.arguments if fine else "{}"
        calls.append(ReadCall(call.tool_call_id, "unnamed", arguments, "" if fine else "Broken call."))
        if fine:
            calls[-1] = ReadCall(call.tool_call_id, call.name, arguments)
    if calls or heard.text.strip():
        return Reading(heard.text, heard.reasoning, tuple(calls), cut=heard.finish == "length" and not calls)
    return Reading(again=ask_again("empty", around.bad_replies))
