"""From a starter and a model to the agent that is to be made: pure."""

from collections.abc import Sequence

from pydantic import ValidationError

from app.domain.agent import AgentDraft, AgentPatch
from app.domain.block import BlockDraft
from app.domain.starter import Starter
from app.ui.state.model_entries import ModelsKnown

USUAL_WINDOW = 16_384
TAKEN = ("context_window", "settings", "max_steps", "tool_names")
"""What a fit test may say about a new agent."""


def starter_draft(
    name: str, handle: str, known: ModelsKnown, starter: Starter | None, blocks: Sequence[BlockDraft] | None = None
) -> AgentDraft:
    """`blocks`: as a person has changed them; None: those of the starter."""
    draft = AgentDraft(
        name=name,
        model=handle,
        description=starter.description if starter is not None else "",
        system=starter.system if starter is not None else None,
        tool_names=starter.tool_names if starter is not None else None,
        blocks=tuple(blocks if blocks is not None else (starter.blocks if starter is not None else ())),
        context_window=window_for(handle, known),
    )
    patch = _tested(handle, known)
    found = {field: value for field, value in patch if field in TAKEN and value is not None}
    return draft.model_copy(update=found)


def window_for(handle: str, known: ModelsKnown) -> int:
    """As many tokens as this model serves well on this computer."""
    advice, model = known.advice(handle), known.model(handle)
    wanted = advice.context_window if advice is not None else USUAL_WINDOW
    limits = (model.context_window, model.trained_context) if model is not None else ()
    return min([wanted, *(limit for limit in limits if limit)])


def _tested(handle: str, known: ModelsKnown) -> AgentPatch:
    report = known.report(handle)
    try:
        return AgentPatch.model_validate(report.settings if report is not None else {})
    except ValidationError:
        # A report of another version; the defaults serve as well.
        return AgentPatch()
