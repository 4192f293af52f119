"""The agent that `lares chat` begins with where there is none: a companion on a model of this computer."""

from collections.abc import Container

from app.domain.address import is_here
from app.domain.agent import AgentDraft
from app.domain.model import Model, ProviderModels, RecommendedModel
from app.domain.starter import Starter

USUAL_WINDOW = 16_384
"""Tokens, as in the window; less where the model serves less."""


def model_of_this_computer(
    offers: tuple[ProviderModels, ...], recommended: tuple[RecommendedModel, ...], slow: Container[str]
) -> Model | None:
    """The one that fits best, else one that is loaded, else the first. Never one that leaves this computer.

    `slow`: handles of what is too slow here, which come last.
    """
    usable = [
        model
        for offer in offers
        if offer.provider.kind != "demo" and is_here(offer.provider.base_url)
        for model in offer.models
        if not model.unfit and not model.embedding and not model.cloud and model.tools is not False
    ]
    best = {row.handle for row in recommended if row.best and row.installed}
    ranked = sorted(
        usable, key=lambda model: (model.handle not in best, model.handle in slow, model.loaded is not True)
    )
    return ranked[0] if ranked else None


def first_draft(handle: str, model: Model | None, starter: Starter, name: str = "") -> AgentDraft:
    """`model`: what is known of it; None: its server does not answer at the moment."""
    limits = (model.context_window, model.trained_context) if model is not None else ()
    return AgentDraft(
        name=name or starter.name,
        description=starter.description,
        model=handle,
        system=starter.system,
        blocks=starter.blocks,
        tool_names=starter.tool_names,
        context_window=min([USUAL_WINDOW, *(limit for limit in limits if limit)]),
    )
