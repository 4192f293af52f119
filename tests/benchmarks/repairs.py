"""What the repairs cost: `python -m tests.benchmarks.repairs`.

`delta` is paid for each token while a model writes: the tag stripper and the watch for repetition. `reply` is paid once
per reply. A faultless reply should cost next to nothing beside the model call; hostile text of 1 MB must stay linear.
"""

import json
import time
from collections.abc import Callable

from app.engine.repairs.loops import RepetitionWatch
from app.engine.repairs.policy import Circumstances, read_reply
from app.engine.repairs.tags import TagStripper
from app.engine.reply import RawCall, Reply
from tests.benchmarks.figures import figure
from tests.support.servers.broken_output import GIVEN
from tests.support.values.samples import tool

WORDS = " ".join(f"word{n % 97} and" for n in range(20_000))
AROUND = Circumstances(tools=tuple(tool(name) for name in ("memory_insert", "memory_replace", "conversation_search")))
CALL = json.dumps(GIVEN)
TAGGED = f'<tool_call>{{"name": "memory_replace", "arguments": {CALL}}}</tool_call>'
REPLIES = {
    "plain text, 200 words": Reply(" ".join(WORDS.split()[:200])),
    "native call": Reply(calls=(RawCall("c", "memory_replace", CALL),)),
    "native call, broken JSON": Reply(calls=(RawCall("c", "memory_replace", CALL.replace('"', "'")),)),
    "call in text": Reply(f"One moment.\n{TAGGED}"),
    "call in thinking": Reply("", f"The name is wrong. {TAGGED}"),
    "python call": Reply('[memory_replace(label="human", old_string="Name: Chad.", new_string="Name: Brad.")]'),
    "plain text, 1 MB": Reply((WORDS * 5)[:1_000_000]),
    "open tags, 1 MB": Reply("<tool_call>{" * 83_333),
    "open objects, 1 MB": Reply('{"name": ' * 111_111),
    "quotes, 1 MB": Reply('{"name": "' + '"' * 1_000_000),
}


def per_delta() -> float:
    """Microseconds for each piece of about one token."""
    pieces = WORDS.replace(" ", "\n ").split("\n")
    stripper, watch = TagStripper(), RepetitionWatch()
    begun = time.perf_counter()
    for piece in pieces:
        stripper.feed(piece)
        watch.feed(piece)
    return (time.perf_counter() - begun) / len(pieces) * 1e6


def milliseconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best * 1000


def main() -> None:
    figure("a piece of a reply", per_delta(), "µs")
    for name, heard in REPLIES.items():
        figure(f"reading a reply: {name}", milliseconds(lambda heard=heard: read_reply(heard, AROUND)), "ms")


if __name__ == "__main__":
    main()
