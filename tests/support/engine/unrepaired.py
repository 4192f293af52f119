"""How replies were read before there were repairs: calls as the server passed them on, text as it stands."""

import json

from app.engine.repairs.policy import Circumstances, Reading
from app.engine.repairs.reprompt import reprompt_for
from app.engine.reply import Call, Reply


def read_plainly(reply: Reply, around: Circumstances) -> Reading:
    """For figures only: what becomes of the same replies without any repair."""
    known = {tool.name for tool in around.tools}
    calls: list[Call] = []
    for call in reply.calls:
        try:
            fine = isinstance(json.loads(call.arguments), dict) and call.name in known and reply.finish != "length"
        except ValueError:
            fine = False
        arguments = call.arguments if fine else "{}"
        name, problem = (call.name, "") if fine else ("unnamed", "Broken call.")
        calls.append(Call(tool_call_id=call.tool_call_id, name=name, arguments=arguments, problem=problem))
    if calls or reply.text.strip():
        return Reading(reply.text, reply.reasoning, tuple(calls), cut=reply.finish == "length" and not calls)
    return Reading(reprompt=reprompt_for("empty", around.bad_replies))
