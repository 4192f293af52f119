"""Archives and passages."""

from app.adapters.database.mapping.values import EDITED, Values, from_json, same, to_json
from app.adapters.database.prepared import Row
from app.domain.archive import Archive, Passage
from app.domain.history import Actor

_ARCHIVE = ("id", "name", "description", "embedding", "made_for", "passages", *EDITED)
_PASSAGE = (
    *("id", "text", "valid_from", "superseded_at", "superseded_by", "message_id", "run_id", "source"),
    *("nearly", "alikeness", "found_count", "last_found_at", *EDITED),
)


def archive_values(archive: Archive) -> Values:
    """All but how many passages it has, which is counted where they come and go."""
    values = {name: getattr(archive, name) for name in _ARCHIVE if name != "passages"}
    return {**values, "metadata": to_json(archive.metadata)}


def archive_of(row: Row) -> Archive:
    return Archive.model_construct(**same(row, *_ARCHIVE), metadata=from_json(row["metadata"]))


def passage_values(passage: Passage) -> Values:
    """All but its archive, which its row names by number, and what is worked out from the text."""
    return {
        **{name: getattr(passage, name) for name in _PASSAGE},
        "actor": passage.actor.kind,
        "actor_name": passage.actor.name,
        "tags": to_json(passage.tags),
        "metadata": to_json(passage.metadata),
    }


def passage_of(row: Row) -> Passage:
    """`archive_id` stands beside the columns of the passage."""
    return Passage.model_construct(
        **same(row, *_PASSAGE),
        archive_id=row["archive_id"],
        tags=tuple(from_json(row["tags"])),
        actor=Actor.model_construct(kind=row["actor"], name=row["actor_name"]),
        metadata=from_json(row["metadata"]),
    )
