"""The multilingual universal sentence encoder v3 (Yang et al., 2019), its convolutional form, in numpy.

The network: pieces of 512 numbers, three branches of convolutions over 2, 3 and 5 neighbours with a residual of two
layers each, the branches beside the pieces, a normalisation, a sum over the pieces divided by the root of their number,
and two dense blocks with shortcuts. The pieces are kept in six bits, in 17 interleaved tables with a scale each.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.adapters.recall.child.minilm import Matrix, unit
from app.adapters.recall.child.pieces import Pieces
from app.adapters.recall.child.weights import encoder_pieces, encoder_weights

DIMENSION = 512
TABLES = 17
MOST_PIECES = 512
AT_ONCE = 384
"""Pieces that go through the network at once: its matrices stay within the processor's cache."""
BRANCHES = ((2, 0), (3, 1), (5, 2))
"""How many neighbours a branch sees, and how many of them stand before the piece."""
HIDDEN = 256


class _Branch(NamedTuple):
    width: int
    before: int
    first: Matrix
    first_bias: Matrix
    second: Matrix
    second_bias: Matrix


class SentenceEncoder:
    def __init__(self) -> None:
        stored = np.load(encoder_weights(), allow_pickle=False)
        self._table = np.empty((TABLES * len(stored["q1"]), DIMENSION), np.uint8)
        for number in range(TABLES):
            self._table[number::TABLES] = stored[f"q{number + 1}"]
        self._scale, self._least = stored["scale"].astype(np.float32), stored["lo"].astype(np.float32)
        self._w: dict[str, Matrix] = {name: stored[name] for name in stored.files if not name.startswith("q")}
        self._least_spread = float(stored["eps"])
        widths = [width for width, _ in BRANCHES]
        self._into = np.concatenate([self._w[f"proj{width}"] for width in widths], axis=1)
        self._into_bias = np.concatenate([self._w[f"proj_b{width}"] for width in widths])
        self._gain = np.concatenate([self._w[f"ln_g{width}"] for width in widths])
        self._shift = np.concatenate([self._w[f"ln_b{width}"] for width in widths])
        self._branches = [
            _Branch(width, before, *(self._w[f"{name}_{width}"] for name in ("w1", "b1", "w2", "b2")))
            for width, before in BRANCHES
        ]
        self._pieces = Pieces(encoder_pieces())

    def embed(self, texts: list[str]) -> Matrix:
        """One row of unit length a text."""
        rows: list[Matrix] = []
        group: list[list[int]] = []
        held = 0
        for text in texts:
            ids = self._pieces.ids(text, MOST_PIECES)
            if group and held + len(ids) > AT_ONCE:
                rows.append(self._run(group))
                group, held = [], 0
            group.append(ids)
            held += len(ids)
        if group:
            rows.append(self._run(group))
        return np.concatenate(rows) if rows else np.empty((0, DIMENSION), np.float32)

    def _run(self, group: list[list[int]]) -> Matrix:
        sizes = np.array([len(ids) for ids in group])
        flat = np.concatenate([np.array(ids) for ids in group])
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        table = flat % TABLES
        pieces = self._table[flat] * self._scale[table, None] + self._least[table, None]
        entered = self._spread(pieces @ self._into + self._into_bias, self._gain, self._shift)
        near = _neighbours(sizes, starts)
        seen = [pieces]
        for number, branch in enumerate(self._branches):
            seen.append(_convolved(branch, entered[:, number * HIDDEN : (number + 1) * HIDDEN], near))
        whole = self._spread(np.concatenate(seen, axis=1), self._w["ln_g"], self._w["ln_b"])
        counts = sizes[:, None].astype(np.float32)
        summed = np.add.reduceat(whole, starts, axis=0) @ self._w["cnn_W"] + counts * self._w["cnn_b"]
        return self._dense((summed / np.sqrt(counts)).astype(np.float32))

    def _dense(self, x: Matrix) -> Matrix:
        w = self._w
        hidden = np.maximum(x @ w["p1"] + np.maximum(x @ w["d0"], 0) @ w["d1"], 0)
        return unit(np.tanh(hidden @ w["p3"] + np.maximum(hidden @ w["d2"], 0) @ w["d3"]))

    def _spread(self, x: Matrix, gain: Matrix, shift: Matrix) -> Matrix:
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + self._least_spread)
        return (centred / spread * gain + shift).astype(np.float32)


def _neighbours(sizes: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each piece the places of those from two before to two behind it; one past all where its text ends."""
    total = int(sizes.sum())
    first = np.repeat(starts, sizes)[:, None]
    behind = first + np.repeat(sizes, sizes)[:, None]
    places = np.arange(total)[:, None] + np.arange(-2, 3)
    return np.where((places >= first) & (places < behind), places, total)


def _convolved(branch: _Branch, entered: Matrix, near: npt.NDArray[np.int64]) -> Matrix:
    chosen = near[:, 2 - branch.before : 2 - branch.before + branch.width]
    total = len(entered)
    padded = np.zeros((total + 1, HIDDEN), np.float32)  # its last row is what stands outside a text
    padded[:total] = entered
    first = np.maximum(padded[chosen].reshape(total, -1) @ branch.first + branch.first_bias, 0) + entered
    padded[:total] = first
    return np.maximum(padded[chosen].reshape(total, -1) @ branch.second + branch.second_bias, 0) + first
