"""Reads the events of a streamed reply out of byte chunks cut anywhere. Knows nothing of what the events say.

Works on bytes, so a chunk border inside a character does no harm. Comments and fields other than `data` and `event` are
skipped. Taken as well, because servers and gateways send it: events parted by one newline, JSON lines without `data:`,
a raw line break inside a JSON string, JSON over several lines, an `error:` line (older llama.cpp).
"""

from typing import NamedTuple

from app.adapters.models.http.loose import read_json

MAX_EVENT = 32_000_000
"""Bytes of one event. More is no reply of a model, and would fill the memory."""
MAX_LINES = 100_000
"""Lines of one event, comments included: who sends more sends no event at all, and each line takes memory."""
DONE = b"[DONE]"
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    data: bytes
    """The data lines joined by newlines."""
    raw: bytes
    """All bytes since the event before, comments and blank lines included."""
    name: str = ""
    """Of its `event` field."""


class TooLong(Exception):
    """One event went on past `MAX_EVENT` or `MAX_LINES`."""


class EventReader:
    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._line_size = 0
        self._data: list[bytes] = []
        self._name = ""
        self._bare = False
        """The data came without `data:`."""
        self._raw: list[bytes] = []
        self._raw_size = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._keep(chunk)
            return []
        block = b"".join((*self._line, chunk[:end]))
        self._line, self._line_size = [], 0
        if end < len(chunk):
            self._keep(chunk[end:])
        return self._events(block)

    def end(self) -> tuple[list[Event], bytes]:
        """The last event, also when its closing blank line never came, and the bytes after it."""
        unfinished = b"".join(self._line)
        events = self._events(unfinished + b"\n") if unfinished else []
        if unfinished and self._raw:
            self._raw[-1] = unfinished
        if self._data:
            events.append(self._event(self._raw))
            self._raw = []
        rest = b"".join(self._raw)
        self._line, self._data, self._raw = [], [], []
        return events, rest

    def _events(self, block: bytes) -> list[Event]:
        events: list[Event] = []
        start = 0
        while (stop := block.find(b"\n", start) + 1) > 0:
            raw = block[start:stop]
            start = stop
            line = raw.rstrip(b"\r\n")
            self._count(raw)
            if line.startswith(b"data:"):
                piece = line[6:] if line[5:6] == b" " else line[5:]
                if self._data and self._ends_before(piece):
                    events.append(self._event(self._raw))
                self._data.append(piece)
                self._raw.append(raw)
                continue
            self._raw.append(raw)
            if self._other(line):
                events.append(self._event(self._raw))
        return events

    def _other(self, line: bytes) -> bool:
        """Takes in a line that is no data line; whether it completes an event."""
        if self._data and self._is_torn():
            self._data.append(line)
            return self._bare and line == b"}"
        if not line:
            return bool(self._data)
        if line.startswith(b"event:"):
            self._name = line[6:].strip().decode("ascii", "replace")
        elif line.startswith(b"error:"):
            self._data.append(b'{"error":' + line[6:] + b"}")
        elif not self._data:
            bare = line.removeprefix(_BOM).lstrip()
            if bare.startswith(b"data:"):
                self._data.append(bare[5:].strip())
            elif bare.startswith((b"{", DONE)):
                self._data, self._bare = [bare], True
                return self._is_whole(bare)
        return False

    def _event(self, raw: list[bytes]) -> Event:
        event = Event(b"\n".join(self._data), b"".join(raw), self._name)
        self._data, self._name, self._bare, self._raw, self._raw_size = [], "", False, [], 0
        return event

    def _count(self, raw: bytes) -> None:
        self._raw_size += len(raw)
        if self._raw_size > MAX_EVENT or len(self._raw) >= MAX_LINES:
            raise TooLong

    def _ends_before(self, piece: bytes) -> bool:
        """Whether the data so far is an event of its own although no blank line came before this piece."""
        return piece.startswith((b"{", DONE)) and self._data[0].startswith((b"{", DONE))

    def _is_torn(self) -> bool:
        """Whether JSON has begun and cannot have ended: a line break stood in a string of it."""
        if not self._data[0].startswith(b"{"):
            return False
        return self._bare or not self._data[-1].rstrip().endswith(b"}")

    @staticmethod
    def _is_whole(data: bytes) -> bool:
        if data.strip() == DONE:
            return True
        try:
            read_json(data.decode("utf-8", "replace"))
        except ValueError:
            return False
        return True

    def _keep(self, piece: bytes) -> None:
        self._line_size += len(piece)
        if self._line_size > MAX_EVENT:
            raise TooLong
        self._line.append(piece)
