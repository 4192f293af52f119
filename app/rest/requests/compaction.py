"""Compacting a window on request, for the routes of agents and of conversations."""

from app.domain.compaction import LEAST_CHARS, MOST_CHARS, CompactionSettings
from app.domain.json_value import JsonObject, object_of
from app.rest.call import AnyCall
from app.rest.errors import Misshapen, NotYet
from app.rest.wire.base import API
from app.rest.wire.compaction import CompactionRequest, CompactionResponse, compacted_to_wire


async def compacted(call: AnyCall, conversation_id: str, body: CompactionRequest | None) -> CompactionResponse:
    """Compacts, with the agent's settings or those of the body. Nothing to compact is a bad request."""
    asked = body.compaction_settings if body is not None else None
    settings = None if asked is None else compaction_settings(asked)
    return compacted_to_wire(await call.services.compaction.now(conversation_id, settings, origin=API))


def compaction_settings(asked: JsonObject) -> CompactionSettings:
    """The settings of a body. What would be taken and do nothing is refused: raises `Misshapen`, `NotYet`."""
    mode, kinds = asked.get("mode"), {"model": str, "prompt": str}
    if isinstance(mode, str) and mode.startswith("self_compact_"):
        raise NotYet("Agents that sum up in their own conversation are not part of this version of Lares.")
    if mode not in (None, "all", "sliding_window"):
        raise Misshapen("compaction_settings.mode can be all or sliding_window.")
    for name, kind in kinds.items():
        if asked.get(name) is not None and not isinstance(asked[name], kind):
            raise Misshapen(f"compaction_settings.{name} must be a text.")
    settings = CompactionSettings.of(asked)
    _check_model(asked, settings)
    if asked.get("clip_chars") not in (None, settings.most_chars) or isinstance(asked.get("clip_chars"), bool):
        raise Misshapen(f"compaction_settings.clip_chars must be a number from {LEAST_CHARS} to {MOST_CHARS:,}.")
    share = asked.get("sliding_window_percentage")
    if share not in (None, settings.leave_share) or isinstance(share, bool):
        raise Misshapen("compaction_settings.sliding_window_percentage must be above 0 and at most 1.")
    return settings


def _check_model(asked: JsonObject, settings: CompactionSettings) -> None:
    acknowledged, given = asked.get("prompt_acknowledgement"), asked.get("model_settings")
    if not isinstance(acknowledged, bool | None):
        raise Misshapen("compaction_settings.prompt_acknowledgement must be true or false.")
    of_model = object_of(given)
    other = sorted(of_model.keys() - {"temperature", "max_output_tokens", "provider_type"})
    if (given is not None and not isinstance(given, dict)) or other:
        raise Misshapen(
            "compaction_settings.model_settings can have temperature and max_output_tokens"
            + (f"; {', '.join(other)} would do nothing." if other else ".")
        )
    if of_model.get("temperature") not in (None, settings.temperature):
        raise Misshapen("compaction_settings.model_settings.temperature must be a number from 0 to 2.")
    if of_model.get("max_output_tokens") not in (None, settings.most_tokens):
        raise Misshapen("compaction_settings.model_settings.max_output_tokens must be a whole number above 0.")
