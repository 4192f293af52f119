"""Who changed something, in words and with an icon in a colour of its own."""

from PySide6.QtCore import QCoreApplication

from app.domain.history import Actor, ActorKind

AGENTS: frozenset[ActorKind] = frozenset(("agent", "sleep-time", "helper"))
"""Actors whose name alone says who they are."""

ACTOR_LOOK: dict[ActorKind, tuple[str, str]] = {
    "agent": ("agent", "accent"),
    "user": ("user", "info"),
    "sleep-time": ("sleep", "plum"),
    "api": ("api", "teal"),
    "import": ("upload", "teal"),
    "helper": ("agent", "plum"),
    "mcp": ("plug", "teal"),
    "schedule": ("clock", "plum"),
    "rescue": ("shield", "info"),
}
"""Icon and colour token of each kind of actor, in the order of filters."""


def tr(text: str) -> str:
    return QCoreApplication.translate("changes", text)


def actor_words(actor: Actor, agent_name: str) -> str:
    """Who it is, at the beginning of a line. `agent_name`: of the open agent, for changes that name nobody."""
    kinds: dict[ActorKind, str] = {
        "user": tr("You"),
        "agent": agent_name,
        "sleep-time": tr("Sleep-time agent"),
        "api": tr("API"),
        "import": tr("Import"),
        "helper": tr("Memory helper"),
        "mcp": tr("MCP client"),
        "schedule": tr("Schedule"),
        "rescue": "Lares",
    }
    if not actor.name or actor.kind == "user":
        return kinds[actor.kind]
    return actor.name if actor.kind in AGENTS else tr("{}: {}").format(kinds[actor.kind], actor.name)
