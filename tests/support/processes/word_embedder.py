"""The recall process with a cheap embedder: texts with words in common are near each other, and so are a few synonyms.

It is started like the real one and speaks, searches and dies like it; only its models are left out.
"""

import sys
import zlib
from collections.abc import Sequence
from typing import Any

SAME = {"serviced": "maintained", "boiler": "heating", "dog": "rex"}
"""Words that mean the same to it."""
DIMENSION = 896


INDEX_FROM = "--index-from"


def command() -> Sequence[str]:
    """What starts it."""
    return [sys.executable, "-m", "tests.support.processes.word_embedder"]


def indexing_command() -> Sequence[str]:
    """The same, with Chroma beside a handful of vectors already."""
    return [*command(), INDEX_FROM, "10"]


class WordEmbedder:
    def embed(self, texts: list[str]) -> Any:
        import numpy as np

        rows = np.zeros((len(texts), DIMENSION), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in "".join(letter if letter.isalnum() else " " for letter in text.lower()).split():
                row[zlib.crc32(SAME.get(word, word).encode()) % DIMENSION] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def main() -> None:
    from app.adapters.recall.child.main import Work, serve

    if INDEX_FROM in sys.argv:
        from app.adapters.recall.child import vectors

        vectors.FROM = int(sys.argv[-1])
    serve(sys.stdin.buffer, sys.stdout.buffer, Work(WordEmbedder))


if __name__ == "__main__":
    main()
