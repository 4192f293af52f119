"""How well passages and messages are found: `python -m tests.benchmarks.retrieval [--vectors FOLDER]`.

The shares of questions whose answer is the first hit and among the first five, by kind and by language, for meaning
alone, words alone and the rules of `app/engine/retrieval`. Vectors are those of the built-in embedder; it takes about
ten minutes to make them, so `--vectors` keeps them in a folder.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.retrieval.finding import Finder, Ranks, Vectors
from tests.benchmarks.retrieval.sets import Question, Set, life, passages

DRAWS = 1_000
LEAST_QUESTIONS = 100
"""Of a kind whose shortfall is judged."""
MOST_SHORTFALL = 3.0
"""Points that the rules may lie under the better of both searches, in each kind of so many questions."""


class Shares(NamedTuple):
    first: float
    five: float


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--vectors", type=Path, help="folder that keeps vectors from one time to the next")
    folder: Path | None = asked.parse_args().vectors
    for one in (passages(), life()):
        _report(one, Finder(one, Vectors(folder)).ranks())


def _report(one: Set, ranks: Ranks) -> None:
    print(f"\n{one.name}: {len(one.entries)} texts, {len(one.questions)} questions; first hit / among five, in %")
    for half in ("test", "dev", "both halves"):
        chosen = [at for at, question in enumerate(one.questions) if half in (question.half, "both halves")]
        for by in (_kind, _language):
            _table(f"{half}, by {by.__name__[1:]}", one.questions, chosen, by, ranks)
    for kind in sorted({question.kind for question in one.questions}):
        chosen = [at for at, question in enumerate(one.questions) if question.kind == kind]
        if len(chosen) >= LEAST_QUESTIONS:
            _shortfall(kind, chosen, ranks)


def _kind(question: Question) -> str:
    return question.kind


def _language(question: Question) -> str:
    return question.lang


def _table(
    title: str, questions: Sequence[Question], chosen: list[int], by: Callable[[Question], str], ranks: Ranks
) -> None:
    groups = sorted({by(questions[at]) for at in chosen})
    print(f"{title:28}" + "".join(f"{group[:11]:>12}" for group in (*groups, "all")))
    for name, places in ranks.items():
        row = [_shares([places[at] for at in chosen if group in (by(questions[at]), "")]) for group in (*groups, "")]
        print(f"  {name:26}" + "".join(f"{shares.first:8.0f}/{shares.five:<3.0f}" for shares in row))


def _shares(places: Sequence[int]) -> Shares:
    count = max(1, len(places))
    return Shares(100 * sum(one == 1 for one in places) / count, 100 * sum(one <= 5 for one in places) / count)


def _shortfall(kind: str, chosen: list[int], ranks: Ranks) -> None:
    """By how much the rules lie under the better single search at five, and how sure that is (bootstrap, 95 %)."""
    rng = random.Random(1)
    both, meaning, words = (ranks[name] for name in ("both", "meaning", "words (bm25)"))

    def under(places: Sequence[int]) -> float:
        five = [_shares([way[at] for at in places]).five for way in (meaning, words, both)]
        return max(five[0], five[1]) - five[2]

    drawn = sorted(under(rng.choices(chosen, k=len(chosen))) for _ in range(DRAWS))
    low, high = drawn[DRAWS // 40], drawn[-DRAWS // 40]
    found = under(chosen)
    verdict = "within" if found <= MOST_SHORTFALL else "OVER"
    print(f"  {kind}: {found:+.1f} points under the better one (95 %: {low:+.1f} to {high:+.1f}), {verdict} the budget")


if __name__ == "__main__":
    main()
