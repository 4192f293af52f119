"""Which ways out of a problem are offered, the most wanted first. Pure."""

from dataclasses import dataclass
from typing import Literal

from app.domain.address import is_here
from app.domain.model import ModelHandle
from app.ui.chat.transcript.row import Problem
from app.ui.kit.wording import count
from app.ui.state.model_entries import ModelsKnown
from app.ui.state.model_wording import file_size, tr

RemedyKey = Literal["again", "switch", "get", "enlarge", "blocks", "server", "test", "allow", "start", "download"]
STEP = 1024
OVERFLOW = ("prompt_too_large", "context_window_overflow", "context_window_overflow_in_system_prompt")
BAD_CALLS = ("invalid_tool_call", "cut_call", "empty_reply", "only_thinking", "repetition", "repeated_call")


@dataclass(frozen=True)
class Remedy:
    key: RemedyKey
    text: str
    icon: str = ""


def remedies_of(problem: Problem, known: ModelsKnown, model: str, max_steps: int = 0) -> tuple[Remedy, ...]:
    """`model`: handle of the agent's model."""
    again, other = Remedy("again", tr("Try again"), "refresh"), Remedy("switch", tr("Choose another model…"))
    match problem.code:
        case "server_down" | "server_died" if (start := _start(known, model)) is not None:
            ways = (start, again) if start.key == "start" else (again, start)
            return *ways, Remedy("switch", tr("Switch model…"))
        case "server_down" | "server_died" | "timeout" | "rate_limited" | "overloaded":
            return again, Remedy("switch", tr("Switch model…"))
        case "model_missing" | "unknown_handle":
            return _missing(problem, known, model, again)
        case "loading":
            return (again,)
        case "unauthorized":
            return Remedy("server", tr("Change the key…"), "key"), again, other
        case "needs_consent":
            return Remedy("allow", tr("Allow its server…"), "shield"), other
        case "wrong_address":
            return Remedy("server", tr("Change the address…"), "server"), again, other
        case "max_steps":
            words = tr("Continue for {} more steps").format(max_steps) if max_steps else tr("Continue")
            return (Remedy("again", words, "play"),)
        case code if code in OVERFLOW:
            return (*_larger(problem, known, model), Remedy("blocks", tr("Shorten blocks"), "memory"), again)
        case code if code in BAD_CALLS:
            return again, Remedy("test", tr("Test this model"), "pulse"), other
        case "bad_request" | "no_credit":
            return again, other
        case _:
            return again, Remedy("switch", tr("Switch model…"))


def _start(known: ModelsKnown, model: str) -> Remedy | None:
    """An Ollama of this computer that does not answer is started, or fetched where there is none."""
    offer = known.offer_of(model)
    if offer is None or offer.provider.kind != "ollama" or not is_here(offer.provider.base_url):
        return None
    if "ollama" in known.startable:
        return Remedy("start", tr("Start Ollama"), "play")
    return Remedy("download", tr("Download Ollama…"), "download")


def _missing(problem: Problem, known: ModelsKnown, model: str, again: Remedy) -> tuple[Remedy, ...]:
    name = missing_name(problem, model)
    listed = next((row for row in known.recommended if row.name == name), None)
    offer = known.offer_of(model)
    another = Remedy("switch", tr("Choose another…"))
    if offer is None or offer.provider.kind != "ollama" or _detail(problem, "cloud"):
        return another, again
    words = (
        tr("Download it again, {}").format(file_size(listed.size_bytes))
        if listed is not None
        else tr("Download it again")
    )
    return Remedy("get", words, "download"), another, again


def missing_name(problem: Problem, model: str) -> str:
    return _detail(problem, "model") or ModelHandle.parse(model).name


def _larger(problem: Problem, known: ModelsKnown, model: str) -> tuple[Remedy, ...]:
    """A larger context size, where the server can be told one and the model allows it."""
    size = enlarged(problem, known, model)
    return (Remedy("enlarge", tr("Enlarge to {} tokens").format(count(size)), "context"),) if size else ()


def enlarged(problem: Problem, known: ModelsKnown, model: str) -> int | None:
    """The context size with which this request would fit, with room for as long a reply again."""
    needed = _detail(problem, "n_prompt") or _detail(problem, "n_prompt_tokens")
    described, offer = known.model(model), known.offer_of(model)
    if offer is None or offer.provider.kind != "ollama" or not needed.isdigit():
        return None
    most = described.trained_context if described is not None else None
    size = -(-int(int(needed) * 1.5) // STEP) * STEP
    if most is not None and most < int(needed):
        return None
    return min(size, most) if most is not None else size


def _detail(problem: Problem, name: str) -> str:
    return next((value for key, value in problem.details if key == name), "")
