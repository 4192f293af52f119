"""Coroutines of widgets: kept, cancelled with their owner, never failing in silence."""

import asyncio
from collections.abc import Callable
from typing import Any

import qasync
from PySide6.QtCore import QObject
from shiboken6 import delete

from app.domain.error import Invalid, LinkError
from app.ui.bridge.tasks import Tasks
from app.ui.state.errors import Errors

Wait = Callable[..., Any]


def test_a_task_ends_with_its_owner(loop: qasync.QEventLoop, wait_for: Wait) -> None:
    async def check() -> None:
        tasks, owner, began = Tasks(lambda error: None), QObject(), asyncio.Event()

        async def work() -> None:
            began.set()
            await asyncio.Event().wait()

        task = tasks.spawn(work(), owner)
        await began.wait()
        delete(owner)
        await asyncio.wait([task], timeout=2)
        assert task.cancelled()
        assert tasks.count == 0

    wait_for(check())


def test_nothing_begins_for_an_owner_that_is_gone_or_after_the_end(loop: qasync.QEventLoop, wait_for: Wait) -> None:
    async def check() -> None:
        tasks, owner, did = Tasks(lambda error: None), QObject(), []

        async def work() -> None:
            did.append(1)

        delete(owner)
        first = tasks.spawn(work(), owner)
        await tasks.end()
        second = tasks.spawn(work(), QObject())
        await asyncio.wait([first, second])
        assert did == []

    wait_for(check())


def test_work_begins_on_the_loop_that_runs_whatever_the_policy_says(loop: qasync.QEventLoop, wait_for: Wait) -> None:
    async def check() -> None:
        tasks, owner, did = Tasks(lambda error: None), QObject(), []

        async def work() -> None:
            did.append(1)

        asyncio.set_event_loop(None)
        try:
            await tasks.spawn(work(), owner)
        finally:
            asyncio.set_event_loop(loop)
        assert did == [1]

    wait_for(check())


def test_nothing_begins_while_no_loop_runs(qapp: object) -> None:
    did: list[int] = []

    async def work() -> None:
        did.append(1)

    assert Tasks(lambda error: None).spawn(work(), QObject()).cancelled()
    assert did == []


def test_errors_go_to_the_given_place_else_to_the_common_one(loop: qasync.QEventLoop, wait_for: Wait) -> None:
    async def check() -> None:
        common: list[BaseException] = []
        own: list[BaseException] = []
        tasks, owner = Tasks(common.append), QObject()

        async def fail() -> None:
            raise Invalid("That cannot be.")

        await asyncio.wait([tasks.spawn(fail(), owner), tasks.spawn(fail(), owner, failed=own.append)])
        await asyncio.sleep(0)
        assert len(common) == len(own) == 1

    wait_for(check())


def test_expected_errors_are_told_lost_links_are_not_and_faults_make_a_report(qapp: object) -> None:
    errors = Errors()
    told: list[object] = []
    lost: list[object] = []
    reports: list[str] = []
    errors.told.connect(told.append)
    errors.link_lost.connect(lost.append)
    errors.crashed.connect(reports.append)
    errors.take(Invalid("That cannot be."))
    errors.take(LinkError("Gone.", code="engine_gone"))
    errors.take(asyncio.CancelledError())
    try:
        raise ZeroDivisionError("a fault")
    except ZeroDivisionError as fault:
        errors.take(fault)
    assert (len(told), len(lost), len(reports)) == (1, 1, 1)
    assert "ZeroDivisionError: a fault" in reports[0]
    assert "Qt" in reports[0]
