"""What other programs' assistants are told of memory, in plain text, bounded. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from app.domain.base import Micros
from app.domain.block import Block
from app.domain.error import Invalid
from app.domain.message import SearchHit

LONGEST_HIT = 600
"""Characters of a message that was found."""
LONGEST = 40_000
"""Characters of one answer."""
MOST_LINES = 20
"""Lines of blocks that are told of a search."""


def read_aloud(blocks: Sequence[Block]) -> str:
    """Blocks word for word."""
    if not blocks:
        return "This agent has no memory blocks."
    return cut("\n\n".join(_block(block) for block in blocks))


def _block(block: Block) -> str:
    about = f" ({block.description})" if block.description else ""
    locked = "\n[read only]" if block.read_only else ""
    return f"## {block.label}{about}{locked}\n{block.value or '[empty]'}"


def lines_with(blocks: Sequence[Block], query: str) -> list[str]:
    """The lines of blocks that have a word of the query, those with most of them first."""
    words = {word for word in query.casefold().split() if len(word) > 2} or {query.casefold().strip()}
    found: list[tuple[int, str]] = []
    for block in blocks:
        for line in filter(str.strip, block.value.split("\n")):
            count = sum(word in line.casefold() for word in words)
            if count:
                found.append((-count, f"{block.label}: {line.strip()}"))
    return [line for _, line in sorted(found, key=lambda one: one[0])[:MOST_LINES]]


def messages_found(hits: Sequence[SearchHit]) -> list[str]:
    """Each on one line, with its day and who said it."""
    who = {"user": "the person", "assistant": "the agent"}
    return [
        f"{day(hit.message.created_at)}, {who.get(hit.message.role, hit.message.role)}: "
        + cut(" ".join(hit.message.text.split()), LONGEST_HIT)
        for hit in hits
    ]


def found(lines: Sequence[str], archive: str, messages: Sequence[str]) -> str:
    """All that a search found."""
    parts = [
        ("In memory blocks", "\n".join(f"- {line}" for line in lines)),
        ("In the archive", archive),
        ("In conversations", "\n".join(f"- {one}" for one in messages)),
    ]
    told = [f"## {title}\n{text}" for title, text in parts if text]
    return cut("\n\n".join(told)) if told else "Nothing that this agent remembers fits."


def line_of(block: Block, words: str) -> str:
    """The one line of a block that has these words. Raises `Invalid` where none or several have."""
    if block.value.split("\n").count(words) == 1:
        return words
    lines = [line for line in block.value.split("\n") if words in line]
    if len(lines) != 1 or lines[0].count(words) != 1:
        what = "does not stand" if not lines else "stands more than once"
        raise Invalid(
            f"“{cut(words, 80)}” {what} in one line of “{block.label}”, so it is not known what to correct.",
            hint="Read the block with read_memory and give the words exactly, enough of them to be found once.",
        )
    return lines[0]


def day(at: Micros) -> str:
    """In UTC, as 2026-11-30."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d")


def cut(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
