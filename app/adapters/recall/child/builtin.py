"""The built-in embedder: two small models side by side, so that English and other languages are both understood.

One vector of 896 numbers: both halves, scaled so that a product of two vectors is .35 of MiniLM's and .65 of the
sentence encoder's. The shares are those that did best on passages in four languages (see tests/benchmarks/retrieval).
"""

import numpy as np

from app.adapters.recall.child import minilm, sentence_encoder
from app.adapters.recall.child.minilm import Matrix, MiniLM, unit
from app.adapters.recall.child.sentence_encoder import SentenceEncoder

MINILM_SHARE = 0.35
DIMENSION = minilm.DIMENSION + sentence_encoder.DIMENSION
WINDOW = 1_000
"""Characters of a text that are embedded as one; of a longer text the mean of its windows is taken."""
MOST_WINDOWS = 8
"""What comes behind them can be found by its words only."""


class BuiltIn:
    """Texts to vectors. Takes about 0.7 s to load; one text of 40 words takes about 30 ms of a processor."""

    def __init__(self) -> None:
        self._minilm = MiniLM()
        self._encoder = SentenceEncoder()

    def embed(self, texts: list[str]) -> Matrix:
        """One row of unit length a text; of an empty text nothing but zeros."""
        parts = [windows(text) for text in texts]
        flat = [one for part in parts for one in part]
        if not flat:
            return np.zeros((len(texts), DIMENSION), np.float32)
        halves = (
            np.float32(MINILM_SHARE**0.5) * self._minilm.embed(flat),
            np.float32((1 - MINILM_SHARE) ** 0.5) * self._encoder.embed(flat),
        )
        whole = np.concatenate(halves, axis=1)
        rows = np.zeros((len(texts), DIMENSION), np.float32)
        at = 0
        for number, part in enumerate(parts):
            if part:
                rows[number] = whole[at : at + len(part)].mean(0)
                at += len(part)
        return unit(rows)


def windows(text: str) -> list[str]:
    """A text in parts of about equal length that end where a word does."""
    text = " ".join(text.split())
    if not text:
        return []
    count = min(MOST_WINDOWS, -(-len(text) // WINDOW))
    if count == 1:
        return [text[: WINDOW * 2]]
    size = min(WINDOW, -(-len(text) // count))
    found: list[str] = []
    start = 0
    while start < len(text) and len(found) < MOST_WINDOWS:
        end = min(len(text), start + size)
        space = text.find(" ", end) if end < len(text) else -1
        end = space if 0 <= space < end + size // 4 else end
        found.append(text[start:end].strip())
        start = end
    return [one for one in found if one]
