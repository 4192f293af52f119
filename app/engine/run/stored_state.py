"""Reads the state of a run as it was stored, by this version or by an earlier one."""

import json
from typing import Any, cast

from app.engine.state import SCHEMA_VERSION, RunState

RENAMED = {"slips": "bad_replies", "trouble": "last_problem", "again": "reprompt"}
"""Fields of version 2 (Lares 0.1.0) and what they are called since."""


def read_state(text: str) -> RunState | None:
    """The state; None when it is of an unknown version or cannot be read."""
    try:
        found: Any = json.loads(text)
        if not isinstance(found, dict):
            return None
        return _of_fields(cast("dict[str, Any]", found))
    except (ValueError, KeyError, TypeError):
        return None


def _of_fields(fields: dict[str, Any]) -> RunState | None:
    match fields.get("schema_version"):
        case 2:
            return RunState.model_validate(_from_3(_from_2(fields)))
        case 3:
            return RunState.model_validate(_from_3(fields))
        case version if version == SCHEMA_VERSION:
            return RunState.model_validate(fields)
        case _:
            return None


def _from_2(old: dict[str, Any]) -> dict[str, Any]:
    """Version 2 held the calls in the intent too, and an end that was decided already beside its intent."""
    state = {RENAMED.get(name, name): value for name, value in old.items() if name != "end"}
    intent: dict[str, Any] | None = state.get("intent")
    if intent is not None and intent["kind"] == "call_model":
        state["intent"] = {RENAMED.get(name, name): value for name, value in intent.items()}
    elif intent is not None and intent["kind"] == "run_tools":
        state["calls"] = calls = intent["calls"]
        kept = {name: value for name, value in intent.items() if name != "calls"}
        state["intent"] = {**kept, "call_ids": [call["tool_call_id"] for call in calls]}
    return {**state, "schema_version": 3}


def _from_3(old: dict[str, Any]) -> dict[str, Any]:
    """Version 3 made room without a summary."""
    room, intent = old.get("room"), old.get("intent")
    state = {name: value for name, value in old.items() if name != "room"}
    if room is not None:
        state["leave_before"] = room["leave_before"]
    if intent is not None and intent["kind"] == "make_room":
        ids = {"step_id": "", "message_id": ""}  # `recover` gives it fresh ones
        state["intent"] = {"kind": "compact", **ids, "leave_before": intent["leave_before"]}
    return {**state, "schema_version": 4}
