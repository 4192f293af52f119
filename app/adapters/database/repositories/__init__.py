"""The repositories of one transaction, all on one connection."""

from collections.abc import Callable

from sqlalchemy import Connection

from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.parsed_messages import ParsedMessages
from app.adapters.database.passage_search import PassageIndex
from app.adapters.database.repositories.agents import SqlAgents
from app.adapters.database.repositories.archives import SqlArchives
from app.adapters.database.repositories.blobs import SqlBlobs
from app.adapters.database.repositories.blocks import SqlBlocks
from app.adapters.database.repositories.conversations import SqlConversations
from app.adapters.database.repositories.deleted import SqlDeleted
from app.adapters.database.repositories.history import SqlHistory
from app.adapters.database.repositories.identities import SqlIdentities
from app.adapters.database.repositories.inbox import SqlInbox
from app.adapters.database.repositories.life import SqlLife
from app.adapters.database.repositories.mcp_servers import SqlMcpServers
from app.adapters.database.repositories.messages import SqlMessages
from app.adapters.database.repositories.pages import SqlPages
from app.adapters.database.repositories.passages import SqlPassages
from app.adapters.database.repositories.proposals import SqlProposals
from app.adapters.database.repositories.providers import SqlProviders
from app.adapters.database.repositories.requests import SqlRequests
from app.adapters.database.repositories.runs import SqlRuns
from app.adapters.database.repositories.settings import SqlSettings
from app.adapters.database.repositories.tools import SqlTools
from app.adapters.database.repositories.vectors import SqlVectors
from app.adapters.database.search import MessageIndex
from app.domain.event import Changed
from app.ports.storage import Repositories


def repositories_on(
    db: Connection,
    changed: Callable[[Changed], None],
    known: NothingKnown = NOTHING_KNOWN,
    parsed: ParsedMessages | None = None,
) -> Repositories:
    """`known`: rows read before, for a transaction that writes; `parsed`: messages, for one that only reads."""
    search, passage_index = MessageIndex(db), PassageIndex(db)
    return Repositories(
        agents=SqlAgents(db, known),
        blocks=SqlBlocks(db, known),
        conversations=SqlConversations(db, known),
        messages=SqlMessages(db, search, known, parsed),
        runs=SqlRuns(db, known),
        history=SqlHistory(db, known),
        life=SqlLife(db),
        inbox=SqlInbox(db),
        tools=SqlTools(db, known),
        providers=SqlProviders(db, known),
        mcp_servers=SqlMcpServers(db),
        settings=SqlSettings(db, known),
        blobs=SqlBlobs(db),
        search=search,
        pages=SqlPages(db),
        identities=SqlIdentities(db),
        requests=SqlRequests(db),
        deleted=SqlDeleted(db, search, passage_index, known),
        proposals=SqlProposals(db),
        vectors=SqlVectors(db),
        archives=SqlArchives(db),
        passages=SqlPassages(db, passage_index),
        changed=changed,
    )
