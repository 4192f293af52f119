"""The local API as its page in the window shows it: whether it serves, where, and what was asked last."""

from app.domain.base import Frozen, Micros


class ApiStatus(Frozen):
    """How the local API stands at this moment."""

    enabled: bool
    """Whether it starts with the engine."""
    running: bool
    host: str
    port: int
    url: str = ""
    """Where it serves; empty while it does not."""
    has_token: bool = False
    token_error: str = ""
    """Why the token that was asked for is not there, as a sentence. Every request is refused as long as it is so."""
    token_hint: str = ""
    adds_programs: bool = False
    """Whether programs may add programs: tools with a source, and what else is run as code."""
    shared: bool = False
    """Whether other people have accounts on this computer: without a token each of them may use the API."""
    origins: tuple[str, ...] = ()
    """Web pages that may use it, by their origin; from `settings.toml`."""
    error: str = ""
    """Why it could not start, as a sentence."""
    hint: str = ""


class ApiRequest(Frozen):
    """One request that the API answered or refused."""

    at: Micros
    method: str
    path: str
    status: int
    took_ms: float
    """Until the answer began; a stream may go on."""
    client: str = ""
    """The program, as it names itself."""
