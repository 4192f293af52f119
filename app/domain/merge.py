"""Pure: three-way merge of texts by lines, for edits that met a later change."""

from difflib import SequenceMatcher


def merge(base: str, ours: str, theirs: str) -> str | None:
    """`ours` and `theirs` both began as `base`: both changes together, or None where they touch the same lines."""
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    lines = base.split("\n")
    a, b = _edits(lines, ours.split("\n")), _edits(lines, theirs.split("\n"))
    if any(_meet(x, y) for x in a for y in b):
        return None
    result: list[str] = []
    at = 0
    for start, end, new in sorted(a + b, key=lambda edit: (edit[0], edit[1])):
        result += lines[at:start] + new
        at = end
    return "\n".join(result + lines[at:])


Edit = tuple[int, int, list[str]]


def _edits(base: list[str], other: list[str]) -> list[Edit]:
    codes = SequenceMatcher(None, base, other, autojunk=False).get_opcodes()
    return [(i1, i2, other[j1:j2]) for tag, i1, i2, j1, j2 in codes if tag != "equal"]


def _meet(x: Edit, y: Edit) -> bool:
    """Touching edits count as meeting: their order would be a guess."""
    return x[0] <= y[1] and y[0] <= x[1]
