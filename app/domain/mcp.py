"""MCP servers: programs and places that offer tools, what starts them, how they stand, and what they offer."""

import hashlib
import json
from typing import Any, Literal

from app.domain.base import Field, Frozen, Micros
from app.domain.error import AppError
from app.domain.json_value import JsonObject, object_of
from app.domain.tool import Tool

McpTransport = Literal["stdio", "streamable_http", "sse"]
McpCondition = Literal["unseen", "idle", "starting", "signing_in", "running", "waiting", "failed"]
"""`unseen`: nobody has agreed to what it would start; `idle`: it starts when it is needed; `signing_in`: a person does
that in a browser; `waiting`: it stopped and is started again soon; `failed`: it could not be started, or stopped too
often."""

START_SECONDS, CALL_SECONDS = 30.0, 60.0
"""Of a server that says nothing: as long as Letta waits for connecting, listing and calling."""
INSTANCE = "LARES_INSTANCE"
"""The variable by which the process that speaks with servers is told what the engine calls itself."""
SIGN_IN_SECONDS = 300.0
"""For a person at a browser."""
TAG = "mcp:"
"""Before the server's name, in the tags of its tools."""


class McpError(AppError):
    """Codes: `mcp_not_found` (the program), `mcp_exited`, `mcp_timeout`, `mcp_garbage`, `mcp_too_large`,
    `mcp_unreachable`, `mcp_refused` (the server said no), `mcp_unauthorized`, `mcp_sign_in` (that failed),
    `mcp_unseen`, `mcp_changed`, `mcp_waits`, `mcp_gone` (the process that speaks with servers)."""

    code = "mcp_refused"


class McpLaunch(Frozen):
    """What is started or asked, as a person has to see it before. Values of variables and headers are not in it."""

    transport: McpTransport = "stdio"
    command: str = ""
    args: tuple[str, ...] = ()
    folder: str = ""
    """Where the program works; empty: the home folder."""
    env_names: tuple[str, ...] = ()
    url: str = ""
    header_names: tuple[str, ...] = ()
    input_names: tuple[str, ...] = ()
    """Placeholders in these words (`${input:key}`); their values are in the secret store."""

    @property
    def digest(self) -> str:
        """Changes with everything that a person agrees to."""
        return _digest(self.model_dump())

    @property
    def written(self) -> str:
        """On one line: the command with its arguments, or the address."""
        if self.transport != "stdio":
            return self.url
        return " ".join(_word(one) for one in (self.command, *self.args))


class McpServer(Frozen):
    """A server that somebody added. Values of its variables and headers are in the secret store."""

    id: str
    name: str
    launch: McpLaunch
    auth_header: str = ""
    """The header that the token goes into; empty: `Authorization`, as a bearer."""
    has_token: bool = False
    signed_in: bool = False
    """A person has signed in there; what came of it (`McpGrant`) is in the secret store."""
    approved: str = ""
    """The digest of the launch that a person agreed to start."""
    start_seconds: float = START_SECONDS
    call_seconds: float = CALL_SECONDS
    version: int = 1
    created_at: Micros
    updated_at: Micros

    @property
    def seen(self) -> bool:
        """Whether a person has agreed to what it starts now."""
        return self.approved == self.launch.digest

    @property
    def draft(self) -> "McpDraft":
        """The server as it is; None stands for its values."""
        launch = self.launch
        return McpDraft(
            name=self.name,
            transport=launch.transport,
            command=launch.command,
            args=launch.args,
            folder=launch.folder,
            env=dict.fromkeys(launch.env_names),
            url=launch.url,
            headers=dict.fromkeys(launch.header_names),
            inputs=dict.fromkeys(launch.input_names),
            auth_header=self.auth_header,
            start_seconds=self.start_seconds,
            call_seconds=self.call_seconds,
        )


class McpGrant(Frozen):
    """What a person got by signing in at a server (OAuth 2.1). In the secret store and nowhere else."""

    address: str
    """The server that it was made for, as `McpLaunch.url`; it is sent nowhere else."""
    access_token: str = Field(repr=False)
    refresh_token: str = Field(default="", repr=False)
    expires_at: float | None = None
    """When the access token ends, in seconds since 1970; None: it was not said."""
    client_id: str
    client_secret: str = Field(default="", repr=False)
    auth_method: str = "none"
    """How the client shows who it is at the two addresses below (RFC 7591)."""
    token_address: str
    revoke_address: str = ""
    """Empty: the server has none."""
    resource: str = ""
    scope: str = ""


