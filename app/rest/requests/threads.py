"""Messages of threads as programs list them: with a system message at the beginning, although no row holds one.

It has the uuid of its thread: so it is found by its id, stays when a message is edited, and a fork has its own.
Its text is the system prompt as the next request will hold it.
"""

from collections.abc import Sequence
from typing import Literal

from app.domain.conversation import Conversation
from app.domain.error import NotFound
from app.domain.message import Message
from app.domain.page import MessageFilter, PageRequest
from app.domain.wire_message import SystemMessage, WireMessage, iso, objects_of, otid_of
from app.rest.call import AnyCall
from app.rest.wire.messages import system_id, thread_id_of

Listed = Message | SystemMessage
Place = Literal["never", "first", "first if short", "last if short"]
"""Where the system message stands in a page. `short`: the page reaches that end of the list."""


async def system_message(call: AnyCall, thread: Conversation) -> SystemMessage:
    """The one with which a thread (no branch) begins."""
    own = system_id(thread.id)
    text = await call.services.context.prompt(thread.agent_id)
    return SystemMessage(id=own, date=iso(thread.created_at), otid=otid_of(own, 0), content=text)


async def one_message(call: AnyCall, message_id: str) -> Listed:
    """A message, or the system message of a thread that is there. Raises `NotFound`."""
    try:
        return await call.services.messages.get(message_id)
    except NotFound as error:
        try:
            thread = await call.services.conversations.get(thread_id_of(message_id))
        except NotFound:
            raise error from None
        if thread.root_id != thread.id:
            raise
    return await system_message(call, thread)


async def thread_page(
    call: AnyCall, thread: Conversation | None, wanted: MessageFilter, page: PageRequest
) -> list[Listed]:
    """A page of the messages that are wanted, the thread's system message among them as the oldest."""
    if thread is None:
        return [*await call.services.listing.messages(wanted, page)]
    rest, place, backwards = without_system(page, system_id(thread.id))
    if place != "never" and wanted.types and "system_message" not in wanted.types:
        rest, place = page, "never"
    rows = await call.services.listing.messages(wanted, rest) if rest is not None else ()
    found: list[Listed] = list(reversed(rows) if backwards else rows)
    if place == "never" or (place != "first" and len(found) >= page.limit):
        return found
    own = await system_message(call, thread)
    return [*found, own] if place == "last if short" else [own, *found]


def without_system(page: PageRequest, own: str) -> tuple[PageRequest | None, Place, bool]:
    """What is left to be read of a page (None: nothing), where the message `own` stands in it, and whether what is
    read must be turned round. `own` is older than all others."""
    if page.descending:
        if page.after == own:
            return None, "never", False
        if page.before == own:
            turned = page.next_to_cursor and page.after is None
            return page.model_copy(update={"before": None, "descending": not turned}), "never", turned
        return page, "never" if page.before is not None else "last if short", False
    if page.before == own:
        return None, "never", False
    if page.after is not None:
        return (page.model_copy(update={"after": None}) if page.after == own else page), "never", False
    if page.before is not None and page.next_to_cursor:
        return page, "first if short", False
    left = page.limit - 1
    return (page.model_copy(update={"limit": left}) if left else None), "first", False


def objects(messages: Sequence[Listed], types: tuple[str, ...] = ()) -> list[WireMessage]:
    """The wire objects of messages, each one's in its own order."""
    every = (
        one
        for message in messages
        for one in ((message,) if isinstance(message, SystemMessage) else objects_of(message))
    )
    return [one for one in every if not types or one.message_type in types]
