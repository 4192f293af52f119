"""Inside the process of a call: the client of the Letta V1 API that a tool finds as `client`, asked through the door.

It offers what a tool's pass allows: memory, messages, archive and the names of tools of the agent that calls it. The
engine decides that; here are only the names and the order of arguments that tools know, of both families of the client.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

OFFERED = "agents.retrieve, agents.blocks, agents.messages, agents.passages and agents.tools"
LABEL, PASSAGE, AGENT = "block_label", "passage_id", "agent_id"
Json = dict[str, Any]
Ask = Callable[[str, Json], Any]


class Row(dict[str, Any]):
    """A JSON object whose fields are attributes, too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class _Verbs:
    """Some calls of the client. A name that is none of them says so when it is called."""

    def __init__(self, ask: Ask, path: str, verbs: "Mapping[str, tuple[str, ...]]", **rooms: Any) -> None:
        self._ask = ask
        self._path = path
        self._verbs = verbs
        self.__dict__.update(rooms)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        verb, path = OTHER_NAMES.get(name, name), f"{self._path}.{name}" if self._path else name
        if verb not in self._verbs:
            return _Verbs(self._ask, path, {})

        def call(*placed: Any, **named: Any) -> Any:
            given = dict(zip(_order(self._verbs[verb], placed, named), placed, strict=False)) | named
            given.setdefault(AGENT, os.environ.get("LETTA_AGENT_ID"))
            return self._ask(f"{self._path.rpartition('.')[2]}.{verb}", given)

        return call

    def __call__(self, *placed: Any, **named: Any) -> Any:
        raise PermissionError(f"A tool's client offers {OFFERED}, not “{self._path}”.")


def _order(names: "tuple[str, ...]", placed: Sequence[Any], named: Json) -> Iterator[str]:
    """What arguments without names are: the newest client begins with what it is about, older ones with the agent."""
    first = str(placed[0]) if placed else ""
    if names[:1] != (AGENT,) and first.startswith("agent-") and AGENT not in named:
        yield AGENT
    yield from (name for name in names if name not in named)


OTHER_NAMES = {
    "modify": "update",
    "insert": "create",
    "remove": "delete",
    "retrieve_block": "retrieve",
    "modify_block": "update",
    "list_blocks": "list",
}
"""Of older clients."""


def client_of(door: Any) -> Any:
    """What a tool finds as `client`."""

    def ask(verb: str, arguments: Json) -> Any:
        return _asked(door, verb, arguments)

    blocks = _Verbs(ask, "agents.blocks", {"list": (AGENT,), "retrieve": (LABEL, AGENT), "update": (LABEL, AGENT)})
    messages = _Verbs(ask, "agents.messages", {"list": (AGENT,), "search": ("query", AGENT)})
    passages = {"list": (AGENT,), "search": (AGENT, "query"), "create": (AGENT, "text"), "delete": (PASSAGE, AGENT)}
    rooms: Json = {
        "blocks": blocks,
        "core_memory": blocks,
        "messages": messages,
        "passages": _Verbs(ask, "agents.passages", passages),
        "tools": _Verbs(ask, "agents.tools", {"list": (AGENT,)}),
    }
    agents = _Verbs(ask, "agents", {"retrieve": (AGENT,), "list": ()}, **rooms)
    return _Verbs(ask, "", {}, agents=agents)


def call_tool(door: Any, name: str, arguments: Json) -> Any:
    """A tool of the agent that calls. What it returns as JSON of objects and lists is read."""
    text = _asked(door, "tool", {"name": name, "arguments": arguments})
    if isinstance(text, str) and text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _asked(door: Any, verb: str, arguments: Json) -> Any:
    """Raises `PermissionError` for what the pass does not allow, `RuntimeError` for what went wrong."""
    sent = json.loads(json.dumps(arguments, default=str))
    reply = door.ask({"ask": "lares", "verb": verb, "arguments": sent})
    if "error" in reply:
        raise (PermissionError if reply.get("refused") else RuntimeError)(reply["error"])
    return _rows(reply.get("value"))


def _rows(value: Any) -> Any:
    if isinstance(value, dict):
        pairs: Json = value  # pyright: ignore[reportUnknownVariableType]
        return Row({name: _rows(one) for name, one in pairs.items()})
    if isinstance(value, list):
        some: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return [_rows(one) for one in some]
    return value


class AgentState(Row):
    """What a tool gets as `agent_state`: the agent as it is, and its memory with the verbs that tools know."""

    @property
    def memory(self) -> "Memory":
        return Memory(self["_client"], self["id"], self["blocks"])


class Memory:
    def __init__(self, client: Any, agent_id: str, blocks: "list[Row]") -> None:
        self._client = client
        self._agent_id = agent_id
        self.blocks = blocks

    def list_block_labels(self) -> "list[str]":
        return [one["label"] for one in self.blocks]

    def get_block(self, label: str) -> Row:
        for one in self.blocks:
            if one["label"] == label:
                return one
        raise KeyError(f"Block field {label} does not exist")

    def update_block_value(self, label: str, value: str) -> None:
        """Stored at once."""
        self.get_block(label)
        changed = self._client.agents.blocks.update(label, agent_id=self._agent_id, value=value)
        self.get_block(label)["value"] = changed["value"]


def agent_state(client: Any) -> AgentState:
    """Of the agent that calls."""
    return AgentState(client.agents.retrieve() | {"_client": client})
