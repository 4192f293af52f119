"""Packages of tools: wheels of an index on this computer, installed in the sandbox, once for each set."""

import base64
import hashlib
import http.server
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from app.adapters.tools.sandbox.network import PublicNetwork
from app.adapters.tools.sandbox.packages import PackageFolders
from app.adapters.tools.sandbox.process import ProcessSandbox
from app.domain.tool import Requirement
from app.ports.sandbox import SandboxCall

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.name == "nt", reason="the index of the test is reached through the door"),
]
USES = "def use() -> str:\n    import lares_sample\n    return lares_sample.said()\n"


def wheel(name: str, files: dict[str, str], requires: str = "") -> bytes:
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {requires}\n" if requires else "")
    about = f"{name}-1.0.dist-info"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {**files, f"{about}/METADATA": meta, f"{about}/WHEEL": tags}

    def line(path: str, text: str) -> str:
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        return f"{path},sha256={digest},{len(text.encode())}"

    files[f"{about}/RECORD"] = "\n".join([*(line(*one) for one in files.items()), f"{about}/RECORD,,"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return packed.getvalue()


def source_only(harm: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        setup = f"open({str(harm)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='lares-other')".encode()
        entry = tarfile.TarInfo("lares-other-2.0/setup.py")
        entry.size = len(setup)
        archive.addfile(entry, io.BytesIO(setup))
    return packed.getvalue()


class Index(http.server.BaseHTTPRequestHandler):
    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.strip("/").rpartition("/")[2]
        found = self.files.get(name)
        if found is None:
            wanted = [one for one in self.files if one.replace("_", "-").startswith(name.replace("_", "-"))]
            found = "".join(f'<a href="/files/{one}">{one}</a>' for one in wanted).encode()
            found = found if wanted and self.path.startswith("/simple/") else None
        self.send_response(200 if found is not None else 404)
        self.send_header("Content-Type", "application/octet-stream" if name in self.files else "text/html")
        self.send_header("Content-Length", str(len(found or b"")))
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    Index.asked.clear()
    Index.files = {
        "lares_sample-1.0-py3-none-any.whl": wheel(
            "lares_sample",
            {"lares_sample.py": "import lares_other\ndef said(): return 'installed ' + lares_other.WORD\n"},
            "lares_other",
        ),
        "lares_other-1.0-py3-none-any.whl": wheel("lares_other", {"lares_other.py": "WORD = 'twice'\n"}),
        "lares-other-2.0.tar.gz": source_only(tmp_path / "harm"),
    }
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


async def test_a_set_is_installed_once_and_loaded_by_calls(index: str, tmp_path: Path) -> None:
    reach = PublicNetwork(is_allowed=lambda place: place == "127.0.0.1")
    sandbox = ProcessSandbox(tmp_path / "engine" / "secret", reach=reach)
    packages = PackageFolders(tmp_path, sandbox, index)
    wanted, modes = (Requirement(name="lares-sample", version="1.0"),), os.umask(0o077)  # as the engine has it
    assert await packages.ready(wanted) is None
    ready = await packages.install(wanted)
    os.umask(modes)
    call = SandboxCall(source=USES, function="use", arguments={})
    closed = await sandbox.run(call)
    used = await sandbox.run(call.model_copy(update={"packages": (ready.folder,), "python": ready.python}))
    assert (used.value, closed.ok) == ("installed twice", False), used
    asked = len(Index.asked)
    assert (await packages.install(wanted)).folder == ready.folder
    assert len(Index.asked) == asked, "it was fetched again"
    assert not await packages.agreed(wanted)
    await packages.agree(wanted)
    assert await packages.agreed(wanted)

    assert not (tmp_path / "harm").exists(), "a newer source was built"
    assert sorted(one.name for one in (tmp_path / "packages").iterdir()) == sorted(
        (ready.folder.parent.name, f"{ready.folder.parent.name}.agreed")
    )
    await sandbox.close()
