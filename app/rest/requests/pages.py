"""Pages of lists by cursor, as all list routes give them: `after` means further in the given order."""

from app.domain.ids import Kind, is_id
from app.domain.page import LARGEST, Order, PageRequest
from app.rest.errors import Misshapen
from app.rest.wire.base import PageQuery

PAGE = 50
MESSAGE_PAGE = 100
RUN_PAGE = 100


def asked_page(query: PageQuery, kind: Kind, limit: int = PAGE) -> PageRequest:
    """The page that a query asks for, the ids of its cursors checked. Of more than the largest it gives so many."""
    for name in ("before", "after"):
        cursor = getattr(query, name)
        if cursor is not None and not is_id(cursor, kind):
            raise Misshapen(f"query.{name}: an id of the form {kind}-<uuid4> is needed")
    return page_by(query, query.order_by or "created_at", limit)


def page_by(query: PageQuery, order: Order, limit: int = PAGE) -> PageRequest:
    """The page that a query asks for, in this order; its cursors as they are."""
    return PageRequest(
        before=query.before,
        after=query.after,
        limit=min(query.limit or limit, LARGEST),
        descending=query.descending,
        order=order,
    )


def window_of(query: PageQuery) -> PageRequest:
    """A window over messages: the order says which end of them is wanted, the cursors mean times in either order."""
    page = asked_page(query, "message", MESSAGE_PAGE)
    if not page.descending:
        return page
    return page.model_copy(update={"before": page.after, "after": page.before, "next_to_cursor": False})
