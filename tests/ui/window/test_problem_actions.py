"""What the conversation says of its model: cut requests, ways out of problems, images it cannot see, repairs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import pytest

from app.domain.agent import AgentPatch
from app.domain.context import ContextAlarm
from app.domain.event import Progress
from app.domain.run import Failure, Repair
from tests.support.window.fake_services import FakeServices
from tests.support.window.fake_world import now
from tests.support.window.households import connect_ollama
from tests.support.window.opened_window import FakeEngine, OpenedWindow
from tests.support.window.sample import furnish_sample
from tests.support.window.seeing import button, has_button, texts

Wait = Callable[..., Any]
Opened = Callable[..., AbstractContextManager[OpenedWindow]]
SENTENCE = "Ollama read 4,096 of 9,391 tokens; instructions and memory were lost."


@pytest.fixture
def home(services: FakeServices, tmp_path: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    """Juno, on a model of a connected Ollama."""
    connect_ollama(services)
    juno = wait_for(furnish_sample(cast(Any, services)))
    wait_for(services.agents.update(juno.id, AgentPatch(model="ollama/qwen3:8b", context_window=4096)))
    with opened(tmp_path, FakeEngine(services)) as window:
        wait_for(window.until(lambda: window.view.view.catalog.known.complete, "nothing was read"))
        yield window


def cut(window: OpenedWindow, fix: int | None = 16_384) -> None:
    window.services.world.alarm = ContextAlarm(
        read=4096, sent=9391, lost=("instructions", "memory"), sentence=SENTENCE, fix_window=fix
    )
    agent = window.view.workspace.agent
    window.services.world.publish("run", "run-1", agent_id=agent.id)


def fail(window: OpenedWindow, **failure: Any) -> None:
    """The last run of the conversation has failed like this."""
    world = window.services.world
    run_id = list(world.runs)[-1]
    failed = Failure(message="Something happened.", **failure)
    world.runs[run_id] = world.runs[run_id].model_copy(update={"status": "failed", "failure": failed})
    window.view.workspace.open(world.runs[run_id].agent_id)


def test_a_cut_request_is_told_where_one_talks_and_mended_by_one_button(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        cut(home)
        banner = home.view.chat.banner
        await home.until(lambda: banner.shown == "cut", "nobody told")
        assert banner.text.text() == "Ollama cut the last request without saying so"
        assert banner.detail.text() == SENTENCE
        assert home.view.right.context.alarm.text() == SENTENCE
        assert "5,295 tokens of the last request were lost" in home.view.right.context._bar.accessibleDescription()
        assert "Last request was cut" in texts(home.view.status)
        home.services.world.alarm = None
        banner.buttons[0].click()
        agent_id = home.view.workspace.agent.id
        await home.until(lambda: home.services.world.agents[agent_id].context_window == 16_384, "the size stayed")
        await home.until(lambda: banner.shown != "cut", "the banner stayed")
        assert "nothing was cut" in texts(home.view.right.widget)

    wait_for(person(), 15)


def test_a_closed_alarm_stays_closed_and_the_status_line_still_says_it(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        cut(home, fix=None)
        banner = home.view.chat.banner
        await home.until(lambda: banner.shown == "cut", "nobody told")
        assert not banner.buttons
        banner._close.click()
        cut(home, fix=None)
        await home.rest()
        assert banner.shown != "cut"
        assert "Last request was cut" in texts(home.view.status)

    wait_for(person(), 15)


def test_a_missing_model_is_got_again_from_the_card(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        agent_id = home.view.workspace.agent.id
        await home.services.agents.update(agent_id, AgentPatch(model="ollama/gpt-oss:20b"))
        await home.rest()
        fail(home, code="model_missing", details={"model": "gpt-oss:20b"})
        await home.until(lambda: has_button(home.window, "Download it again, 14.0 GB"), "it was not offered")
        button(home.window, "Download it again, 14.0 GB").click()
        await home.until(lambda: has_button(home.window, "Pause downloading gpt-oss:20b"), "no download")

    wait_for(person(), 15)


def test_a_prompt_that_is_too_large_is_enlarged_and_tried_again(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        fail(home, code="prompt_too_large", details={"n_prompt": 9100, "n_ctx": 4096})
        await home.until(lambda: has_button(home.window, "Enlarge to 14,336 tokens"), "it was not offered")
        number = len(home.services.world.runs)
        button(home.window, "Enlarge to 14,336 tokens").click()
        await home.until(lambda: len(home.services.world.runs) > number, "the run was not tried again")
        assert home.services.world.agents[home.view.workspace.agent.id].context_window == 14_336
        await home.until(lambda: home.quiet, "the run never ended")

    wait_for(person(), 15)


def test_the_composer_knows_which_models_cannot_see(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        agent_id, world = home.view.workspace.agent.id, home.services.world
        for provider_id, models in world.models.items():
            blind = [model.model_copy(update={"vision": False}) for model in models if model.name == "gemma4:e4b"]
            world.models[provider_id] = (*(model for model in models if model.name != "gemma4:e4b"), *blind)
        world.publish("provider")
        await home.services.agents.update(agent_id, AgentPatch(model="ollama/gemma4:e4b"))
        await home.until(lambda: home.view.chat.composer._blind == "gemma4:e4b", "nobody told the composer")
        await home.services.agents.update(agent_id, AgentPatch(model="ollama/ministral-3:8b"))
        await home.until(lambda: home.view.chat.composer._blind == "", "it still warns")

    wait_for(person(), 15)


def test_repairs_are_shown_in_the_debug_view_only(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        world = home.services.world
        step_id = list(world.steps)[-1]
        repair = Repair(kind="call_in_text", wrote="<tool_call>…", read_as="a call of memory_replace")
        world.steps[step_id] = world.steps[step_id].model_copy(update={"repairs": (repair,)})
        home.view.workspace.open(home.view.workspace.agent.id)
        await home.rest()
        words = "The model wrote <tool_call>…, read as a call of memory_replace"
        assert words not in [row.text for row in home.view.chat.model.rows]
        home.view.chat.set_mode("debug")
        assert words in [row.text for row in home.view.chat.model.rows]

    wait_for(person(), 15)


def test_the_status_line_says_what_a_run_waits_for_and_forgets_it_when_it_is_over(
    home: OpenedWindow, wait_for: Wait
) -> None:
    async def person() -> None:
        agent, conversation = home.view.workspace.agent, home.view.workspace.conversation
        run_id = list(home.services.world.runs)[-1]
        said = {"run_id": run_id, "agent_id": agent.id, "conversation_id": conversation.id, "at": now()}
        for phase, text in (
            ("waiting", "Waiting for the summary of Archivist"),
            ("sent", "Loading qwen3:8b into memory, 40 s so far."),
        ):
            home.services.world.send(Progress.model_validate({**said, "phase": phase, "text": text}))
            await home.until(lambda text=text: text in texts(home.view.status), f"not said: {text}")
        home.services.world.publish("run", run_id, agent_id=agent.id)
        await home.until(lambda: "Juno is idle" in texts(home.view.status), "it still seems to be at work")

    wait_for(person(), 15)
