"""Versions of the database's shape. Importing this imports no Alembic: upgrade.py does, and is rarely needed."""

from pathlib import Path
from typing import NamedTuple


class Versions(NamedTuple):
    """What a Lares knows of shapes."""

    revisions: tuple[str, ...]
    """Oldest first; a script for each is in one of the folders."""
    format: int
    """Grows when rows change their meaning in a way that an older Lares would misread."""
    folders: tuple[Path, ...]

    @property
    def head(self) -> str:
        return self.revisions[-1]


CURRENT = Versions(
    (
        "0001",
        "0002",
        "0003",
        "0004",
        "0005",
        "0006",
        "0007",
        "0008",
        "0009",
        "0010",
        "0011",
        "0012",
        "0013",
        "0014",
        "0015",
        "0016",
        "0017",
        "0018",
        "0019",
        "0020",
        "0021",
        "0022",
        "0023",
        "0024",
    ),
    1,
    (Path(__file__).parent / "versions",),
)
