"""MiniLM (all-MiniLM-L6-v2, 8 bits): meaning in English. Run by onnxruntime."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
import tokenizers

from app.adapters.recall.child.weights import minilm_model, minilm_tokenizer

Matrix = npt.NDArray[np.float32]
_runtime: Any = onnxruntime  # neither of both says what its functions take
_tokenizer: Any = tokenizers.Tokenizer

DIMENSION = 384
MOST_TOKENS = 256
"""Of one piece of text; the model was trained on no more."""
AT_ONCE = 16
"""Texts in one run: more of them gain nothing on a processor, and padding costs."""


class MiniLM:
    def __init__(self) -> None:
        options = _runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = _runtime.InferenceSession(str(minilm_model()), options, providers=["CPUExecutionProvider"])
        self._tokenizer = _tokenizer.from_file(str(minilm_tokenizer()))
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.no_padding()

    def embed(self, texts: list[str]) -> Matrix:
        """One row of unit length a text: the mean over its tokens."""
        rows = np.empty((len(texts), DIMENSION), np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # alike in length, so that little is padded
        for start in range(0, len(order), AT_ONCE):
            group = order[start : start + AT_ONCE]
            rows[group] = self._run([texts[at] for at in group])
        return rows

    def _run(self, texts: list[str]) -> Matrix:
        found = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        ids = np.zeros((len(found), max(map(len, found))), np.int64)
        mask = np.zeros_like(ids)
        for row, one in enumerate(found):
            ids[row, : len(one)] = one
            mask[row, : len(one)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden: Matrix = self._session.run(None, given)[0]
        weights = mask[..., None].astype(np.float32)
        return unit((hidden * weights).sum(1) / weights.sum(1))


def unit(rows: Matrix) -> Matrix:
    """Each row with the length 1; one of nothing stays nothing."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return (rows / np.maximum(length, 1e-12)).astype(np.float32)
