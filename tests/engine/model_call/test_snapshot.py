"""What a model call is made of: how it is narrowed, calibrated and measured, without a database."""

import pytest

from app.domain.agent import ModelSettings
from app.domain.message import ImagePart
from app.domain.model import Provider
from app.domain.run import Step, Usage
from app.engine.model_call.snapshot import (
    MAX_FACTOR,
    MIN_FACTOR,
    SHORT_MEMBERS,
    SHORT_TEXT,
    SMALL,
    AgentSnapshot,
    calibration,
)
from tests.support.values import samples
from tests.support.values.samples import NOON, ledger, members, message

PROVIDER = Provider(
    id="provider-1", name="box", kind="openai", base_url="http://127.0.0.1:1/v1", created_at=NOON, updated_at=NOON
)
IMAGE = ImagePart(sha256="0" * 64, media_type="image/png", width=4, height=4)
HANDLE = "box/tiny"


def snapshot(*said: str, **fields: object) -> AgentSnapshot:
    given = {"context_window": 8192, "model": HANDLE, "settings": ModelSettings(max_output_tokens=1024), **fields}
    return AgentSnapshot(
        agent=samples.agent(**given),
        blocks=(samples.block(),),
        tools=(samples.tool(),),
        members=members(*(message("user", text) for text in said)),
        provider=PROVIDER,
        model="tiny",
        wanted=8192,
        memory_seq=0,
        factor=1.0,
    )


def step(estimated: int, counted: int, model: str = HANDLE) -> Step:
    usage = Usage(prompt_tokens=counted, completion_tokens=1, steps=1)
    return Step(
        id="step-1",
        run_id="run-1",
        agent_id="agent-1",
        step_no=1,
        model=model,
        status="completed",
        usage=usage,
        estimated_tokens=estimated,
        created_at=NOON,
    )


def test_a_server_that_serves_less_narrows_window_and_reply() -> None:
    view = snapshot("hello")
    assert view.within(8192) is view
    narrow = view.within(2048)
    assert (narrow.agent.context_window, narrow.agent.settings.max_output_tokens, narrow.narrowed) == (2048, 512, True)
    assert view.within(512).agent.settings.max_output_tokens == 256
    assert (view.agent.context_window, view.narrowed) == (8192, False)


@pytest.mark.parametrize(
    ("estimated", "counted", "factor"),
    [(1000, 1500, 1.5), (1000, 9000, MAX_FACTOR), (1000, 100, MIN_FACTOR), (SMALL - 1, 900, 1.0), (1000, 0, 1.0)],
)
def test_the_last_real_count_calibrates_within_bounds(estimated: int, counted: int, factor: float) -> None:
    assert calibration(step(estimated, counted), HANDLE) == factor


def test_a_count_of_another_model_or_none_calibrates_nothing() -> None:
    assert calibration(step(1000, 1500, model="box/other"), HANDLE) == 1.0
    assert calibration(None, HANDLE) == 1.0


def test_only_what_was_not_sent_before_makes_a_view_long() -> None:
    counting = ledger()
    long = snapshot("x" * (SHORT_TEXT + 1))
    assert not long.is_short(counting)
    long.fit(counting)
    assert long.is_short(counting), "its message has been counted"
    assert not snapshot(*["x"] * (SHORT_MEMBERS + 1)).is_short(counting)
    assert snapshot("x").is_short(counting)


def test_earlier_images_can_be_left_out_and_the_newest_stays() -> None:
    old, new = message("user", "look", IMAGE), message("user", "and this", IMAGE)
    view = AgentSnapshot(**{**vars(snapshot()), "members": members(old, new)})
    assert view.earlier_images(new.id)
    without = view.without_earlier_images(new.id)
    assert not without.earlier_images(new.id)
    assert IMAGE in without.members[1].message.parts
    assert IMAGE not in without.members[0].message.parts


def test_the_request_asks_for_what_all_agents_on_the_model_want() -> None:
    request = snapshot("hello").request()
    assert (request.model, request.context_window, request.max_output_tokens) == ("tiny", 8192, 1024)
    assert not request.calls_as_json
    assert snapshot(settings=ModelSettings(tool_calls="json")).request().calls_as_json
