"""Pure: which line of a block changed, and the words that say so."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.ui.kit.text_diff import DiffLine, DiffModel

WORDS_SHOWN = 32


@dataclass(frozen=True)
class LineChange:
    line: int | None
    """Index of the changed line in the text as it is now; None when lines only went away."""
    text: str
    was: str
    """What the changed words were; empty when the line is new."""
    more: int
    """Further lines that changed."""


def tr(text: str) -> str:
    return QCoreApplication.translate("block", text)


def change_of(before: str, after: str) -> LineChange | None:
    """None when nothing differs."""
    model = DiffModel.of(before, after)
    if model.empty:
        return None
    added = [line for line in model.lines if line.kind == "add"]
    removed = [line for line in model.lines if line.kind == "remove"]
    more = max(len(added), len(removed)) - 1
    if not added:
        return LineChange(None, "", removed[0].text, more)
    first = added[0]
    partner = model.lines[first.at - 1] if first.at else None
    was = _words(partner) if partner is not None and partner.kind == "remove" else ""
    return LineChange((first.new or 1) - 1, first.text, was, more)


def _words(line: DiffLine) -> str:
    """The words that went, or the whole line when all of it did or only something was added to it."""
    words = " … ".join(line.text[start:stop].strip() for start, stop in line.strong)
    return words or line.text


def sentence(change: LineChange, actor: str, when: str) -> str:
    """`was “Chad”, changed by Juno 4 s ago`"""
    if change.line is None:
        words = tr("“{0}” and {1} more removed by {2} {3}") if change.more else tr("“{0}” removed by {2} {3}")
    elif not change.was:
        words = tr("new and {1} more, added by {2} {3}") if change.more else tr("new, added by {2} {3}")
    else:
        words = tr("was “{0}” and {1} more, changed by {2} {3}") if change.more else tr("was “{0}”, changed by {2} {3}")
    return words.format(cut(change.was), change.more, actor, when)


def cut(text: str) -> str:
    return text if len(text) <= WORDS_SHOWN else f"{text[: WORDS_SHOWN - 1]}…"


def count_text(length: int, limit: int) -> str:
    """`222 of 2,000 characters`, or by how much it is too long."""
    if length > limit:
        return tr("{0:,} too many").format(length - limit)
    return tr("{0:,} of {1:,} characters").format(length, limit)
