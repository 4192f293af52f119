"""Rows of numbers in eight bits, as `app.domain.vector` packs them."""

import numpy as np

from app.adapters.recall.child.minilm import Matrix

TOP = 127


def packed_rows(rows: Matrix) -> bytes:
    """Each row as its scale and its numbers in whole steps of it, one behind the other."""
    scales = np.abs(rows).max(axis=1, keepdims=True, initial=0.0) / TOP
    numbers = np.rint(rows / np.where(scales == 0, 1, scales)).astype(np.int8)
    return b"".join(
        scale.astype("<f4").tobytes() + number.tobytes() for scale, number in zip(scales, numbers, strict=True)
    )