class McpDraft(Frozen):
    """A server that is to be added, or what is to become of one. A value of None keeps what is stored."""

    name: str
    transport: McpTransport = "stdio"
    command: str = ""
    args: tuple[str, ...] = ()
    folder: str = ""
    env: dict[str, str | None] = Field(default_factory=dict)
    url: str = ""
    headers: dict[str, str | None] = Field(default_factory=dict)
    auth_header: str = ""
    token: str | None = None
    inputs: dict[str, str | None] = Field(default_factory=dict)
    """Values of placeholders, by the text that stands for them."""
    start_seconds: float = START_SECONDS
    call_seconds: float = CALL_SECONDS

    @property
    def launch(self) -> McpLaunch:
        program = self.transport == "stdio"
        return McpLaunch(
            transport=self.transport,
            command=self.command.strip() if program else "",
            args=self.args if program else (),
            folder=self.folder.strip() if program else "",
            env_names=tuple(sorted(self.env)) if program else (),
            url="" if program else self.url.strip(),
            header_names=() if program else tuple(sorted(self.headers)),
            input_names=tuple(sorted(self.inputs)),
        )


class McpPlaceholder(Frozen):
    """A value that a pasted block leaves to the person, as `${input:key}` of VS Code or `${env:KEY}` of Cursor."""

    text: str
    """As it stands in the block."""
    title: str
    secret: bool = True


class McpPaste(Frozen):
    """What a pasted block says. Nothing of it was started or stored."""

    drafts: tuple[McpDraft, ...] = ()
    asks: tuple[McpPlaceholder, ...] = ()
    """To be filled in before the drafts that hold them can be added."""
    problem: str = ""
    """A sentence, where nothing could be understood."""
    line: int = 0
    """Where, counted from 1; 0: it is not known."""
    notes: tuple[str, ...] = ()
    """Sentences on what was left out."""


class McpOffer(Frozen):
    """A tool as a server tells of it: names and texts of strangers, cut to a bound, nothing mended."""

    name: str
    title: str = ""
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    read_only: bool = False
    """The server says that it changes nothing."""


class McpHello(Frozen):
    """What a server told when it was started."""

    title: str = ""
    version: str = ""
    instructions: str = ""
    offers: tuple[McpOffer, ...] = ()
    left_out: int = 0
    """Tools beyond the number that Lares takes."""
    resources: bool = False
    prompts: bool = False
    milliseconds: int = 0
    program: str = ""
    """Where the command was found."""


class McpAnswer(Frozen):
    """What came of a call, a resource or a prompt, as plain text."""

    ok: bool
    text: str


class McpResource(Frozen):
    """Something that a server lets be read."""

    uri: str
    name: str = ""
    description: str = ""
    kind: str = ""


class McpPrompt(Frozen):
    """A text that a server makes of arguments."""

    name: str
    description: str = ""
    arguments: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class McpLine(Frozen):
    """A line of a server's log."""

    at: Micros
    text: str
    ours: bool = False
    """Lares says it: started, stopped, tried again."""


class McpStatus(Frozen):
    """How a server stands."""

    condition: McpCondition
    error: str = ""
    hint: str = ""
    code: str = ""
    tries: int = 0
    """Starts in a row that came to nothing."""
    retry_at: Micros | None = None
    since: Micros | None = None
    """When it was started."""
    milliseconds: int | None = None
    """How long its last answer took."""
    hello: McpHello | None = None
    sign_in: str = ""
    """The address at which a person signs in, while that is waited for. It opens only by their press."""


class McpChange(Frozen):
    """What a server says of a tool since a person agreed to it: the new words, which no model has seen."""

    description: str
    parameters: dict[str, Any]

    @property
    def digest(self) -> str:
        """Tells it from every other change, so that nobody agrees to words that they have not seen."""
        return _digest(self.model_dump())


class McpOrigin(Frozen):
    """Where a tool of kind `external_mcp` comes from; stored in its metadata, under `mcp`."""

    server_id: str
    server_name: str
    tool_name: str = ""
    """Its name there."""
    read_only: bool = False
    missing: bool = False
    """The server offers it no longer."""
    changed: McpChange | None = None
    """Waits for a person."""

    @classmethod
    def of(cls, tool: Tool) -> "McpOrigin | None":
        """None for a tool of another kind, or of a server that a file of other programs names."""
        told = object_of(tool.metadata.get("mcp"))
        if tool.tool_type != "external_mcp":
            return None
        known = {name: told[name] for name in cls.model_fields if name in told}
        return cls.model_validate(known) if known.get("server_id") else None


class McpTool(Frozen):
    """A tool of a server, and what it costs in each request of an agent that has it."""

    tool: Tool
    tokens: int
    agents: int
    origin: McpOrigin


class McpView(Frozen):
    """A server as lists show it."""

    server: McpServer
    status: McpStatus
    tools: int
    waiting: int = 0
    """Tools whose changes a person has to look at."""


class McpRefresh(Frozen):
    """What came of listing a server's tools again, by their names here."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def _digest(told: JsonObject) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _word(text: str) -> str:
    """Quoted where a reader could not tell where it begins and ends."""
    plain = text and not any(letter.isspace() or letter in "\"'\\" for letter in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
