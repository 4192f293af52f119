"""`run_code`: what is told of a program that an agent wrote, and what becomes of the files that it makes."""

import base64
import shutil
from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.message import ToolReturnPart
from tests.support.engine.talking import events_of, transcript
from tests.support.engine.whole_engine import agent_on, started
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PICTURE = f"""
import os
os.makedirs("out")
open("out/chart.png", "wb").write({PNG!r})
open("numbers.csv", "w").write("a,b\\n")
open("trick.png", "w").write("<svg onload=...>")
"""
CASES = {
    "python": (
        ("print('before')\nx = 40\nx + 2", True, "before\nResult: 42"),
        ("x = 1", True, "It ran, printed nothing and has no value."),
        ("def half(n):\n    return n / 0\nhalf(3)", False, 'File "<code>", line 2, in half\n    return n / 0'),
        ("print('one')\nfor", False, "SyntaxError"),
        ("import sys\nsys.exit(3)", False, "It left with the status 3."),
        ("import app.engine", False, "No module named 'app'"),
        ("import socket\nsocket.create_connection(('192.0.2.1', 9), 1)", False, "Error"),
    ),
    "js": (
        ("console.log('before'); [1, 2].map(x => 2 * x)", True, "before\nResult: [ 2, 4 ]"),
        ("Promise.resolve(5)", True, "Result: 5"),
        ("let a = 1;\nthrow new Error('no')", False, "code.js:2"),
        ("require('net').connect(9, '192.0.2.1')", False, "Error"),
    ),
    "r": (("1", False, "Lares runs Python and JavaScript, not R."),),
}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


async def returns(engine: OpenEngine, server: OpenAIServer, *calls: tuple[str, str]) -> tuple[ToolReturnPart, ...]:
    """What an agent is told that makes these calls, all in one reply: language and code of each."""
    agent = await agent_on(engine.services, server, tool_names=("run_code",))
    wanted = tuple(ToolCall("run_code", {"code": code, "language": language}) for language, code in calls)
    server.queue(Reply(calls=wanted), Reply(text="Done."))
    run = await started(engine.services, agent, "run it")
    await events_of(engine.services, run.id)
    return next(one.tool_returns for one in await transcript(engine.services, agent) if one.tool_returns)


async def test_a_program_is_told_as_a_terminal_would_show_it(engine: OpenEngine, server: OpenAIServer) -> None:
    cases = [(language, *case) for language, some in CASES.items() for case in some]
    if shutil.which("node") is None:
        cases = [case for case in cases if case[0] != "js"]
    told = await returns(engine, server, *((language, code) for language, code, _, _ in cases))
    for (language, code, ok, expected), part in zip(cases, told, strict=True):
        assert part.status == ("success" if ok else "error"), (language, code, part.text)
        assert expected in part.text, (language, code)
        assert "<tool>" not in part.text
        assert "child.py" not in part.text
        assert "runInThisContext" not in part.text
    assert told[0].text == cases[0][3]


async def test_files_that_it_makes_are_kept_with_the_conversation(engine: OpenEngine, server: OpenAIServer) -> None:
    (part,) = await returns(engine, server, ("python", PICTURE))
    kept = {file.name: file for file in part.files}
    assert {name: file.media_type for name, file in kept.items()} == {
        "out/chart.png": "image/png",
        "numbers.csv": "text/csv",
        "trick.png": "application/octet-stream",
    }
    assert base64.b64decode(await engine.services.blobs.get(kept["out/chart.png"].sha256)) == PNG
    assert f"out/chart.png ({len(PNG)} bytes)" in part.text
