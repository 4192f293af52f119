"""What servers and tests say of models: lists of an Ollama, and reports of fit tests. Pure."""

from typing import Any

from app.domain.fitness import FitReport, FitTask, FitTaskName
from app.domain.model import Model

GB = 1_000_000_000
TASKS: tuple[FitTaskName, ...] = ("tool call", "two steps", "memory edit", "restraint", "json", "speed", "context")


def ollama_models(*names: str) -> tuple[Model, ...]:
    """Models as an Ollama of the household would list them."""
    every = (
        _model("qwen3:8b", 5.2, tools=True, reasoning=True, trained_context=40960),
        _model("ministral-3:8b", 6.0, tools=True, vision=True, trained_context=262144),
        _model("gemma4:e4b", 3.3, tools=True, vision=True, trained_context=131072),
        _model("mistral-small3.2:24b", 15.0, tools=True, trained_context=131072),
        _model("nomic-embed-text", 0.274, embedding=True, unfit="Creates embeddings, cannot chat."),
        _model("gpt-oss:120b-cloud", None, tools=True, cloud=True),
        _model("qwen3:4b", 2.5, tools=True, reasoning=True, trained_context=40960),
    )
    return tuple(model for model in every if model.name in names)


def _model(name: str, size: float | None, **fields: Any) -> Model:
    bytes_ = None if size is None else round(size * GB)
    return Model(
        handle=f"ollama/{name}",
        provider="ollama",
        name=name,
        size_bytes=bytes_,
        quantization="Q4_K_M" if size else "",
        digest=f"digest of {name}",
        **fields,
    )


def a_report(handle: str, passed: int = 7, verdict: str = "good", **fields: Any) -> FitReport:
    tasks = tuple(
        FitTask(name=name, passed=at < passed, sentence=f"It {'did' if at < passed else 'did not do'} the {name}.")
        for at, name in enumerate(TASKS)
    )
    given = {
        "handle": handle,
        "passed": passed,
        "of": len(TASKS),
        "tasks": tasks,
        "tokens_per_second": 34.2,
        "verdict": verdict,
        "sentence": "It keeps a memory." if verdict == "good" else "It forgets what it should write down.",
        "tested_at": 1_763_800_000_000_000,
        **fields,
    }
    return FitReport.model_validate(given)
