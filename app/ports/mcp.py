"""Sessions with MCP servers. The engine says when; this knows how."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from app.domain.base import Field, Frozen
from app.domain.mcp import McpAnswer, McpGrant, McpHello, McpOffer, McpPrompt, McpResource, McpTransport


class McpTarget(Frozen):
    """What is to be started or asked, with all values in it. Never logged, never stored."""

    transport: McpTransport
    command: str = ""
    args: tuple[str, ...] = ()
    folder: str = ""
    """Empty: the home folder."""
    env: Mapping[str, str] = Field(default_factory=dict, repr=False)
    """Besides the few variables that every program gets."""
    url: str = ""
    headers: Mapping[str, str] = Field(default_factory=dict, repr=False)
    start_seconds: float = 30.0
    grant: McpGrant | None = Field(default=None, repr=False)
    """Of a person who has signed in at this address."""


class McpEvent(Frozen):
    """Something that nobody asked for."""

    session: str
    kind: Literal["ended", "log", "tools", "sign_in", "grant"]
    """`ended`: the session is over; `log`: lines that the server wrote; `tools`: it offers others now; `sign_in`: a
    person is to open an address; `grant`: the tokens were renewed and have to be kept."""
    lines: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    code: str = ""
    address: str = ""
    grant: McpGrant | None = Field(default=None, repr=False)


OnMcpEvent = Callable[[McpEvent], None]
"""Called on the event loop; must not block."""


class McpClient(Protocol):
    """All sessions of an engine. `session` is a name that whoever starts one gives it, a new one for each start.

    Everything raises `McpError` with a sentence, and nothing waits longer than it says. Texts of servers come bounded;
    they are nobody's words but theirs.
    """

    def listen(self, on_event: OnMcpEvent) -> None:
        """To be called once, before the first start."""
        ...

    async def start(self, session: str, target: McpTarget) -> McpHello:
        """Starts the program or connects, and lists the tools, within the target's `start_seconds`."""
        ...

    async def stop(self, session: str) -> None:
        """Ends the session and kills its program with all that it started. One that is unknown is no error."""
        ...

    async def call(self, session: str, name: str, arguments: dict[str, Any], seconds: float) -> McpAnswer:
        """Runs a tool. Cancelled, the server is told so."""
        ...

    async def offers(self, session: str, seconds: float) -> tuple[McpOffer, ...]:
        """The tools as they are now."""
        ...

    async def resources(self, session: str, seconds: float) -> tuple[McpResource, ...]:
        """What the server lets be read, its first few hundred."""
        ...

    async def read(self, session: str, uri: str, seconds: float) -> McpAnswer:
        """The text of a resource; what is no text is named, not shown."""
        ...

    async def prompts(self, session: str, seconds: float) -> tuple[McpPrompt, ...]:
        """Its prompts, the first few hundred."""
        ...

    async def prompt(self, session: str, name: str, arguments: dict[str, str], seconds: float) -> McpAnswer:
        """The text that the server makes of a prompt."""
        ...

    async def sign_in(self, session: str, target: McpTarget, seconds: float) -> McpGrant:
        """Asks the server where to sign in, tells the address as an event, and waits for the person to come back from
        there. Cancelled, nobody is waited for any more.
        """
        ...

    async def sign_out(self, grant: McpGrant) -> None:
        """Tells the server that the tokens are not to be taken any more, where it can be told."""
        ...

    async def close(self) -> None:
        """Ends all sessions."""
        ...
