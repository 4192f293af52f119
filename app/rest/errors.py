"""How failures look to programs: one table from error codes to statuses, and the shapes the SDKs know."""

from typing import Any

from pydantic import ValidationError

from app.domain.error import AppError, Conflict, Invalid, ModelError, NotFound, StorageError
from app.domain.mcp import McpError
from app.domain.run import STOP_REASONS, StopReason

STATUS_OF_CODE = {
    # Of this interface itself.
    "validation": 422,
    "not_yet": 501,
    "cloud_only": 501,
    "too_large": 413,
    "too_slow": 408,
    "closing": 503,
    "programs_not_allowed": 403,
    # What is asked cannot be.
    "immutable": 405,
    "unknown_handle": 404,
    "block_full": 400,
    "busy": 409,
    "name_taken": 409,
    "version_conflict": 409,
    "changed_since": 409,
    "pending_approval": 409,
    "already_answered": 409,
    # What the model server said.
    "bad_request": 400,
    "prompt_too_large": 400,
    "unauthorized": 401,
    "no_credit": 402,
    "model_missing": 404,
    "rate_limited": 429,
    "overloaded": 503,
    "timeout": 504,
    # What an MCP server did, or did not.
    "mcp_timeout": 408,
    "mcp_not_found": 400,
    "mcp_unseen": 403,
    "mcp_changed": 409,
    # Of the disk.
    "disk_full": 507,
}
"""What is not here goes by its class."""
STATUS_OF_CLASS: tuple[tuple[type[AppError], int], ...] = (
    (NotFound, 404),
    (Invalid, 400),
    (Conflict, 409),
    (ModelError, 500),
    (McpError, 502),
    (StorageError, 500),
)
TYPE_OF_CODE = {
    "bad_request": "llm_bad_request",
    "prompt_too_large": "llm_bad_request",
    "unauthorized": "llm_authentication",
    "no_credit": "llm_insufficient_credits",
    "model_missing": "llm_not_found",
    "rate_limited": "llm_rate_limit",
    "timeout": "llm_timeout",
}
"""How programs know the failures of a model, by the names that the Letta API gives them; the others are `llm_error`."""
EXAMPLES = 5


class NotYet(AppError):
    """A part of the interface that this version does not have. The sentence names it."""

    code = "not_yet"


class Misshapen(AppError):
    """A request that is not of the documented shape."""

    code = "validation"


Answer = tuple[int, Any]


def answer_of(error: AppError) -> Answer:
    """Status and body. Neither paths nor keys are in an error's message or hint; its details stay here."""
    status = status_of(error)
    text = f"{error.message} {error.hint}".strip()
    if status == 422:
        return 422, {"trace_id": "", "detail": text, "examples": list(error.details.get("examples", ()))}
    if isinstance(error, ModelError):
        return status, llm_error(error.code, error.message, error.hint)
    if error.code == "pending_approval":
        pending = error.details.get("pending_request_id")
        return status, {"detail": {"code": "PENDING_APPROVAL", "message": text, "pending_request_id": pending}}
    if error.code == "busy" and "run_id" in error.details:
        detail = f"CONFLICT: Cannot send a new message: {text}"
        return status, {"detail": detail, "run_id": error.details["run_id"]}
    return status, {"detail": text}


def status_of(error: AppError) -> int:
    known = STATUS_OF_CODE.get(error.code)
    if known is not None:
        return known
    return next((status for kind, status in STATUS_OF_CLASS if isinstance(error, kind)), 500)


def failed_run(code: str, message: str, hint: str, stop_reason: StopReason | None) -> Answer:
    """The answer to a request whose run failed."""
    status = STATUS_OF_CODE.get(code, 500)
    if stop_reason is not None and STOP_REASONS[stop_reason].by_model:
        return status, llm_error(code, message, hint)
    return status, {"detail": f"{message} {hint}".strip()}


def llm_error(code: str, message: str, detail: str) -> dict[str, Any]:
    return {"error": {"type": error_type(code), "message": message, "detail": detail}}


def error_type(code: str) -> str:
    """The Letta API's name for a failure of the model."""
    return TYPE_OF_CODE.get(code, "llm_error")


_SHAPES = {
    **dict.fromkeys(("model_type", "dict_type", "model_attributes_type"), "Input should be an object"),
    **dict.fromkeys(("list_type", "tuple_type"), "Input should be a list"),
}
"""JSON's own words, by pydantic's kind of error, whose sentences name classes of Python."""


def misshapen(error: ValidationError, where: str) -> Misshapen:
    """What is wrong and where, without what was given: that may be a secret."""
    problems = [
        f"{'.'.join((where, *(str(part) for part in one['loc'])))}: {_SHAPES.get(one['type'], one['msg'])}".replace(
            ": Value error, ", ": ", 1
        )
        for one in error.errors(include_url=False, include_input=False, include_context=False)[:EXAMPLES]
    ]
    return Misshapen("; ".join(problems), details={"examples": ()})
