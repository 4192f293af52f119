"""Reads server-sent events out of byte chunks cut anywhere. Knows nothing of what the events say.

Works on bytes, so a chunk border inside a character does no harm. Comments and fields other than `data` are skipped;
an `error:` line, as older llama.cpp servers write it, counts as data.
"""

from typing import NamedTuple

MAX_EVENT = 32_000_000
"""Bytes of one event. More is no reply of a model, and would fill the memory."""


class Event(NamedTuple):
    data: bytes
    """The data lines joined by newlines."""
    raw: bytes
    """All bytes since the event before, comments and blank lines included."""


class TooLong(Exception):
    """One event went on past `MAX_EVENT`."""


class EventReader:
    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._line_size = 0
        self._data: list[bytes] = []
        self._raw: list[bytes] = []

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
            events.append(Event(b"\n".join(self._data), b"".join(self._raw)))
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
            self._raw.append(raw)
            line = raw.rstrip(b"\r\n")
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line:
                if self._data:
                    events.append(Event(b"\n".join(self._data), b"".join(self._raw)))
                    self._data, self._raw = [], []
            elif line.startswith(b"error:"):
                self._data.append(b'{"error":' + line[6:] + b"}")
        return events

    def _keep(self, piece: bytes) -> None:
        self._line_size += len(piece)
        if self._line_size > MAX_EVENT:
            raise TooLong
        self._line.append(piece)
