"""The way in which a call asks the engine, in hostile hands: the door closes or refuses, and the call ends as usual."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app.adapters.tools.sandbox.process import ProcessSandbox
from app.domain.json_value import JsonObject
from app.domain.sandbox import SandboxLimits, SandboxResult
from app.ports.sandbox import SandboxCall

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="no descriptors are handed over there"),
]
ASK = """
import json, os, socket, struct, threading
from _socket import socket as Socket

def door():
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            if os.readlink(f"/proc/self/fd/{number}").startswith("socket:"):
                end = Socket(fileno=number)
                end.settimeout(5)
                return end
        except OSError:
            continue

def frame(body): return len(body).to_bytes(4, "big") + body

def answered(end):
    size = int.from_bytes(end.recv(4), "big")
    found = b""
    while len(found) < size:
        found += end.recv(size - len(found))
    return json.loads(found) if size else "closed"
"""
ATTACKS: dict[str, tuple[str, str]] = {
    # what it does with the door, and what comes of it
    "garbage": ("end.sendall(b'\\xff' * 4096)\nreturn answered(end)", "closed"),
    "no JSON": ("end.sendall(frame(b'{{{'))\nreturn answered(end)", "closed"),
    "a list": ("end.sendall(frame(b'[1]'))\nreturn answered(end)", "closed"),
    "deep nesting": ("end.sendall(frame(b'[' * 200_000))\nreturn answered(end)", "closed"),
    "half a frame": ("end.sendall(frame(b'{}' * 50)[:20])\nend.shutdown(1)\nreturn answered(end)", "closed"),
    "a huge request": ("end.sendall((2 ** 31).to_bytes(4, 'big'))\nreturn answered(end)", "closed"),
    "an empty frame": ("end.sendall(bytes(4))\nreturn answered(end)", "closed"),
    "an unknown question": (
        "end.sendall(frame(b'{\"ask\": \"providers\"}'))\nreturn answered(end)['error']",
        "This call may not ask for that.",
    ),
    "a connection without permission": (
        'end.sendall(frame(b\'{"ask": "connect", "host": "127.0.0.1", "port": 22}\'))\nreturn answered(end)["error"]',
        "This call may not ask for that.",
    ),
    "a huge reply": (
        'end.sendall(frame(b\'{"ask": "lares", "verb": "huge"}\'))\nreturn answered(end)[\'error\'][:23]',
        "The answer is too large",
    ),
    "a flood": (
        'end.settimeout(30)\nfor _ in range(3000):\n    end.sendall(frame(b\'{"ask": "x"}\'))\n'
        "    if answered(end) == 'closed': return 'closed'\nreturn 'harm'",
        "closed",
    ),
    "questions that nobody reads the answers of": (
        'end.setblocking(False)\ntry:\n    for _ in range(10**6): end.send(frame(b\'{"ask": "x"}\'))\n'
        "except BlockingIOError:\n    return 'full'",
        "full",
    ),
    "a descriptor of its own": (
        "import array\nfile = os.open('x', os.O_CREAT | os.O_RDWR)\n"
        "end.sendmsg([frame(b'{\"ask\": \"x\"}')], [(1, 1, array.array('i', [file] * 50))])\n"
        "return answered(end)['error']",
        "This call may not ask for that.",
    ),
    "two at once": (
        "end.sendall(frame(b'{\"ask\": \"x\"}') * 2)\nreturn [answered(end)['errno'], answered(end)['errno']]",
        "[1, 1]",
    ),
}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if sys.platform.startswith("linux") else 0


async def answers(asked: JsonObject) -> JsonObject:
    return {"value": "x" * 9_000_000} if asked.get("verb") == "huge" else {"value": {"blocks": []}}


def source_of(body: str) -> str:
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    closed = "    except OSError:\n        return 'closed'\n"
    return f"{ASK}\ndef attack():\n    end = door()\n    try:\n{lines}\n{closed}"


async def test_whoever_attacks_the_door_gets_nothing_and_ends_as_usual(tmp_path: Path) -> None:
    sandbox = ProcessSandbox(tmp_path / "secret", SandboxLimits(seconds=30))
    before = descriptors()
    begun, gate = time.monotonic(), asyncio.Semaphore(4)

    async def one(body: str) -> SandboxResult:
        async with gate:
            call = SandboxCall(source=source_of(body), function="attack", arguments={})
            return await sandbox.run(call, answers=answers)

    found = await asyncio.gather(*(one(body) for body, _ in ATTACKS.values()))
    await sandbox.close()
    told: dict[str, Any] = {
        name: str(result.value) if result.ok else result.error for name, result in zip(ATTACKS, found, strict=True)
    }
    assert told == {name: expected for name, (_, expected) in ATTACKS.items()}
    assert time.monotonic() - begun < 60
    assert descriptors() <= before + 2, "a door was left open"
