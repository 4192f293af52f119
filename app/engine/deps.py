"""What the engine works with, in one value: its ports, and what its runs share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.domain.event import Event
from app.domain.model import Provider
from app.engine.context.window import TokenLedger
from app.engine.queue import Queues
from app.engine.served_contexts import ServedContexts
from app.ports.models import ModelAdapters
from app.ports.storage import Storage
from app.ports.system import Clock, IdFactory
from app.ports.tools import ToolRunner


@dataclass(frozen=True)
class EngineDeps:
    """One per engine, and one per fit test, which has a storage of its own."""

    storage: Storage
    catalog: ModelAdapters
    tools: ToolRunner
    """Runs all tools but those of memory, which run in the commit."""
    ledger: TokenLedger
    clock: Clock
    ids: IdFactory
    publish: Callable[[Event], None]
    queues: Queues = field(default_factory=Queues)
    windows: ServedContexts = field(default_factory=ServedContexts)
    summary_seconds: float = 300.0
    """How long a summary may take until the conversation goes on with extracts instead. A slow computer reads a window
    of 8k in two to three minutes."""
    requested: Callable[[Provider], None] = lambda provider: None
    """Is told of each request to a server once it has ended, since it may have loaded a model. Must not block."""
