"""What a change made is told in people's words, without the fields that only the program needs."""

from typing import Any

from app.domain.history import MemoryEvent, Op, Origin, TargetKind
from app.ui.memory.history.sentences import sentence_of
from app.ui.state.change_text import text_of, told

PASSAGE: dict[str, Any] = {
    "text": "Brad likes tulips.",
    "tags": ["garden", "Brad"],
    "valid_from": None,
    "superseded_at": None,
    "superseded_by": None,
    "source": "",
    "nearly": None,
    "alikeness": 0.0,
    "metadata": {},
}
ARCHIVE: dict[str, Any] = {"name": "Juno’s archive", "description": "", "embedding": None, "metadata": {}}


def change(kind: TargetKind, op: Op = "create", **after: Any) -> MemoryEvent:
    return MemoryEvent(
        seq=1,
        id="event-1",
        at=1,
        agent_id="agent-1",
        target_kind=kind,
        target_id="x",
        label="x",
        op=op,
        before=None,
        after=after,
        version=1,
        origin=Origin(),
    )


def test_what_nobody_wrote_is_not_told():
    assert text_of(PASSAGE) == "Brad likes tulips.\nTags: garden, Brad"
    assert text_of(ARCHIVE) == "Juno’s archive"
    assert text_of({"position": 0}) == text_of(None) == text_of({}) == ""
    assert text_of({"value": "Name: Brad.", "limit": 20}) == "Name: Brad."
    assert text_of({"limit": 5000, "read_only": False}) == "limit: 5000\nread_only: False"
    assert text_of({"superseded_at": 1_700_000_000_000_000}) == "No longer true since Nov 2023 22:13"


def test_the_archive_of_a_first_passage_goes_without_saying():
    made, given, stored = change("archive"), change("archive", "attach", position=0), change("passage", **PASSAGE)
    assert told((made, given, stored)) == (stored,)
    assert told((made,)) == (made,)


def test_a_summary_says_who_wrote_it():
    by = {who: sentence_of(change("summary", left=26, by=who)) for who in ("model", "person", "extract")}
    assert by["model"] == by["person"] == "26 messages left the context window"
    assert by["extract"] == "26 messages left the context window, kept in extracts"
