"""The fit test: can this model be an agent?"""

from typing import Any, Literal

from app.domain.base import Field, Frozen, Micros

Verdict = Literal["good", "weak", "unfit"]
"""`good`: passes all that matters. `weak`: works, with mistakes one meets. `unfit`: cannot keep a memory."""

FitTaskName = Literal["tool call", "two steps", "memory edit", "restraint", "json", "speed", "context"]


class FitTask(Frozen):
    """One task of the test, and how the model did it."""

    name: FitTaskName
    passed: bool
    sentence: str
    """What happened, for people: “Called the tool with the right arguments.”"""


class FitReport(Frozen):
    """What a test found. It holds for this digest only: another file under the same name is another model."""

    handle: str
    digest: str = ""
    """Empty where the server gives none; the report then holds until the test is made again."""
    passed: int
    of: int
    tasks: tuple[FitTask, ...]
    tokens_per_second: float | None = None
    """While writing; None where nothing was written that could be measured."""
    context: int | None = None
    """Tokens that the server really served during the test, where it says so."""
    verdict: Verdict
    sentence: str = ""
    """The verdict in words."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What follows for an agent on this model: fields of `AgentPatch` as JSON; empty where the defaults are right."""
    tested_at: Micros


class FitProgress(Frozen):
    """One moment of a test. A task is told twice: when it begins (`passed` None) and when it has ended."""

    task: FitTaskName | None = None
    """None in the first one, while the model is being loaded, and in the last one, which has the report."""
    index: int = 0
    """From 1."""
    of: int
    passed: bool | None = None
    sentence: str = ""
    report: FitReport | None = None
