"""Every page of the window, and how a person comes to it."""

from collections.abc import Awaitable, Callable

import httpx

from app.domain.archive import PassageDraft
from app.domain.error import LinkError
from tests.support.window.opened_window import OpenedWindow

Show = Callable[[OpenedWindow], Awaitable[None]]


async def chat(window: OpenedWindow) -> None:
    window.view.show_tab("chat")


async def history(window: OpenedWindow) -> None:
    window.view.show_tab("history")
    await window.until(lambda: window.view.centre.page_named("history").why.undo.isVisible(), "no change was chosen")


async def archive(window: OpenedWindow) -> None:
    agent = window.view.workspace.agent
    assert agent is not None
    for text in ("<b>Kruse</b> comes for the heating.", "Brandt serviced the boiler, burner cleaned."):
        await window.services.archives.insert_for(agent.id, PassageDraft(text=text, tags=("<i>house</i>",)))
    window.view.show_tab("archive")
    page = window.view.centre.page_named("archive")
    await window.until(lambda: len(page.rows.rows) == 2, "no passages were shown")  # type: ignore[attr-defined]


async def request(window: OpenedWindow) -> None:
    window.view.show_tab("request")
    view = window.view.centre.page_named("request")
    await window.until(lambda: view.text.part is not None, "no part of the request is shown")


async def runs(window: OpenedWindow) -> None:
    window.view.show_tab("run list")
    view = window.view.centre.page_named("run list")
    await window.until(lambda: view.exchange.text.toPlainText(), "no run is shown")


async def inbox(window: OpenedWindow) -> None:
    window.view.show_tab("inbox")
    page = window.view.centre.page_named("inbox")
    await window.until(lambda: page.cards or page._pages.currentIndex() == 1, "no inbox")


async def replay(window: OpenedWindow) -> None:
    window.view.show_tab("replay")
    view = window.view.centre.page_named("replay")
    await window.until(lambda: view.setup.basis is not None, "nothing is there to be replayed")


async def new_agent(window: OpenedWindow) -> None:
    window.view.commands.run("agent.new")


async def instructions(window: OpenedWindow) -> None:
    window.view.commands.run("agent.instructions")


async def shortcuts(window: OpenedWindow) -> None:
    window.view.commands.run("shortcuts")


async def appearance(window: OpenedWindow) -> None:
    window.view.pages.settings("appearance")


async def models(window: OpenedWindow) -> None:
    window.view.pages.models()


async def model_list(window: OpenedWindow) -> None:
    window.view.commands.run("agent.model")


async def servers(window: OpenedWindow) -> None:
    window.view.pages.settings("servers")
    await window.rest()
    window.view.centre.page_named("settings").servers.add_button.click()


async def local_api(window: OpenedWindow) -> None:
    await window.services.api.make_token()
    await window.services.api.start()
    async with httpx.AsyncClient(trust_env=False, verify=False) as program:
        await program.get(f"http://127.0.0.1:{window.engine.api_port}/v1/agents/")
    window.view.pages.local_api()


async def backups(window: OpenedWindow) -> None:
    window.view.pages.settings("backups")


async def about(window: OpenedWindow) -> None:
    window.view.pages.settings("about")


async def palette(window: OpenedWindow) -> None:
    window.view.commands.run("palette")


async def crash(window: OpenedWindow) -> None:
    window.view.pages.crash("report")


async def repair(window: OpenedWindow) -> None:
    window.view.pages.repair(LinkError("The engine does not start.", hint="Try again.", details={"log": "a line"}))


async def reply_settings(window: OpenedWindow) -> None:
    window.view.left.settings.reply.parentWidget().show()


PAGES: tuple[Show, ...] = (
    chat,
    history,
    archive,
    inbox,
    request,
    runs,
    replay,
    new_agent,
    instructions,
    shortcuts,
    appearance,
    models,
    model_list,
    servers,
    local_api,
    backups,
    about,
    palette,
    crash,
    repair,
    reply_settings,
)
