"""Other programs' assistants that use an agent's memory over MCP: who they are, what they may, what they asked last."""

from typing import Literal

from app.domain.base import Frozen, Micros

MemoryRight = Literal["read", "propose", "write", "ask"]
"""`read`: search and read memory; `propose`: changes wait for the person; `write`: changes are made at once; `ask`: put
a question to the agent, which may edit its own memory over it and do nothing else."""
RIGHTS: tuple[MemoryRight, ...] = ("read", "propose", "write", "ask")
"""All of them, in the order in which they are kept and shown."""


class MemoryClientDraft(Frozen):
    """What a person says of such a program."""

    name: str
    agent_ids: tuple[str, ...] = ()
    """The agents it may reach, of those that are switched on."""
    rights: tuple[MemoryRight, ...] = ("read", "propose")


class MemoryClient(Frozen):
    """A program that proves itself by a token of its own, of which only the hash is stored."""

    id: str
    name: str
    agent_ids: tuple[str, ...] = ()
    rights: tuple[MemoryRight, ...] = ()
    created_at: Micros


class NewMemoryClient(Frozen):
    """A client at the only moment at which its token is known."""

    client: MemoryClient
    token: str


class MemoryCall(Frozen):
    """One thing that a client asked for."""

    at: Micros
    client: str
    """Its name then."""
    tool: str
    agent: str = ""
    """The name of the agent, where one was reached."""
    took_ms: int = 0
    problem: str = ""
    """Why it came to nothing, as the client was told; empty where it was done."""


class MemoryServerStatus(Frozen):
    """How it stands: which agents other programs may reach, which programs those are, and how they are set up."""

    agent_ids: tuple[str, ...] = ()
    """Of the agents that are switched on."""
    clients: tuple[MemoryClient, ...] = ()
    calls: tuple[MemoryCall, ...] = ()
    """The last ones since the engine began, newest first."""
    command: tuple[str, ...] = ()
    """What such a program has to start."""
    url: str = ""
    """Where the same is served over HTTP; empty while the local API is off."""
