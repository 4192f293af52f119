"""Everything that can go wrong in a way that a person can act on.

    AppError                  code, message (what happened, what it means), hint (the way out)
    ├── NotFound              an id or a name that does not exist
    ├── Invalid               an argument that cannot be used
    ├── Conflict              the thing changed or is busy
    ├── ModelError            the model server said no, broke off or could not be reached
    ├── StorageError          disk full, read-only, damaged, written by a newer Lares
    └── LinkError             the engine cannot be reached or speaks another version

Codes are for programs (`snake_case`, stable); messages are sentences for people.
"""

from typing import Any


class AppError(Exception):
    """An expected failure.

    `message` is one or two sentences, `hint` says what to do, `details` are facts for a fold.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "", details: dict[str, Any] | None = None):
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.hint = hint
        self.details = details or {}


KEPT = "Your message is kept."
"""What ends the sentence about a model call that failed, where a person's message led to it."""


def said_alone(error: AppError) -> str:
    """What happened, where no message of a person was about to be answered."""
    return error.message.replace(KEPT, "").strip()


class NotFound(AppError):
    """Code: `not_found`, or that of what is missing (`unknown_handle`)."""

    code = "not_found"


class Invalid(AppError):
    """Code: `invalid`, or that of what cannot be used (`settings_file`)."""

    code = "invalid"


class Conflict(AppError):
    """Codes: `version_conflict` (details: current version), `busy` (details: run_id), `name_taken`, `pending_approval`
    (details: pending_request_id), `already_answered`."""

    code = "conflict"


def busy(run_id: str | None, message: str = "", hint: str = "Wait for the reply or stop it first.") -> Conflict:
    """The one refusal of what must wait for a run. `run_id`: what to wait for; None where it is of no use."""
    said = message or "The agent is still replying in this conversation."
    return Conflict(said, code="busy", hint=hint, details={} if run_id is None else {"run_id": run_id})


class ModelError(AppError):
    """Codes: `server_down`, `server_died`, `model_missing`, `prompt_too_large` (details: n_ctx, n_prompt),
    `unauthorized`, `no_credit`, `rate_limited`, `overloaded`, `server_error`, `bad_request`, `timeout`, `empty_reply`,
    `loading` (ready soon), `wrong_address` (something else answers there), `needs_consent` (nothing was sent).

    `retryable` says whether the same request may succeed when sent once more.
    """

    code = "server_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str = "",
        details: dict[str, Any] | None = None,
        retryable: bool = False,
    ):
        super().__init__(message, code=code, hint=hint, details=details)
        self.retryable = retryable


class StorageError(AppError):
    """Codes: `disk_full`, `read_only`, `database_damaged`, `database_missing`, `database_replaced`, `newer_data`,
    `no_wal`, `no_fts5`, `storage`, `token_unreadable`."""

    code = "storage"


class LinkError(AppError):
    """Codes: `engine_gone`, `engine_start`, `protocol`, `other_version`, `crash_loop`, `too_slow`."""

    code = "engine_gone"
