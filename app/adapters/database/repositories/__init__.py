"""The repositories of one transaction, all on one connection."""

from collections.abc import Callable

from sqlalchemy import Connection

from app.adapters.database.repositories.agents import AgentRows
from app.adapters.database.repositories.blobs import BlobRows
from app.adapters.database.repositories.blocks import BlockRows
from app.adapters.database.repositories.conversations import ConversationRows
from app.adapters.database.repositories.deleted import DeletedRows
from app.adapters.database.repositories.history import HistoryRows
from app.adapters.database.repositories.identities import IdentityRows
from app.adapters.database.repositories.messages import MessageRows
from app.adapters.database.repositories.pages import PageRows
from app.adapters.database.repositories.providers import ProviderRows
from app.adapters.database.repositories.requests import RequestRows
from app.adapters.database.repositories.runs import RunRows
from app.adapters.database.repositories.settings import SettingRows
from app.adapters.database.repositories.tools import ToolRows
from app.adapters.database.search import MessageIndex
from app.domain.event import Changed
from app.ports.storage import Repositories


def repositories_on(db: Connection, changed: Callable[[Changed], None]) -> Repositories:
    search = MessageIndex(db)
    return Repositories(
        agents=AgentRows(db),
        blocks=BlockRows(db),
        conversations=ConversationRows(db),
        messages=MessageRows(db, search),
        runs=RunRows(db),
        history=HistoryRows(db),
        tools=ToolRows(db),
        providers=ProviderRows(db),
        settings=SettingRows(db),
        blobs=BlobRows(db),
        search=search,
        pages=PageRows(db),
        identities=IdentityRows(db),
        requests=RequestRows(db),
        deleted=DeletedRows(db, search),
        changed=changed,
    )
