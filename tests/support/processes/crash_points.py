"""Named points of a run at which an engine process kills itself, as a power cut would. Nothing of this is in the app.

A point is `<what is stored>.<moment>`: `before` its transaction, `stored` but not committed, `committed`.
"""

import os
import signal
from pathlib import Path
from typing import Any

VARIABLE = "LARES_TEST_CRASH_AT"
FOLDER = Path(__file__).resolve().parent / "crashing"
"""First on PYTHONPATH, it makes every Python child watch for the point."""
KINDS = {"ModelReplied": "reply", "ToolsReturned": "tools", "WindowFull": "full", "Compacted": "room"}
POINTS = tuple(
    f"{kind}.{moment}"
    for kind in ("start", *KINDS.values(), "finish")
    for moment in ("before", "stored", "committed")
    if (kind, moment) != ("finish", "before")
)
"""`finish` is the transaction that ends the run; whether it will is known only once it is stored."""
LETTER_POINTS = ("letter.noted", "letter.sent")
"""Of a tool that may not be repeated: its start is stored but it has done nothing, and it has acted."""
ANSWER_POINTS = ("answer.before", "answer.stored", "answer.committed")
"""Of the transaction in which the last call that waited is answered."""
LETTERS = "LARES_TEST_LETTERS"
"""The file to which that tool, of the type `custom`, adds a line each time it runs."""


def install() -> None:
    kind, _, moment = os.environ.get(VARIABLE, "").partition(".")
    if LETTERS in os.environ:
        _send_letters(moment if kind == "letter" else "")
    if kind in ("start", "answer"):
        _watch_start(moment, answers=kind == "answer")
    elif kind not in ("", "letter"):
        _watch_commits(kind, moment)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _watch_start(moment: str, *, answers: bool) -> None:
    from app.engine.run.scheduler import Scheduler
    from app.engine.run.start import RunStart

    store: Any = RunStart.store
    launch: Any = Scheduler._launch  # type: ignore[reportPrivateUsage]
    watching = False

    def watched(self: Any, repos: Any) -> Any:
        nonlocal watching
        watching = bool(self.answers) == answers
        if watching and moment == "before":
            _die()
        started = store(self, repos)
        if watching and moment == "stored" and not started.duplicate:
            _die()
        return started

    def watched_launch(*args: Any, **fields: Any) -> Any:
        if watching and moment == "committed":
            _die()
        return launch(*args, **fields)

    setattr(RunStart, "store", watched)  # noqa: B010
    setattr(Scheduler, "_launch", watched_launch)  # noqa: B010


def _send_letters(moment: str) -> None:
    from app.engine.tools.router import ToolRouter
    from app.ports.tools import ToolOutcome

    letters = os.open(os.environ[LETTERS], os.O_WRONLY | os.O_APPEND)

    class Post:
        async def run(self, *_: Any) -> ToolOutcome:
            if moment == "noted":
                _die()
            os.write(letters, b"a letter\n")
            if moment == "sent":
                _die()
            return ToolOutcome(ok=True, text="Sent.")

    make: Any = ToolRouter.__init__
    setattr(ToolRouter, "__init__", lambda self, runners: make(self, {**runners, "custom": Post()}))  # noqa: B010


def _watch_commits(kind: str, moment: str) -> None:
    from app.engine.run import commit as commits
    from app.engine.run import loop

    def is_it(outcome: object, after: Any = None) -> bool:
        if kind == "finish":
            return after is not None and after.intent.kind == "finish"
        return KINDS.get(type(outcome).__name__) == kind

    store: Any = commits._Commit.store  # type: ignore[reportPrivateUsage]
    whole: Any = loop.commit

    def watched(self: Any, state: Any, outcome: Any, fresh: Any) -> Any:
        if moment == "before" and is_it(outcome):
            _die()
        stored = store(self, state, outcome, fresh)
        if moment == "stored" and is_it(outcome, stored.state):
            _die()
        return stored

    async def watched_whole(state: Any, outcome: Any, *others: Any) -> Any:
        stored = await whole(state, outcome, *others)
        if moment == "committed" and is_it(outcome, stored.state):
            _die()
        return stored

    setattr(commits._Commit, "store", watched)  # type: ignore[reportPrivateUsage]  # noqa: B010
    setattr(loop, "commit", watched_whole)  # noqa: B010
