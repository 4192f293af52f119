"""Which change wrote each line of a text."""

from hypothesis import given
from hypothesis import strategies as st

from app.engine.memory.blame import Revision, blame


def revisions(*texts: str) -> list[Revision]:
    """Newest first, of a text that had these versions; the first created it."""
    pairs = zip((None, *texts), texts, strict=False)
    return [Revision(seq, before, after) for seq, (before, after) in enumerate(pairs, 1)][::-1]


def test_each_line_belongs_to_the_change_that_wrote_it():
    texts = ("Name: Chad.\nLikes tea.", "Name: Brad.\nLikes tea.", "Name: Brad.\nLikes tea.\nHas a cat.")
    assert blame(texts[-1], revisions(*texts)) == (2, 1, 3)


def test_a_line_that_moved_keeps_its_change_where_it_can_be_known():
    texts = ("a\nb\nc", "b\nc", "b\nnew\nc")
    assert blame(texts[-1], revisions(*texts)) == (1, 3, 1)


def test_what_came_before_the_first_known_change_belongs_to_nobody():
    assert blame("a\nb", [Revision(7, "a", "a\nb")]) == (None, 7)


def test_no_more_changes_are_read_than_needed():
    def endless():
        yield Revision(2, None, "a")
        raise AssertionError("read on although every line is known")

    assert blame("a", endless()) == (2,)


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=6), min_size=1, max_size=6))
def test_every_line_has_a_change_that_had_it(versions: list[list[str]]):
    texts = ["\n".join(lines) for lines in versions]
    found = blame(texts[-1], revisions(*texts))
    for line, seq in zip(texts[-1].split("\n"), found, strict=True):
        assert seq is not None
        assert line in texts[seq - 1].split("\n")
