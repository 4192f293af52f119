"""Agents, with their blocks and tools read beside them."""

from functools import lru_cache

from app.adapters.database.mapping.values import EDITED, Values, from_json, same, to_json
from app.adapters.database.prepared import Row
from app.domain.agent import Agent, AgentExtras, ModelSettings

_AGENT = ("id", "name", "description", "agent_type", "system", "model", "context_window", "max_steps")
_AGENT_FLAGS = ("message_buffer_autoclear", "pinned", "hidden")


def agent_values(agent: Agent) -> Values:
    return {
        **{name: getattr(agent, name) for name in (*_AGENT, *_AGENT_FLAGS, *EDITED)},
        "tags": to_json(agent.tags),
        "settings": agent.settings.model_dump_json(),
        "metadata": to_json(agent.metadata),
        "extras": agent.extras.model_dump_json(exclude_defaults=True),
    }


def agent_of(row: Row, block_ids: tuple[str, ...], tool_names: tuple[str, ...]) -> Agent:
    return Agent.model_construct(
        **same(row, *_AGENT, *_AGENT_FLAGS, *EDITED),
        tags=tuple(from_json(row["tags"])),
        settings=_settings(row["settings"]),
        metadata=from_json(row["metadata"]),
        extras=_extras(row["extras"]),
        block_ids=block_ids,
        tool_names=tool_names,
    )


@lru_cache(256)
def _settings(text: str) -> ModelSettings:
    return ModelSettings.model_validate_json(text)


_NO_EXTRAS = AgentExtras()


def _extras(text: str) -> AgentExtras:
    return _NO_EXTRAS if text == "{}" else AgentExtras.model_validate_json(text)
