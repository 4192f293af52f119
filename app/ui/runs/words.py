"""Runs in words: who began them, how they stand, why they ended, how long things took."""

from PySide6.QtCore import QCoreApplication

from app.domain.run import Run, RunStatus, StopReason
from app.ui.kit.wording import full_time, moment, now

STATUS_LOOK: dict[RunStatus, tuple[str, str]] = {
    "created": ("clock", "text2"),
    "running": ("flame", "accent"),
    "completed": ("check", "ok"),
    "failed": ("error", "danger"),
    "cancelled": ("stop", "muted"),
}
"""Icon and colour token of each status."""


def tr(text: str) -> str:
    return QCoreApplication.translate("runs", text)


def status_words(status: RunStatus) -> str:
    return {
        "created": tr("Waiting"),
        "running": tr("Running"),
        "completed": tr("Completed"),
        "failed": tr("Failed"),
        "cancelled": tr("Stopped"),
    }[status]


def ending_words(run: Run) -> str:
    """Why it ended; what went wrong in the words in which the conversation told it."""
    if run.failure is not None and run.failure.message:
        return run.failure.message
    names: dict[StopReason, str] = {
        "end_turn": tr("end of turn"),
        "tool_rule": tr("a tool ended it"),
        "requires_approval": tr("approval needed"),
        "max_steps": tr("all steps used"),
        "max_tokens_exceeded": tr("output limit reached"),
        "cancelled": tr("stopped"),
    }
    return names.get(run.stop_reason, run.stop_reason.replace("_", " ")) if run.stop_reason is not None else ""


def begun_by(run: Run, cause: str) -> str:
    """Who began it, with the first words of the message."""
    names = {
        "window": tr("You"),
        "terminal": tr("You, in the terminal"),
        "api": tr("API"),
        "sleep-time": tr("Sleep-time"),
        "mcp": tr("An assistant, over MCP"),
    }
    name = names.get(run.started_by, run.started_by)
    if run.purpose == "fit_test":
        name = tr("Fit test")
    if run.purpose == "summary":
        return tr("{}: a summary").format(name)
    return f"{name}: “{cause}”" if cause else name


def time_words(at: int) -> str:
    """To the second, since runs of a minute must be told apart."""
    then = moment(at)
    return then.strftime("%H:%M:%S") if then.date() == now().date() else full_time(at)


def took(micros: int | None) -> str:
    """`6 ms`, `2.98 s`, `12 min`."""
    if micros is None:
        return ""
    seconds = micros / 1_000_000
    if seconds < 1:
        return tr("{} ms").format(max(0, round(micros / 1000)))
    if seconds < 100:
        return tr("{:.2f} s").format(seconds) if seconds < 10 else tr("{:.1f} s").format(seconds)
    return tr("{} min").format(round(seconds / 60))
