"""The root filesystem of packaging/rootfs.sh: an ordinary user serves in it, and Letta's first example runs.

LARES_ROOTFS=/tmp/rootfs python3 start.py test --live tests/live/test_rootfs.py
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.processes.lares_process import SECONDS, free_port
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer
from tests.whole.test_variables import ENTRIES, KEY, talk_to_sam

ROOTFS = os.environ.get("LARES_ROOTFS", "")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not ROOTFS or shutil.which("bwrap") is None, reason="needs LARES_ROOTFS and bwrap"),
]


def test_an_ordinary_user_serves_in_it(tmp_path: Path) -> None:
    with OpenAIServer(key=KEY, model="gpt-4.1", entries=ENTRIES) as server:
        inside = ["bwrap", "--ro-bind", ROOTFS, "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
        inside += ["--bind", str(tmp_path), "/var/lib/lares", "--unshare-user", "--uid", "1000", "--gid", "1000"]
        inside += ["--die-with-parent", "--clearenv", "--setenv", "HOME", "/var/lib/lares"]
        inside += ["--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin"]
        inside += ["--setenv", "OPENAI_API_KEY", KEY, "--setenv", "OPENAI_API_BASE", server.url]
        serving = subprocess.Popen(
            [*inside, "lares", "serve", "--port", str(free_port())], stderr=subprocess.PIPE, encoding="utf-8"
        )
        try:
            assert serving.stderr is not None
            said = serving.stderr.readline()
            found = re.search(r"http://\S+:\d+", said)
            assert found, said
            handles = [model["handle"] for model in httpx.get(f"{found[0]}/v1/models/", timeout=3).json()]
            assert "openai/gpt-4.1" in handles
            change = {"label": "human", "old_string": "Chad", "new_string": "Brad"}
            server.queue(Reply(calls=(ToolCall("memory_replace", change),)), Reply(text="Nice to meet you, Brad!"))
            talk_to_sam(found[0])
            owner = Path(tmp_path / "lares.db").stat().st_uid
            assert owner == os.getuid(), "the user inside is an ordinary one; seen from outside it is who started it"
        finally:
            serving.terminate()
            serving.communicate(timeout=SECONDS)
