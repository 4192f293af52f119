"""Runs, and what programs asked for with them."""

from app.adapters.database.mapping.values import Values, from_json, same, to_json
from app.adapters.database.prepared import Row
from app.domain.run import Failure, Run, Usage
from app.domain.turn import RunRequest


def usage_values(usage: Usage) -> Values:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "usage_steps": usage.steps,
    }


def usage_of(row: Row) -> Usage:
    counts = same(row, "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
    return Usage(**counts, steps=row["usage_steps"])


_RUN = tuple(name for name in Run.model_fields if name not in ("failure", "usage"))
_CHANGING = ("status", "stop_reason", "resumed", "completed_at")


def run_values(run: Run) -> Values:
    return {**{name: getattr(run, name) for name in _RUN}, **changing_run_values(run)}


def changing_run_values(run: Run) -> Values:
    """What changes once a run has begun. Written with the rest, SQLite would make every index of its row anew, and
    look for all that refers to it.
    """
    failure = None if run.failure is None else run.failure.model_dump_json()
    return {**{name: getattr(run, name) for name in _CHANGING}, **usage_values(run.usage), "failure": failure}


def run_of(row: Row) -> Run:
    failure = None if row["failure"] is None else Failure.model_validate_json(row["failure"])
    return Run(**same(row, *_RUN), failure=failure, usage=usage_of(row))


_RUN_REQUEST = tuple(name for name in RunRequest.model_fields if name != "config")


def run_request_values(request: RunRequest) -> Values:
    return {**{name: getattr(request, name) for name in _RUN_REQUEST}, "config": to_json(request.config)}


def run_request_of(row: Row) -> RunRequest:
    return RunRequest(**same(row, *_RUN_REQUEST), config=from_json(row["config"]))
