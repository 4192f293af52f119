"""Rows of a list are brought to what is wanted by as few signals as it takes: each makes its views work."""

import random

from PySide6.QtWidgets import QApplication

from app.ui.state.list_rows import RowList


class Told:
    """What a list told its views, and the list they would have by that alone."""

    def __init__(self, rows: RowList[tuple[str, int]]) -> None:
        self.signals: list[str] = []
        self._rows, self.seen = rows, list(rows.rows)
        rows.rowsInserted.connect(self._inserted)
        rows.rowsRemoved.connect(self._removed)
        rows.rowsMoved.connect(self._moved)
        rows.dataChanged.connect(self._changed)

    def _inserted(self, _parent: object, first: int, last: int) -> None:
        self.signals.append("inserted")
        self.seen[first:first] = self._rows.rows[first : last + 1]

    def _removed(self, _parent: object, first: int, last: int) -> None:
        self.signals.append("removed")
        del self.seen[first : last + 1]

    def _moved(self, _parent: object, first: int, _last: int, _to: object, place: int) -> None:
        self.signals.append("moved")
        self.seen.insert(place, self.seen.pop(first))

    def _changed(self, first: object, _last: object) -> None:
        self.signals.append("changed")
        row = first.row()  # type: ignore[attr-defined]
        self.seen[row] = self._rows.rows[row]


def listed(*rows: tuple[str, int]) -> tuple[RowList[tuple[str, int]], Told]:
    made: RowList[tuple[str, int]] = RowList(lambda row: row[0])
    made.show(rows)
    return made, Told(made)


def test_rows_that_come_or_go_together_are_told_once(qapp: QApplication) -> None:
    rows, told = listed()
    some = [(name, 0) for name in "abcdef"]
    rows.show(some)
    rows.show([some[0], *some[3:]])
    rows.show(())
    assert told.signals == ["inserted", "removed", "removed"]


def test_an_equal_list_is_no_news(qapp: QApplication) -> None:
    rows, told = listed(("a", 1), ("b", 2))
    rows.show([("a", 1), ("b", 2)])
    assert told.signals == []


def test_what_is_told_always_leads_to_what_is_wanted(qapp: QApplication, seeded_random: random.Random) -> None:
    rows, told = listed()
    for _ in range(500):
        names = seeded_random.sample("abcdefgh", seeded_random.randrange(9))
        wanted = [(name, seeded_random.randrange(2)) for name in names]
        rows.show(wanted)
        assert list(rows.rows) == told.seen == wanted
