"""Other programs' assistants in the settings, as a person sets one up, and what such a program then does."""

import json
import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt

from app.ui.settings.page import AppSettings
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, click, has_button, press, texts

Wait = Callable[..., Any]


def test_a_program_is_let_in_and_shut_out_again(window: OpenedWindow, wait_for: Wait) -> None:
    async def asks(token: str, tool: str, **arguments: str) -> dict[str, Any]:
        call = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        return json.loads(await window.services.memory_server.answer(token, json.dumps(message)))["result"]

    async def person() -> None:
        window.view.pages.assistants()
        await window.rest()
        settings = window.view.centre.page_named("settings")
        assert isinstance(settings, AppSettings)
        page = settings.assistants
        agent = window.view.workspace.agent
        assert agent is not None
        assert "No programs yet" in texts(page)
        assert "Nothing was asked yet." in texts(page)
        assert not page.switches[agent.id].isChecked()
        click(page.switches[agent.id])
        await window.rest()
        assert (await window.services.memory_server.status()).agent_ids == (agent.id,)

        button(page, "Add a program").click()
        assert page.form.name.hasFocus()
        press(page.form.name, Qt.Key.Key_Return)
        await window.until(lambda: "A client needs a name" in page.form.name_field.error, "no name was accepted")
        page.form.name.setText("Cursor")
        press(page.form.name, Qt.Key.Key_Return)
        await window.until(page.snippet.isVisible, "no token was shown")
        shown = json.loads(page.snippet.markdown.removeprefix("```json\n").removesuffix("\n```"))
        started = shown["mcpServers"]["lares"]
        assert started["args"][-3:-1] == ["mcp", "--data"]
        assert os.access(started["command"], os.X_OK)
        token = started["env"]["LARES_MCP_TOKEN"]
        page.program.button("vscode").click()
        assert '"servers"' in page.snippet.markdown
        page.program.button("http").click()
        assert "while the local API is on" in texts(page)
        button(page, "I have copied it").click()
        assert token not in page.snippet.markdown

        assert not (await asks(token, "remember", fact="Has a dog."))["isError"]
        assert (await asks(token, "ask_agent", question="Well?"))["isError"]
        await window.until(lambda: "“Cursor” may not do this" in texts(page), "the refusal is not shown")
        (waiting,) = await window.services.proposals.open_in(
            (await window.services.conversations.default_of(agent.id)).active_id
        )
        assert waiting.client == "Cursor"

        button(page, "Edit Cursor").click()
        click(page.form.rights["write"])
        assert not page.form.rights["propose"].isEnabled()
        button(page.form, "Save").click()
        await window.until(lambda: "changes" in texts(page), "the right is not shown")
        button(page, "Revoke Cursor").click()
        await window.until(lambda: "Revoke “Cursor”?" in texts(window.window), "nobody asked")
        window.view.view.ask.answer("revoke")
        await window.until(lambda: not has_button(page, "Revoke Cursor"), "it is still there")

    wait_for(person(), 20)
