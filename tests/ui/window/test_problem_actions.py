"""What the conversation says of its model: cut requests, ways out of problems, images it cannot see, repairs."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from app.domain.agent import Agent, AgentPatch, ModelSettings
from app.domain.model import ProviderDraft
from app.engine.model_call import wait_notice
from app.ui.chat.attachment import png_of
from app.ui.context.token_bar import TokenBar
from tests.support.engine.talking import say
from tests.support.servers.able_ollama import AbleOllama
from tests.support.servers.ollama_pages import Installed, too_long
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.openai_replies import Reply
from tests.support.window.household import CHATS, INSTALLED, free_port
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, has_button, shown, texts

Wait = Callable[..., Any]
LONG = "tell me more about the long way home and what we saw there " * 80


@pytest.fixture
def home(home: OpenedWindow, wait_for: Wait) -> OpenedWindow:
    """Juno, on a model of a connected Ollama."""

    async def begin() -> None:
        await change(home, model="ollama/qwen3:8b", context_window=8192)

    wait_for(begin())
    return home


def juno(window: OpenedWindow) -> Agent:
    agent = window.view.workspace.agent
    assert agent is not None
    return agent


async def change(window: OpenedWindow, **fields: Any) -> None:
    """The agent is changed, and the window knows it."""
    changed = await window.services.agents.update(juno(window).id, AgentPatch.model_validate(fields))
    await window.until(lambda: juno(window).updated_at == changed.updated_at, "nobody told the window")


def test_a_cut_request_is_told_where_one_talks_and_mended_by_one_button(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        settings = ModelSettings(max_output_tokens=512)
        await change(home, model="llama/qwen3:8b", context_window=10_240, settings=settings)
        home.engine.server.queue(*(Reply(text="I see.") for _ in range(4)))
        for _ in range(4):
            await say(home.services, juno(home), LONG)
        await home.until(lambda: "nothing was cut" in texts(home.view.right.widget), "it is not told that all is well")
        home.ollama.cuts_silently, home.ollama.serves = True, 4096
        await change(home, model="ollama/qwen3:8b")
        home.ollama.queue(Answer(text="And then?"))
        await say(home.services, juno(home), LONG)
        await a_closed_alarm_stays_closed_and_the_status_line_still_says_it(home)
        await change(home, settings=ModelSettings(max_output_tokens=4096))
        await it_is_mended(home)

    wait_for(person(), 15)


async def a_closed_alarm_stays_closed_and_the_status_line_still_says_it(home: OpenedWindow) -> None:
    banner = home.view.chat.banner
    await home.until(banner.isVisible, "nobody told")
    assert banner.text.text() == "Ollama cut the last request without saying so"
    assert not banner.buttons, "no size that can be asked for would help"
    button(banner, "Close message").click()
    counted: list[object] = []
    home.view.workspace.counted.connect(counted.append)
    await change(home, description="Counted again")
    await home.until(lambda: counted, "nothing was counted again")
    assert not banner.isVisible()
    assert "Last request was cut" in texts(home.view.status)


async def it_is_mended(home: OpenedWindow) -> None:
    banner, right = home.view.chat.banner, home.view.right
    await home.until(banner.isVisible, "nobody told of the way out")
    overview = await home.services.context.overview(home.view.workspace.conversation.active_id)
    assert overview.alarm is not None
    assert banner.detail.text() == right.context.alarm.text() == overview.alarm.sentence
    lost = overview.alarm.sent - overview.alarm.read
    bar = shown(right.widget, TokenBar)[0]
    assert f"{lost:,} tokens of the last request were lost" in bar.accessibleDescription()
    assert "Last request was cut" in texts(home.view.status)
    home.ollama.serves = None
    button(banner, "Serve 16,384 tokens").click()
    await home.until(lambda: juno(home).context_window == 16_384, "the size stayed")
    await say(home.services, juno(home), "And now?")
    await home.until(lambda: not banner.isVisible(), "the banner stayed")
    await home.until(lambda: "was cut" not in texts(home.view.status) + texts(right.widget), "it is told for ever")


def test_the_ways_out_of_a_failed_run_lead_out(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await a_prompt_that_is_too_large_is_enlarged_and_tried_again(home)
        await a_missing_model_is_got_again_from_the_card(home)

    wait_for(person(), 15)


async def a_prompt_that_is_too_large_is_enlarged_and_tried_again(home: OpenedWindow) -> None:
    home.ollama.queue(*(too_long(9100, 4096) for _ in range(8)))
    failed = await say(home.services, juno(home), "Read this")
    await home.until(lambda: has_button(home.window, "Enlarge to 14,336 tokens"), f"not offered: {failed.failure}")
    home.ollama.forget_queue()
    number = len(home.ollama.chats)
    button(home.window, "Enlarge to 14,336 tokens").click()
    await home.until(lambda: len(home.ollama.chats) > number, "the run was not tried again")
    await home.until(lambda: juno(home).context_window == 14_336, "the size stayed")
    await home.until(lambda: home.quiet, "the run never ended")


async def a_missing_model_is_got_again_from_the_card(home: OpenedWindow) -> None:
    home.ollama.installed.append(Installed("qwen3:4b", CHATS, size=2_500_000_000))
    await home.services.models.list(refresh=True)
    await change(home, model="ollama/qwen3:4b")
    del home.ollama.installed[-1]
    home.ollama.hold_pull_at = 0
    failed = await say(home.services, juno(home), "Are you there?")
    await home.until(lambda: has_button(home.window, "Download it again, 2.5 GB"), f"not offered: {failed.failure}")
    button(home.window, "Download it again, 2.5 GB").click()
    await home.until(lambda: has_button(home.window, "Pause downloading qwen3:4b"), "no download")


def test_what_is_known_of_a_model_is_told_where_it_matters(
    home: OpenedWindow, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def person() -> None:
        await the_composer_knows_which_models_cannot_see(home)
        await change(home, model="ollama/qwen3:8b")
        await repairs_are_shown_in_the_debug_view_only(home)
        await the_status_line_says_what_a_run_waits_for(home)

    monkeypatch.setattr(wait_notice, "FIRST_AFTER", 0.05)
    wait_for(person(), 15)


async def the_composer_knows_which_models_cannot_see(home: OpenedWindow) -> None:
    composer = home.view.chat.composer
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(0)
    composer.add_bytes("cat.png", png_of(image))
    await home.until(lambda: "qwen3:8b cannot see images" in texts(composer), "nobody warns")
    await change(home, model="ollama/ministral-3:8b")
    await home.until(lambda: "cannot see images" not in texts(composer), "it still warns")
    composer.clear()


async def repairs_are_shown_in_the_debug_view_only(home: OpenedWindow) -> None:
    call = {"name": "memory_replace", "arguments": {"label": "plans", "old_string": "risotto", "new_string": "soup"}}
    home.ollama.queue(Answer(text=f"<tool_call>{json.dumps(call)}</tool_call>"), Answer(text="Done."))
    run = await say(home.services, juno(home), "Soup on Saturday.")
    assert [len(step.repairs) for step in await home.services.runs.steps(run.id)] == [1, 0]
    chat = home.view.chat
    await home.until(lambda: chat.model.rows[-1].text == "Done." and home.quiet, "the reply was not read to its end")

    def told() -> list[str]:
        return [row.text for row in chat.model.rows if row.text.startswith("The model wrote")]

    assert told() == []
    chat.set_mode("debug")
    await home.until(lambda: len(told()) == 1, "it is not told who looks for it")
    assert "<tool_call>" in told()[0]
    assert "read as memory_replace" in told()[0]


async def the_status_line_says_what_a_run_waits_for(home: OpenedWindow) -> None:
    """And forgets it when it is over."""
    archivist = next(row.agent for row in home.view.workspace.agents.rows if row.agent.name == "Archivist")
    await home.services.agents.update(archivist.id, AgentPatch(model="ollama/ministral-3:8b"))
    await change(home, model="ollama/gemma4:e4b")
    home.ollama.hold()
    first = asyncio.ensure_future(say(home.services, archivist, "Sum it up."))
    await home.until(lambda: home.ollama.chats[-1].body["model"] == "ministral-3:8b", "it never asked")
    home.ollama.loaded.clear()
    home.ollama.hold_loads = True
    await home.services.models.list(refresh=True)
    second = asyncio.ensure_future(say(home.services, juno(home), "And you?"))
    await home.until(lambda: "Waiting for the reply of Archivist" in texts(home.view.status), "not told what it awaits")
    waited_for = next(run for run in await home.services.runs.active() if run.agent_id == archivist.id)
    await home.services.runs.cancel(waited_for.id)
    loading = "Loading gemma4:e4b into memory"
    await home.until(lambda: loading in texts(home.view.status), "not told that it loads")
    home.ollama.release()
    await asyncio.gather(first, second)
    await home.until(lambda: "Juno is idle" in texts(home.view.status), "it still seems to be at work")


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script with its interpreter's path")
def test_an_ollama_that_is_down_is_started_from_the_card_and_the_run_goes_on(
    home: OpenedWindow, wait_for: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ollama"
    program.write_text(f'#!/bin/sh\necho "$OLLAMA_HOST $1 $$" > "{tmp_path}/started"\nexec sleep 60\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    started, port = tmp_path / "started", free_port()

    async def person() -> None:
        ollama = next(one for one in await home.services.providers.list() if one.name == "ollama")
        draft = ProviderDraft(name="ollama", kind="ollama", base_url=f"http://127.0.0.1:{port}")
        await home.services.providers.update(ollama.id, draft)
        home.view.view.catalog.look_again()
        await home.until(lambda: "ollama" in home.view.view.catalog.known.startable, "the program was not found")
        home.view.chat.composer.set_draft("Hello")
        home.view.chat.composer.setFocus()
        await home.press(Qt.Key.Key_Return)
        await home.until(lambda: has_button(home.view.chat, "Start Ollama"), "it is not offered")
        assert not started.exists()
        button(home.view.chat, "Start Ollama").click()
        assert "Starting Ollama." in texts(home.view.chat)
        assert not button(home.view.chat, "Start Ollama").isEnabled()
        await home.until(lambda: started.exists() and started.read_text().endswith("\n"), "it was not started")
        address, argument, pid = started.read_text().split()
        try:
            assert (address, argument) == (f"127.0.0.1:{port}", "serve")
            with AbleOllama(installed=[*INSTALLED], port=port):
                await home.until(lambda: not has_button(home.view.chat, "Start Ollama"), "it is still offered")
                await home.until(lambda: home.quiet, "the run never went on")
                assert home.view.chat.model.rows[-1].kind == "assistant"
        finally:
            os.kill(int(pid), signal.SIGTERM)

    wait_for(person(), 20)
