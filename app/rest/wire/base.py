"""The bases of bodies: what is asked (unknown fields ignored, texts mended), what is told (all fields, nulls too)."""

import json
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from app.domain.base import Frozen, Micros
from app.domain.history import Actor, Origin
from app.domain.json_value import JsonObject
from app.domain.page import Order
from app.domain.wire_message import iso
from app.rest.constants import CLIENT, USER_ID

API = Origin(actor=Actor(kind="api"), client=CLIENT)
"""The origin of every change that comes through this interface."""
MOST = 2**31 - 1
"""The largest whole number that is taken: that of every client's integers."""
ORDER = "^(asc|desc)$"

Whole = Annotated[int, Field(ge=0, le=MOST)]
"""A count that every part of the system can hold."""
Name = Annotated[str, Field(max_length=500)]
MOST_METADATA = 50_000
"""Characters of what a program keeps with something, as JSON: it is read and told with every list of such things."""


def _short(metadata: JsonObject) -> JsonObject:
    size = len(json.dumps(metadata, ensure_ascii=False))
    if size > MOST_METADATA:
        raise ValueError(f"has {size:,} characters as JSON; {MOST_METADATA:,} are the most")
    return metadata


Metadata = Annotated[JsonObject, AfterValidator(_short)]


class RequestModel(Frozen):
    """A body or a query. `model_fields_set` tells what was really given."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=(), defer_build=True)

    def has(self, name: str) -> bool:
        return name in self.model_fields_set


class Nothing(RequestModel):
    """Neither a body nor a query."""


class ResponseModel(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=(), defer_build=True, populate_by_name=True)


class Audited(ResponseModel):
    created_by_id: str | None = USER_ID
    last_updated_by_id: str | None = USER_ID
    created_at: str | None = None
    updated_at: str | None = None


class PageQuery(RequestModel):
    """The cursor of a list: ids in `before` and `after` mean places in the given order."""

    ORDERS: ClassVar[tuple[Order, ...]] = ("created_at",)
    """What the list can be sorted by."""

    before: Name | None = None
    after: Name | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] | None = None
    order: str = Field("desc", pattern=ORDER)
    order_by: Order | None = None
    ascending: bool | None = None

    @field_validator("order_by")
    @classmethod
    def _known(cls, order: Order | None) -> Order | None:
        if order is not None and order not in cls.ORDERS:
            raise ValueError(f"this list can be sorted by {', '.join(cls.ORDERS)}")
        return order

    @property
    def descending(self) -> bool:
        return self.order == "desc" if self.ascending is None else not self.ascending


class ForwardQuery(PageQuery):
    """For lists that read forwards unless asked otherwise."""

    order: str = Field("asc", pattern=ORDER)


def maybe_iso(at: Micros | None) -> str | None:
    return None if at is None else iso(at)
