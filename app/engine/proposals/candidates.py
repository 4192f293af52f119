"""Pure: the edits of memory that a message may ask for. Code finds them; a model only says which one is meant.

Nothing that a person says in passing may raise a question, so each kind needs its sign: a wish in so many words, or a
word of correction together with something remembered and something new.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from app.domain.block import Block
from app.engine.proposals.lexicon import ARTICLES, CORRECTING, MINE, OTHERS
from app.engine.proposals.wishes import Wish, sentences_of, wishes_in
from app.engine.proposals.words import Word, is_same, is_unspaced, parts_of, words_of

MOST = 5
"""Candidates that a small model can still tell apart."""
MOST_LINES = 200
"""Lines of all blocks together that are looked at, the first ones."""
MOST_LINE = 300
"""Characters; a longer line is a text of its own, in which one word says little."""
MOST_MESSAGE = 1_000
"""Characters; a longer message tells a story or was pasted."""
_EXACT = ("number", "month", "weekday", "date")
"""Shapes of which another one is told only where it has changed."""
ENOUGH = 4.0
"""Points from which an exchange of words is worth a question."""


_Span = tuple[Word, ...]


@dataclass(frozen=True)
class CandidateEdit:
    """One line of a block exchanged for another. `old` empty: added at the end; `new` empty: removed."""

    block_id: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class _Line:
    block: Block
    text: str
    words: tuple[Word, ...]


def candidate_edits(blocks: Sequence[Block], message: str) -> tuple[CandidateEdit, ...]:
    """At most `MOST`, the most likely first; none where the message asks for no change. Read-only blocks stay."""
    if not may_ask_for_edits(message):
        return ()
    wishes, told = wishes_in(message), _told(message)
    said = words_of(told)
    writable = [block for block in blocks if not block.read_only]
    lines = _lines(writable)
    found: list[CandidateEdit] = []
    for wish in wishes:
        if wish.kind == "forget":
            found += _removals(lines, wish)
    found += _exchanges(lines, told, said) if not found else ()
    for wish in wishes:
        if wish.kind != "forget":
            found += _additions(writable, lines, wish)
    return tuple(dict.fromkeys(found))[:MOST]


def may_ask_for_edits(message: str) -> bool:
    """Whether a message has a sign of a wish or a correction at all, whatever is remembered."""
    if not message.strip() or len(message) > MOST_MESSAGE:
        return False
    told = _told(message)
    if wishes_in(message) or CORRECTING.search(told):
        return True
    return any(word.shape in _EXACT for word in words_of(told))


def _told(message: str) -> str:
    """The sentences that are no questions."""
    return "\n".join(one for one in sentences_of(message) if not one.endswith(("?", "？")))


def _lines(blocks: Iterable[Block]) -> list[_Line]:
    texts = [(block, text) for block in blocks for text in block.value.split("\n")]
    return [_Line(block, text, words_of(text)) for block, text in texts[:MOST_LINES] if 0 < len(text) <= MOST_LINE]


# Forget


def _removals(lines: list[_Line], wish: Wish) -> list[CandidateEdit]:
    asked, rarity = words_of(wish.text), _Rarity(lines)
    scored = [(line, sum(rarity.of(word) for word in _met(line, asked))) for line in lines]
    best = max((score for _, score in scored), default=0.0)
    near = [(line, score) for line, score in scored if score > 0 and score >= best / 2]
    near.sort(key=lambda one: -one[1])
    return [CandidateEdit(line.block.id, line.block.label, line.text, "") for line, _ in near[:MOST]]


def _met(line: _Line, said: Sequence[Word]) -> list[Word]:
    """The words of a line that are met by what was said."""
    return [word for word in line.words if not word.stop and any(_meets(word, one) for one in said)]


def _meets(one: Word, other: Word) -> bool:
    if one.stop or other.stop:
        return False
    if one.relation or other.relation:
        return one.relation == other.relation
    return is_same(one, other)


class _Rarity:
    """How much a word tells: a word that many lines have tells little."""

    def __init__(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._known: dict[str, float] = {}

    def of(self, word: Word) -> float:
        """1 for the only line that has it, less for each more."""
        name = word.relation or word.key
        if name not in self._known:
            holding = sum(any(_meets(word, other) for other in line.words) for line in self._lines)
            self._known[name] = 1 / max(1, holding)
        return self._known[name]


# Remember


def _additions(blocks: list[Block], lines: list[_Line], wish: Wish) -> list[CandidateEdit]:
    if any(line.text.strip(" .。").casefold() == wish.text.strip(" .。").casefold() for line in lines):
        return []
    words = words_of(wish.text)
    ranked = sorted(blocks, key=lambda block: -_fits(block, wish, words, lines))
    return [CandidateEdit(block.id, block.label, "", _styled(block, wish.text)) for block in ranked[:MOST]]


def _fits(block: Block, wish: Wish, words: Sequence[Word], lines: list[_Line]) -> float:
    """How well a block takes a new line."""
    label = block.label.casefold()
    own = [line for line in lines if line.block.id == block.id]
    if wish.label and (wish.label.casefold() in label or label in wish.label.casefold()):
        return 9.0
    if wish.kind == "rule":
        return 3.0 if "persona" in label else 1.0 if label == "human" else 0.0
    dated = {word.shape for word in words} & {"weekday", "month", "date"}
    has_dates = (
        "persona" not in label and label != "human" and any(word.shape in dated for line in own for word in line.words)
    )
    return (2.0 if has_dates else 0.0) + (1.0 if label == "human" else 0.0)


def _styled(block: Block, text: str) -> str:
    """With a full stop only where the lines of the block have one."""
    others = [line for line in block.value.split("\n") if line.strip()]
    return (
        text
        if not others or any(line.rstrip().endswith((".", "。", "!", "！")) for line in others)
        else text.rstrip(".。")
    )


# Correct


def _exchanges(lines: list[_Line], text: str, said: Sequence[Word]) -> list[CandidateEdit]:
    rarity = _Rarity(lines)
    fresh = [word for word in said if word.bears and not word.negated and not _is_known(word, lines)]
    new_ones = _whole_names(_spans(fresh, text))
    owned = _owned(said)
    scored: list[tuple[float, CandidateEdit]] = []
    for line in lines if new_ones else ():
        met = _met(line, said)
        for old in _old_ones(line, said) if met and not _is_of_another(line, met, said, owned) else ():
            for new in new_ones:
                score = _score(line, old, new, said, met, rarity)
                if score >= ENOUGH:
                    changed = _exchanged(line, old, new, text, said)
                    scored.append((score, CandidateEdit(line.block.id, line.block.label, line.text, changed)))
    scored.sort(key=lambda one: -one[0])
    return [edit for _, edit in scored]


def _owned(said: Sequence[Word]) -> list[Word]:
    """What the person speaks of as theirs: the dog of “my dog is called Rex”."""
    pairs = pairwise(said)
    after = [word for before, word in pairs if before.text.casefold() in MINE]
    # “son” holds French sentences together, but never behind “my”.
    return [word for word in after if word.bears or word.relation in OTHERS or word.text.casefold() == "son"]


def _is_of_another(line: _Line, met: list[Word], said: Sequence[Word], owned: list[Word]) -> bool:
    """Whether a line tells of the person what is said of somebody or something of theirs: “Name: Chad.”"""
    if not owned or not all(word.relation for word in met):
        return False
    corrected = any(word.negated and any(is_same(word, own) for own in line.words) for word in said)
    return not corrected and not any(_meets(one, own) for one in owned for own in line.words)


def _old_ones(line: _Line, said: Sequence[Word]) -> list[_Span]:
    """What may be exchanged in a line."""
    own = [word for word in line.words if word.bears]
    denied = [word for word in said if word.negated]
    return [*((part,) for word in own for part in parts_of(word, denied)), *_spans(own, line.text)]


def _exchanged(line: _Line, old: _Span, new: _Span, text: str, said: Sequence[Word]) -> str:
    """The line with the new words, and with their article where both have one."""
    first, begin = old[0].start, new[0].start
    before_old = next((w for w in reversed(line.words) if w.end <= first), None)
    before_new = next((w for w in reversed(said) if w.end <= begin), None)
    pair = (before_old, old[0]), (before_new, new[0])
    if before_old and before_new and all(_is_article_of(article, word) for article, word in pair):
        first, begin = before_old.start, before_new.start
    return line.text[:first] + text[begin : new[-1].end] + line.text[old[-1].end :]


def _is_article_of(article: Word | None, word: Word) -> bool:
    return article is not None and article.text.casefold() in ARTICLES and article.clause == word.clause


def _is_known(word: Word, lines: list[_Line]) -> bool:
    return any(is_same(word, one) for line in lines for one in line.words)


def _spans(words: Sequence[Word], text: str) -> list[_Span]:
    """Each word, and neighbours that stand together as one thing: “New York”, “3 May”."""
    spans: list[_Span] = [(word,) for word in words]
    numbered = enumerate(words)
    for _, group in groupby(numbered, lambda one: _run_key(one, words, text)):
        run = tuple(word for _, word in group)
        if len(run) > 1:
            spans.append(run)
    return spans


def _whole_names(spans: list[_Span]) -> list[_Span]:
    """Without the parts of names of several words: nobody moved to New."""
    names = [span for span in spans if len(span) > 1 and all(word.shape == "capital" for word in span)]
    return [span for span in spans if not any(span != name and set(span) <= set(name) for name in names)]


def _run_key(one: tuple[int, Word], words: Sequence[Word], text: str) -> int:
    """Equal for words parted by nothing but a blank."""
    number, _ = one
    while number and not text[words[number - 1].end : words[number].start].strip(" "):
        number -= 1
    return number


def _score(line: _Line, old: _Span, new: _Span, said: Sequence[Word], met: list[Word], rarity: _Rarity) -> float:
    named = [word for word in said if any(is_same(word, one) for one in old)]
    denied = [word for word in named if word.negated]
    if named and not denied:
        return 0.0
    anchors = [word for word in met if word not in old]
    if not anchors and not denied:
        return 0.0
    score = 5.0 * len(denied) / len(old) + 2 * sum(rarity.of(word) for word in anchors) + _likeness(old, new)
    if _around(line.words, old) & _around(said, new):
        score += 2
    return score


def _likeness(old: _Span, new: _Span) -> float:
    """Whether they are of one kind: a month goes for a month, a name for a name."""
    shapes = {word.shape for word in old}, {word.shape for word in new}
    if shapes[0] == shapes[1]:
        return 2.0 if shapes[0] != {"lower"} or is_unspaced(old[0].text) == is_unspaced(new[0].text) else 0.0
    return -2.0


def _around(words: Sequence[Word], span: _Span) -> set[str]:
    """What the nearest word that says what it is about says, before and behind."""
    before = next((w.relation or w.key for w in reversed(words) if w.end <= span[0].start and not w.stop), "")
    behind = next((w.relation or w.key for w in words if w.start >= span[-1].end and not w.stop), "")
    return {one for one in (before, behind) if one}
