"""Reading event streams as raw HTTP: whole, in part, and broken off wherever the bytes end.

`verify=False`, here and in other tests: nothing of this is TLS, and to read all certificates takes longer than to ask.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Event = dict[str, Any]


@dataclass
class Heard:
    """What arrived whole."""

    events: list[Event] = field(default_factory=list)
    done: bool = False
    rest: bytes = b""

    def feed(self, piece: bytes) -> None:
        *blocks, self.rest = (self.rest + piece).split(b"\n\n")
        for block in blocks:
            name, text = "", b""
            for line in block.split(b"\n"):
                if line.startswith(b"event: "):
                    name = line[7:].decode()
                elif line.startswith(b"data: "):
                    text = line[6:]
            if text == b"[DONE]":
                self.done = True
            elif text:
                event = json.loads(text)
                assert (name == "error") == (event["message_type"] == "error_message")
                if event["message_type"] != "ping":
                    self.events.append(event)

    @property
    def last_seq(self) -> int:
        return max((event["seq_id"] for event in self.events if event.get("seq_id")), default=0)


def _never(heard: Heard) -> bool:
    return False


def hear(url: str, body: Event, at_most: int | None = None, until: Callable[[Heard], bool] = _never) -> Heard:
    """Reads a stream to its end, or only so many bytes or so far before the connection is dropped."""
    heard, taken = Heard(), 0
    whole = at_most is None and until is _never
    with httpx.Client(timeout=30, verify=False) as client, client.stream("POST", url, json=body) as answer:
        assert answer.status_code == 200, answer.read()
        try:
            for piece in answer.iter_raw(None if whole else 64):
                part = piece if at_most is None else piece[: at_most - taken]
                taken += len(part)
                heard.feed(part)
                if until(heard) or (at_most is not None and taken >= at_most):
                    break
        except httpx.TransportError:
            pass
    return heard


def post(url: str, body: Event) -> httpx.Response:
    return httpx.post(url, json=body, timeout=30, verify=False)


def texts(events: list[Event]) -> str:
    """What the assistant said in these events."""
    return "".join(event["content"] for event in events if event["message_type"] == "assistant_message")
