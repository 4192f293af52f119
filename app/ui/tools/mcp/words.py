"""How the state of a server is told in a word or two, and in which colour."""

from PySide6.QtCore import QCoreApplication

from app.domain.mcp import McpView
from app.ui.kit.wording import counted


def state_of(view: McpView) -> tuple[str, str]:
    """The words and the kind of a badge."""
    words = {
        "unseen": (_tr("needs your look"), "warn"),
        "idle": (_tr("starts when needed"), ""),
        "starting": (_tr("starting"), "info"),
        "signing_in": (_tr("signing in"), "info"),
        "running": (_tr("running"), "ok"),
        "waiting": (_tr("starts again soon"), "warn"),
        "failed": (_tr("cannot start"), "danger"),
    }
    if view.status.code == "mcp_unauthorized":
        return _tr("sign in"), "warn"
    return words[view.status.condition]


def line_of(view: McpView) -> str:
    """The second line of a row."""
    status = view.status
    if view.waiting:
        return counted(view.waiting, _tr("{} changed tool waits for you"), _tr("{} changed tools wait for you"))
    if status.error:
        return status.error
    if status.milliseconds is not None and status.condition == "running":
        return _tr("answers in {} ms").format(status.milliseconds)
    return view.server.launch.written


def _tr(text: str) -> str:
    return QCoreApplication.translate("McpWords", text)
