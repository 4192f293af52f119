"""What all requests to one server share: the services, the turns that wait for each other, the last requests."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakValueDictionary

from app.ports.api import ApiPlan
from app.ports.system import Clock
from app.services import Services

KEPT_REQUESTS = 200
PING_SECONDS = 15.0


class Stream(Protocol):
    def cut(self) -> None: ...


@dataclass
class RestContext:
    services: Services
    clock: Clock
    plan: ApiPlan
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    """Starts work that goes on after its request; the server ends it when it stops."""
    ping_seconds: float = PING_SECONDS
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque[dict[str, Any]](maxlen=KEPT_REQUESTS))
    """The last ones, newest first: the fields of `ApiRequest`, which hardly anybody asks for."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    streams: "set[Stream]" = field(default_factory=lambda: set[Stream]())
    """Answers under way that a stopping server cuts."""
    unanswered: "OrderedDict[bytes, str]" = field(default_factory=lambda: OrderedDict[bytes, str]())
    """Runs whose askers wait or have gone, by what they asked: who asks the same again gets its run."""
    _turns: "WeakValueDictionary[str, asyncio.Lock]" = field(
        default_factory=lambda: WeakValueDictionary[str, asyncio.Lock]()
    )

    def turn_in(self, conversation_id: str) -> AbstractAsyncContextManager[None]:
        """Requests that wait for their conversation go one after the other, first come first served."""
        lock = self._turns.get(conversation_id)
        if lock is None:
            lock = self._turns[conversation_id] = asyncio.Lock()
        return lock
