"""The question before anything is sent to a server elsewhere that a variable of the environment names."""

from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication

from app.domain.model import Provider
from app.ui.state.view_context import ViewContext


def tr(text: str) -> str:
    return QCoreApplication.translate("consent", text)


async def ask_consent(view: ViewContext, provider: Provider) -> bool:
    """True when the person agrees, which is remembered for this address."""
    host = urlsplit(provider.base_url).hostname or provider.name
    text = tr(
        "The variable {} names it. Lares will ask it for its models, and what agents that use it read and write goes "
        "there. Agents on other models never use it, and its key is not stored."
    )
    answers = (
        ("cancel", tr("Cancel"), "ghost"),
        ("allow", tr("Allow {}").format(host), "primary"),
    )
    key, _ = await view.ask.ask(tr("Send conversations to {}?").format(host), text.format(provider.variable), answers)
    if key != "allow":
        return False
    await view.services.providers.consent(provider.id)
    return True
