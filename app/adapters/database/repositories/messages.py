"""Messages and their places in conversations.

Cost is what this module is careful about: `append` and `in_context` must not notice how long the history is. The
number of members is the last position (positions run from 1 without gaps), and what is in the context window is found
through its own partial index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.parsed_messages import OVERHEAD, ParsedMessages
from app.adapters.database.prepared import Prepared, Row
from app.adapters.database.rows import add, all_rows, first_row, insert, missing, scalar
from app.adapters.database.search import MessageIndex
from app.adapters.database.tables import agents, conversation_messages, conversations, messages
from app.domain.base import Micros
from app.domain.message import Member, Message

_member = conversation_messages.c
_this = sa.select(conversations.c.seq).where(conversations.c.id == sa.bindparam("conversation")).scalar_subquery()
_here = _member.conversation_seq == _this
_last_position = sa.select(sa.func.max(_member.position)).where(_member.conversation_seq == conversations.c.seq)
_end = Prepared(
    sa.select(
        conversations.c.seq, (sa.func.coalesce(_last_position.scalar_subquery(), sa.literal(0)) + 1).label("position")
    ).where(conversations.c.id == sa.bindparam("conversation"))
)
_last_words = Prepared(
    agents.update()
    .where(agents.c.id == sa.bindparam("agent"))
    .values(last_message_seq=sa.bindparam("message_seq"), active_at=sa.bindparam("at"))
)
_branch = conversations.alias("branch")
_thread = sa.select(_branch.c.root_id).where(_branch.c.id == sa.bindparam("conversation")).scalar_subquery()
_heard = Prepared(
    conversations.update()
    .where(sa.or_(conversations.c.id == sa.bindparam("conversation"), conversations.c.id == _thread))
    .where(conversations.c.active_id == sa.bindparam("conversation"))
    .values(last_message_at=sa.bindparam("at"))
)
_members = sa.select(messages, _member.position.label("place"), _member.left_seq).join_from(
    conversation_messages, messages, messages.c.seq == _member.message_seq
)
_places = Prepared(
    sa.select(_member.position, _member.message_seq, messages.c.id)
    .join_from(conversation_messages, messages, messages.c.seq == _member.message_seq)
    .where(_here, _member.left_seq.is_(None))
    .order_by(_member.position)
)
_by_seq = Prepared(sa.select(messages).where(messages.c.seq == sa.bindparam("message_seq")))
FEW = 20
"""So many messages are read one by one; more of them in one statement."""
_in_context = Prepared(_members.where(_here, _member.left_seq.is_(None)).order_by(_member.position))
_newest = _members.where(_here).order_by(_member.position.desc()).limit(sa.bindparam("limit"))
_before = _newest.where(_member.position < sa.bindparam("border"))
_after = (
    _members.where(_here, _member.position > sa.bindparam("border"))
    .order_by(_member.position)
    .limit(sa.bindparam("limit"))
)
_is_summary = (
    sa.select(messages.c.seq).where(messages.c.seq == _member.message_seq, messages.c.role == "summary").exists()
)
_leave = (
    conversation_messages.update()
    .where(_here, sa.or_(_member.position < sa.bindparam("border"), _is_summary), _member.left_seq.is_(None))
    .values(left_seq=sa.bindparam("seq"))
)
_back = conversation_messages.update().where(_here, _member.left_seq == sa.bindparam("seq")).values(left_seq=sa.null())
_out = (
    conversation_messages.update()
    .where(_here, _member.position == sa.bindparam("border"))
    .values(left_seq=sa.bindparam("seq"))
)

_one = Prepared(sa.select(messages).where(messages.c.id == sa.bindparam("message")))
_these = Prepared(sa.select(messages).where(messages.c.id.in_(sa.bindparam("ids", expanding=True))))


NEVER = 0
"""`left_seq` of what was never in the context window."""


class Window(NamedTuple):
    """The members of a conversation that are in its context window, as the writer keeps them."""

    members: tuple[Member, ...]
    bytes: int


@dataclass(frozen=True)
class SqlMessages:
    db: Connection
    search: MessageIndex
    known: NothingKnown = NOTHING_KNOWN
    parsed: ParsedMessages | None = None
    """Messages read before; None in a transaction that writes."""

    def get(self, message_id: str) -> Message:
        row = first_row(self.db, _one, {"message": message_id})
        if row is None:
            raise missing("message", message_id)
        return mapping.message_of(row)

    def find_otid(self, agent_id: str, otid: str) -> Message | None:
        found = sa.select(messages).where(messages.c.otid == otid, messages.c.agent_id == agent_id)
        row = first_row(self.db, found.order_by(messages.c.seq).limit(1))
        return None if row is None else mapping.message_of(row)

    def append(self, conversation_id: str, message: Message) -> int:
        conversation_seq, position = self._end(conversation_id)
        values = mapping.message_values(message)
        seq = insert(self.db, messages, values)
        place = {"conversation_seq": conversation_seq, "position": position, "message_seq": seq}
        told = message.role != "approval"
        add(self.db, conversation_messages, {**place, "entered_seq": position, "left_seq": None if told else NEVER})
        self.known.keep("end of conversation", conversation_id, (conversation_seq, position + 1))
        window: Window | None = self.known.find("window", conversation_id)
        if message.role == "summary":
            self.known.forget("window", conversation_id)  # it goes first
        elif window is not None and told:
            new = Member.model_construct(position=position, message=message, left_seq=None)
            bytes = window.bytes + _weight(values)
            self.known.keep("window", conversation_id, Window((*window.members, new), bytes), bytes)
        self.search.add(seq, message)
        _heard.run(self.db, {"conversation": conversation_id, "at": message.created_at})
        if message.role in ("user", "assistant") and message.text.strip():
            _last_words.run(self.db, {"agent": message.agent_id, "message_seq": seq, "at": message.created_at})
        return position

    def put_at(self, conversation_id: str, position: int, message: Message) -> None:
        seq = insert(self.db, messages, mapping.message_values(message))
        here = conversation_messages.update().where(_here, _member.position == position)
        self.db.execute(here.values(message_seq=seq), {"conversation": conversation_id})
        self.known.forget("window", conversation_id)
        self.search.add(seq, message)

    def _end(self, conversation_id: str) -> tuple[int, int]:
        """The seq of a conversation and its next position."""
        known: tuple[int, int] | None = self.known.find("end of conversation", conversation_id)
        if known is not None:
            return known
        end = first_row(self.db, _end, {"conversation": conversation_id})
        if end is None:
            raise missing("conversation", conversation_id)
        return end["seq"], end["position"]

    def _window(self, conversation_id: str) -> "Window":
        rows = all_rows(self.db, _in_context, {"conversation": conversation_id})
        members = _summary_first(tuple(mapping.member_of(row) for row in rows))
        return Window(members, sum(_weight(row) for row in rows))

    def in_context(self, conversation_id: str) -> tuple[Member, ...]:
        here = {"conversation": conversation_id}
        if self.parsed is None:
            return self.known.recall("window", conversation_id, lambda: self._window(conversation_id), _bytes).members
        places = all_rows(self.db, _places, here)
        known = self.parsed.find(place["id"] for place in places)
        new = [place for place in places if place["id"] not in known]
        if new:
            rows = self._few(new) if len(new) <= FEW else all_rows(self.db, _in_context, here)
            read = {row["id"]: (mapping.member_of(row), len(row["parts"])) for row in rows if row["id"] not in known}
            self.parsed.keep(read)
            known |= {message_id: member for message_id, (member, _) in read.items()}
        return _summary_first(tuple(_placed(known[place["id"]], place["position"]) for place in places))

    def _few(self, places: Sequence[Row]) -> Iterator[dict[str, Any]]:
        for place in places:
            row = first_row(self.db, _by_seq, {"message_seq": place["message_seq"]})
            assert row is not None  # a membership refers to its message
            yield {**cast("dict[str, Any]", row), "place": place["position"], "left_seq": None}

    def first_in_context(self, conversation_id: str) -> int | None:
        first = sa.select(sa.func.min(_member.position)).where(_here, _member.left_seq.is_(None))
        return self.db.execute(first, {"conversation": conversation_id}).scalar()

    def leave_context(self, conversation_id: str, before_position: int, left_seq: int) -> int:
        self.known.forget("window", conversation_id)
        values = {"conversation": conversation_id, "border": before_position, "seq": left_seq}
        return self.db.execute(_leave, values).rowcount

    def reenter_context(self, conversation_id: str, left_seq: int, summary_position: int) -> int:
        self.known.forget("window", conversation_id)
        values = {"conversation": conversation_id, "seq": left_seq, "border": summary_position}
        back = self.db.execute(_back, values).rowcount
        self.db.execute(_out, values)
        return back

    def reenter(self, conversation_id: str, position: int) -> None:
        self.known.forget("window", conversation_id)
        self.db.execute(_out, {"conversation": conversation_id, "border": position, "seq": None})

    def show_only(self, conversation_id: str, positions: Sequence[int]) -> None:
        self.known.forget("window", conversation_id)
        end = self.count(conversation_id) + 1
        others = conversation_messages.update().where(_here, _member.position.not_in(tuple(positions)))
        self.db.execute(others.values(left_seq=end), {"conversation": conversation_id})

    def position_of(self, conversation_id: str, message_id: str) -> int | None:
        this = sa.select(messages.c.seq).where(messages.c.id == message_id).scalar_subquery()
        found = sa.select(_member.position).where(_here, _member.message_seq == this)
        return scalar(self.db, found, {"conversation": conversation_id})

    def last_until(self, conversation_id: str, at: Micros) -> int:
        found = (
            sa.select(sa.func.max(_member.position))
            .join_from(conversation_messages, messages, messages.c.seq == _member.message_seq)
            .where(_here, messages.c.created_at <= at)
        )
        return scalar(self.db, found, {"conversation": conversation_id}) or 0

    def page(
        self, conversation_id: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> tuple[Member, ...]:
        values = {"conversation": conversation_id, "limit": limit}
        if after is not None:
            rows = all_rows(self.db, _after, {**values, "border": after})
        elif before is not None:
            rows = all_rows(self.db, _before, {**values, "border": before})[::-1]
        else:
            rows = all_rows(self.db, _newest, values)[::-1]
        return tuple(mapping.member_of(row) for row in rows)

    def count(self, conversation_id: str) -> int:
        last = sa.select(sa.func.max(_member.position)).where(_here)
        return scalar(self.db, last, {"conversation": conversation_id}) or 0

    def last_of_agents(self, agent_ids: Sequence[str]) -> dict[str, Message]:
        last = (
            sa.select(messages)
            .join(agents, agents.c.last_message_seq == messages.c.seq)
            .where(agents.c.id.in_(agent_ids), agents.c.deleted_at.is_(None))
        )
        return {row["agent_id"]: mapping.message_of(row) for row in all_rows(self.db, last)}

    def of_run(self, run_id: str) -> tuple[Message, ...]:
        found = sa.select(messages).where(messages.c.run_id == run_id).order_by(messages.c.seq)
        return tuple(mapping.message_of(row) for row in all_rows(self.db, found))

    def run_ids(self, conversation_id: str, from_position: int) -> tuple[str, ...]:
        found = (
            sa.select(messages.c.run_id)
            .distinct()
            .join_from(conversation_messages, messages, messages.c.seq == _member.message_seq)
            .where(_here, _member.position >= from_position, messages.c.run_id.is_not(None))
        )
        return tuple(self.db.execute(found, {"conversation": conversation_id}).scalars())


def _summary_first(members: tuple[Member, ...]) -> tuple[Member, ...]:
    """It was appended when the window was full, and takes the place of what came first."""
    at = next((i for i, member in enumerate(members) if member.message.role == "summary"), 0)
    return (members[at], *members[:at], *members[at + 1 :]) if at else members


def _bytes(window: Window) -> int:
    return window.bytes


def _weight(row: Row) -> int:
    return len(row["parts"]) + OVERHEAD


def _placed(member: Member, position: int) -> Member:
    """The member as it stands here; in a fork the message has another place."""
    here = member.position == position and member.left_seq is None
    return member if here else Member.model_construct(position=position, message=member.message, left_seq=None)


def messages_by_id(db: Connection, message_ids: set[str]) -> dict[str, Message]:
    if not message_ids:
        return {}
    rows = all_rows(db, _these, {"ids": list(message_ids)})
    return {row["id"]: mapping.message_of(row) for row in rows}
