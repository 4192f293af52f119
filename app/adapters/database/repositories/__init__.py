"""The repositories of one transaction, all on one connection."""

from collections.abc import Callable

from sqlalchemy import Connection

from app.adapters.database.parsed_messages import ParsedMessages
from app.adapters.database.repositories.agents import SqlAgents
from app.adapters.database.repositories.blobs import SqlBlobs
from app.adapters.database.repositories.blocks import SqlBlocks
from app.adapters.database.repositories.conversations import SqlConversations
from app.adapters.database.repositories.deleted import SqlDeleted
from app.adapters.database.repositories.history import SqlHistory
from app.adapters.database.repositories.identities import SqlIdentities
from app.adapters.database.repositories.messages import SqlMessages
from app.adapters.database.repositories.pages import SqlPages
from app.adapters.database.repositories.providers import SqlProviders
from app.adapters.database.repositories.requests import SqlRequests
from app.adapters.database.repositories.runs import SqlRuns
from app.adapters.database.repositories.settings import SqlSettings
from app.adapters.database.repositories.tools import SqlTools
from app.adapters.database.search import MessageIndex
from app.domain.event import Changed
from app.ports.storage import Repositories


def repositories_on(
    db: Connection, changed: Callable[[Changed], None], parsed: ParsedMessages | None = None
) -> Repositories:
    """`parsed`: messages read before, for a transaction that only reads."""
    search = MessageIndex(db)
    return Repositories(
        agents=SqlAgents(db),
        blocks=SqlBlocks(db),
        conversations=SqlConversations(db),
        messages=SqlMessages(db, search, parsed),
        runs=SqlRuns(db),
        history=SqlHistory(db),
        tools=SqlTools(db),
        providers=SqlProviders(db),
        settings=SqlSettings(db),
        blobs=SqlBlobs(db),
        search=search,
        pages=SqlPages(db),
        identities=SqlIdentities(db),
        requests=SqlRequests(db),
        deleted=SqlDeleted(db, search),
        changed=changed,
    )
