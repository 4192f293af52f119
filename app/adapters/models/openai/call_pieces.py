"""Which tool call a streamed piece belongs to. Index, id and name are each left out, repeated or reused somewhere.

Tried in this order: a known id is that call; a new id is a new call; without id and name it is the call being written;
a name for a nameless call is its name; a name after arguments that already parse begins a new call.
"""

from dataclasses import dataclass, field
from typing import Any

from app.adapters.models.http.loose import read_json


@dataclass
class _Call:
    place: int
    id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])

    @property
    def is_complete(self) -> bool:
        """Whether its arguments are a whole object, so that nothing can follow."""
        written = "".join(self.arguments).strip()
        if not (written.startswith("{") and written.endswith("}")):
            return False
        try:
            read_json(written)
        except ValueError:
            return False
        return True


class CallPieces:
    """The calls of one reply so far."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_id: dict[str, _Call] = {}
        self._at: dict[int, _Call] = {}
        """By the server's index: the call that it means at present."""

    def __len__(self) -> int:
        return len(self._calls)

    def sort_in(self, index: Any, call_id: str, name: str, arguments: str) -> tuple[int, str, str]:
        """Our index of the call that a piece belongs to, and its id and name where the piece brings them first."""
        given = index if isinstance(index, int) and not isinstance(index, bool) else None
        call = self._meant(given, call_id, name, arguments)
        is_new = call is None
        if call is None:
            call = _Call(len(self._calls), call_id)
            self._calls.append(call)
        if call_id:
            self._by_id.setdefault(call_id, call)
        if given is not None:
            self._at[given] = call
        first_name = name if not call.name else ""
        call.name = call.name or name
        call.arguments.append(arguments)
        return call.place, call_id if is_new else "", first_name

    def _meant(self, index: int | None, call_id: str, name: str, arguments: str) -> _Call | None:
        """The call that a piece goes on with; None: it begins a new one."""
        at_index = self._at.get(index) if index is not None else None
        being_written = self._calls[-1] if self._calls else None
        if call_id:
            return self._by_its_id(call_id, name, arguments, index, at_index)
        if not name:
            return at_index or being_written
        call = being_written if index is None else at_index
        if call is None or not call.name:
            return call
        repeated = name == call.name
        if index is None:
            return call if repeated and arguments and not call.is_complete and call.id else None
        if repeated and not arguments:
            return call
        return None if call.is_complete or not repeated else call

    def _by_its_id(
        self, call_id: str, name: str, arguments: str, index: int | None, at_index: _Call | None
    ) -> _Call | None:
        known = self._by_id.get(call_id)
        if known is not None:
            if at_index is not None and at_index.id == call_id:
                return at_index
            # One id for all calls of a reply: a head at an index that is new tells them apart.
            return None if name and index is not None and at_index is None else known
        call = at_index if index is not None else (self._calls[-1] if self._calls else None)
        if call is None:
            return None
        if not name and arguments and not call.is_complete:
            return call  # a fresh id with every piece of one call
        # The id of a call that has begun without one.
        return call if not call.id and not name and index is not None and not call.is_complete else None
