"""The recall process: answers one request after another until its input ends, which it does with the engine."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from app.adapters.recall.frames import Broken, frame, read_frame

NICENESS = 5
"""Below what a person waits for: the window and the model server."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Answer = tuple[dict[str, Any], bytes]


def run() -> int:
    """Serves standard input and output. Nothing else may be written there, so that goes to standard error."""
    for name in THREADS:
        os.environ.setdefault(name, "1")  # before numpy is loaded
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        serve(sys.stdin.buffer, answers, Work(_built_in))
    except (Broken, BrokenPipeError):
        return 1
    return 0


def serve(requests: IO[bytes], answers: IO[bytes], work: "Work") -> None:
    """Answers until the requests end. What a request gets wrong is an answer, `{"error": ...}`."""
    while (request := read_frame(requests)) is not None:
        head, body = request
        try:
            told, sent = work.of(head)(head, body)
        except Exception as error:  # noqa: BLE001  (the boundary of this process: the engine is told, and goes on without)
            told, sent = {"error": f"{type(error).__name__}: {error}"}, b""
        answers.write(frame(told, sent))
        answers.flush()


def _built_in() -> Any:
    from app.adapters.recall.child.builtin import BuiltIn

    return BuiltIn()


class Work:
    """What can be asked for, by the name in `do`. Libraries are loaded by what needs them first."""

    def __init__(self, embedder: Callable[[], Any]) -> None:
        self._make_embedder = embedder
        self._embedder: Any = None
        self._stored: tuple[str, Any] | None = None

    def of(self, head: dict[str, Any]) -> Callable[[dict[str, Any], bytes], Answer]:
        known = {
            "embed": self._embed,
            "nearest": self._nearest,
            "follow": self._follow,
            "check_index": self._check_index,
        }
        name = head.get("do")
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"nothing is called {name!r} here")
        return known[name]

    def _embed(self, head: dict[str, Any], body: bytes) -> Answer:
        """`{"texts": [...]}` -> `{"dimension": n}` and the packed vectors behind each other."""
        from app.adapters.recall.child.quantised import packed_rows

        if self._embedder is None:
            self._embedder = self._make_embedder()
        rows = self._embedder.embed([str(text) for text in head["texts"]])
        return {"dimension": rows.shape[1]}, packed_rows(rows)

    def _nearest(self, head: dict[str, Any], body: bytes) -> Answer:
        """`{"database": path, "space": id, "kind": n, "k": n, "scope": [...], "vector": bytes, "but": n, "among": n}`,
        the packed query of so many bytes and then the seqs of `but` and `among` -> `{"found": n}`, then seqs and
        cosines.
        """
        import numpy as np

        from app.adapters.recall.child.matrix import Limits, unpacked
        from app.adapters.recall.child.vectors import Wanted

        size, left_out = int(head["vector"]), int(head["but"])
        seqs = np.frombuffer(body, "<i8", offset=size)
        limits = Limits(
            scope=[int(seq) for seq in head["scope"]] or None,
            among=None if head["among"] is None else seqs[left_out:],
            but=seqs[:left_out],
        )
        wanted = Wanted(str(head["space"]), int(head["kind"]))
        found = self._vectors(head).nearest(wanted, unpacked(body[:size]), int(head["k"]), limits)
        if found is None:
            return {"found": 0}, b""
        owners, cosines = found
        return {"found": len(owners)}, owners.astype("<i8").tobytes() + cosines.astype("<f4").tobytes()

    def _follow(self, head: dict[str, Any], body: bytes) -> Answer:
        """`{"database": path, "index": folder, "space": id, "kind": n, "was_made": ...}` -> see `IndexState`."""
        from app.adapters.recall.child.vectors import Wanted

        wanted = Wanted(str(head["space"]), int(head["kind"]))
        state, more, count = self._vectors(head).follow(wanted, was_made=bool(head["was_made"]))
        return {"state": state, "more": more, "count": count}, b""

    def _check_index(self, head: dict[str, Any], body: bytes) -> Answer:
        from app.adapters.recall.child.chroma import found_again

        return {"found": found_again()}, b""

    def _vectors(self, head: dict[str, Any]) -> Any:
        from app.adapters.recall.child.vectors import StoredVectors

        database = str(head["database"])
        if self._stored is None or self._stored[0] != database:
            self._stored = (database, StoredVectors(Path(database), Path(str(head["index"]))))
        return self._stored[1]
