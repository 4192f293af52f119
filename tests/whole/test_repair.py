"""A damaged or newer database, met by the real window over the real engine: a sentence, and a way back."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import qasync
from PySide6.QtWidgets import QAbstractButton, QApplication

from app.bootstrap import open_engine
from app.config import Config
from tests.support.processes.lares_process import lares
from tests.support.processes.rest_child import ServeChild
from tests.support.window.seeing import button, click, shown, texts, until
from tests.whole.test_window import LaresApp

pytestmark = pytest.mark.allow_logs("the engine cannot go on")


@pytest.fixture
def used(wait_for: Callable[..., Any], data_folder: Path) -> Path:
    """A data folder with one agent and one backup."""

    async def use() -> None:
        engine = await open_engine(Config.load())
        await engine.recover()
        await engine.services.agents.create_demo()
        await engine.services.backups.create()
        await engine.close()

    wait_for(use(), 20)
    return data_folder


def test_a_damaged_database_is_named_and_a_backup_restored_from_the_window(
    used: Path, qapp: QApplication, loop: qasync.QEventLoop, wait_for: Callable[..., Any]
):
    (used / "lares.db").write_bytes(b"this was a database once" * 500)

    async def path() -> None:
        lares = LaresApp(qapp, loop)
        lares.begin()
        await until(lambda: "damaged" in texts(lares.window), "the sentence about the damage")
        click(button(lares.window, "Restore the backup of"))
        await until(lambda: "Go back to" in texts(lares.window), "the question before it happens")
        click(next(b for b in shown(lares.window, QAbstractButton) if b.text() == "Restore" and not b.accessibleName()))
        await until(lares.see("Vesta (demo)"), "the agent to be back", 60)
        await lares.close()

    wait_for(path(), 60)
    assert any("before" in file.name for file in (used / "backups").iterdir()), "the damaged file was not kept"


def test_a_database_that_is_gone_stops_the_start_and_the_window_offers_the_ways_out(
    used: Path, qapp: QApplication, loop: qasync.QEventLoop, wait_for: Callable[..., Any]
):
    (used / "lares.db").write_bytes(b"")

    async def path() -> None:
        opened = LaresApp(qapp, loop)
        opened.begin()
        await until(lambda: "is empty or gone" in texts(opened.window), "the sentence about what is gone", 60)
        click(button(opened.window, "Start empty"))
        await until(lambda: "Begin without your agents?" in texts(opened.window), "the question before it happens")
        click(button(opened.window, "Cancel"))
        await until(lambda: "Begin without your agents?" not in texts(opened.window), "the question to go")
        click(button(opened.window, "Restore the backup of"))
        await until(lambda: "Go back to" in texts(opened.window), "the question before it happens")
        buttons = shown(opened.window, QAbstractButton)
        click(next(b for b in buttons if b.text() == "Restore" and not b.accessibleName()))
        await until(opened.see("Vesta (demo)"), "the agent to be back", 60)
        await opened.close()

    wait_for(path(), 60)


def test_whoever_begins_with_nothing_in_the_window_keeps_the_backup(
    used: Path, qapp: QApplication, loop: qasync.QEventLoop, wait_for: Callable[..., Any]
):
    (used / "lares.db").unlink()

    async def path() -> None:
        opened = LaresApp(qapp, loop)
        opened.begin()
        await until(lambda: "is empty or gone" in texts(opened.window), "the sentence about what is gone", 60)
        click(button(opened.window, "Start empty"))
        await until(lambda: "Begin without your agents?" in texts(opened.window), "the question before it happens")
        click([b for b in shown(opened.window, QAbstractButton) if b.text() == "Start empty"][-1])
        await until(lambda: opened.session.connection.state == "connected", "the start", 60)
        await opened.close()

    wait_for(path(), 60)
    assert any((used / "backups").glob("*.db"))


def test_serve_and_chat_say_the_ways_out_of_a_database_that_is_gone(used: Path) -> None:
    (used / "lares.db").write_bytes(b"")
    for command in ("serve", "chat"):
        done = lares(command, "--data", str(used))
        said = done.stdout + done.stderr
        assert done.returncode == 1
        assert "is empty or gone" in said
        assert "Traceback" not in said
    assert (used / "lares.db").read_bytes() == b""
    listed = lares("restore", "--data", str(used)).stdout
    name = listed.split()[0]
    assert lares("restore", "--data", str(used), "no such").returncode == 1
    assert f"goes back to {name}" in lares("restore", "--data", str(used), name).stdout
    with ServeChild(used) as child:
        assert "Vesta (demo)" in httpx.get(f"{child.url}/v1/agents/", trust_env=False, verify=False).text


def test_data_of_a_newer_lares_is_left_alone_and_said_so(
    used: Path, qapp: QApplication, loop: qasync.QEventLoop, wait_for: Callable[..., Any]
):
    with contextlib.closing(sqlite3.connect(used / "lares.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = (used / "lares.db").read_bytes()

    async def path() -> None:
        lares = LaresApp(qapp, loop)
        lares.begin()
        await until(lambda: "written by a newer Lares" in texts(lares.window), "the sentence about newer data")
        await lares.close()

    wait_for(path(), 60)
    assert (used / "lares.db").read_bytes() == before
