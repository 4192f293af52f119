"""The `lares` command itself: arguments, `serve`, and what it says where no window can open."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import __version__
from app.__main__ import main
from app.config import Config
from app.link.client import open_link
from app.link.engine_file import read_note
from app.link.launcher import ensure_engine
from app.link.single_instance import claim_window
from app.terminal.display import can_open_window
from tests.support.guards.source import ROOT
from tests.support.processes.lares_process import SECONDS, arguments_of, end_engine, environment, free_port, lares


@pytest.fixture
def config(data_folder: Path) -> Iterator[Config]:
    config = Config.load()
    yield config
    end_engine(config)


class Server:
    """`lares serve` on a free port."""

    def __init__(self, *more: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            arguments_of("serve", "--port", str(self.port), *more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=ROOT,
            env=environment(),
        )
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()

    def ask(self, path: str, host: str | None = None, method: str = "GET") -> tuple[int, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host=True)
            if host != "":
                connection.putheader("Host", host or f"127.0.0.1:{self.port}")
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body.startswith(b"{") else body

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=SECONDS)
        self.said += rest
        return self.process.returncode


@pytest.fixture
def server(config: Config) -> Iterator[Server]:
    server = Server()
    yield server
    if server.process.poll() is None:
        server.end()


def test_version_is_told() -> None:
    done = lares("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"Lares {__version__}")


def test_wrong_argument_is_explained_and_internal_ones_are_not_advertised() -> None:
    assert lares("--nonsense").returncode == 2
    help_text = lares("--help").stdout
    assert "chat" in help_text
    assert "serve" in help_text
    assert "--engine" not in help_text


def test_command_starts_without_anything_large() -> None:
    script = "import sys, app.__main__; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}; {script}"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=ROOT,
    ).stdout.split()
    assert "app.link.spawn" in loaded
    assert not {"asyncio", "pydantic", "PySide6", "app.link.client", "app.services", "sqlalchemy"} & set(loaded)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
@pytest.mark.parametrize("display", ["", ":987", "127.0.0.1:987", "nonsense"])
def test_without_a_screen_it_says_what_works_and_starts_nothing(config: Config, display: str) -> None:
    own = environment(DISPLAY=display)
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
        own.pop(name, None)
    done = lares(env=own)
    assert done.returncode == 1
    assert done.stderr.startswith("Lares found no screen to open its window on.")
    for way_out in ("lares chat", "lares serve", "xvfb-run"):
        assert way_out in done.stderr
    assert not config.folder.exists()


def test_screen_is_looked_for_where_each_system_has_it(tmp_path: Path) -> None:
    assert can_open_window({}, "win32")
    assert can_open_window({}, "darwin")
    assert can_open_window({"QT_QPA_PLATFORM": "offscreen"}, "linux")
    assert not can_open_window({}, "linux")
    wayland = {"WAYLAND_DISPLAY": "w", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert not can_open_window(wayland, "linux")
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "w"))
        compositor.listen()
        assert can_open_window(wayland, "linux")


def test_x11_screen_is_found(screen: object) -> None:
    assert can_open_window({"DISPLAY": screen.display}, "linux")  # type: ignore[attr-defined]


def test_serve_answers_its_health_until_it_is_ended(server: Server, config: Config) -> None:
    assert f"http://127.0.0.1:{server.port}" in server.said
    expected = (200, {"version": __version__, "status": "ok"})
    assert server.ask("/v1/health/") == expected
    assert server.ask("/v1/health") == expected
    assert server.ask("/v1/nothing")[0] == 404
    assert server.ask("/v1/health", method="POST")[0] == 405
    assert server.end() == 0
    assert "Traceback" not in server.said
    assert not config.engine_file.exists()


def test_a_window_that_closes_leaves_a_served_engine_alone(server: Server, config: Config) -> None:
    async def window() -> bool:
        client = await open_link(read_note(config.engine_file), "window")
        try:
            await client.services.runs.stop_all()
            return await client.stop_engine(with_work=True)
        finally:
            await client.close()

    assert asyncio.run(window()) is False
    assert server.ask("/v1/health")[0] == 200


def test_ctrl_c_ends_serve_in_order(server: Server, config: Config) -> None:
    assert server.end(signal.SIGINT) == 0
    assert not config.engine_file.exists()


def test_serve_refuses_to_be_addressed_by_another_name(server: Server) -> None:
    for host in ("evil.example", "evil.example:80", "", "127.0.0.1.evil.example", "127.0.0.1:x"):
        assert server.ask("/v1/health/", host)[0] in (400, 403), host
    for own in ("localhost", "LOCALHOST:1", "[::1]:5", "127.0.0.1"):
        assert server.ask("/v1/health/", own)[0] == 200


def test_serve_is_the_engine_that_other_clients_find(server: Server, config: Config) -> None:
    note = read_note(config.engine_file)
    assert note is not None
    assert note.pid == server.process.pid
    assert "Vesta" in lares("chat", typed="hi\n").stdout
    assert server.ask("/v1/health/")[0] == 200


def test_serve_takes_over_from_an_engine_that_a_chat_left_behind(config: Config) -> None:
    assert lares("chat", typed="hi\n").returncode == 0
    left = read_note(config.engine_file)
    assert left is not None
    server = Server()
    try:
        assert f"http://127.0.0.1:{server.port}" in server.said
        assert server.ask("/v1/health")[0] == 200
        taken = read_note(config.engine_file)
        assert taken is not None
        assert taken.pid == server.process.pid != left.pid
    finally:
        server.end()


def test_serve_leaves_an_engine_alone_that_somebody_uses(config: Config) -> None:
    async def with_a_client() -> subprocess.CompletedProcess[str]:
        client = await ensure_engine(config, "window")
        try:
            return await asyncio.to_thread(lares, "serve", "--port", str(free_port()))
        finally:
            await client.close()

    done = asyncio.run(with_a_client())
    assert (done.returncode, "Lares is already running on " in done.stderr) == (3, True)


def test_second_serve_and_taken_port_are_sentences(server: Server, tmp_path: Path) -> None:
    second = lares("serve", "--port", str(free_port()))
    assert (second.returncode, "Lares is already running on " in second.stderr) == (3, True)
    assert "If that is another `lares serve`, use it as it is." in second.stderr
    other = lares("serve", "--data", str(tmp_path / "other"), "--port", str(server.port))
    assert other.returncode == 1
    assert f"Another program already listens on 127.0.0.1:{server.port}" in other.stderr
    assert "--port" in other.stderr
    assert "Traceback" not in second.stderr + other.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_serve_stays_on_this_computer(config: Config, host: str) -> None:
    done = lares("serve", "--host", host)
    assert done.returncode == 1
    assert f"{host} can be reached from others" in done.stderr


def test_unusable_data_folder_is_a_sentence(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    for command in ("serve", "chat"):
        done = lares(command, "--data", str(place))
        assert done.returncode == 1
        assert f"Lares cannot use {place} as its data folder." in done.stderr + done.stdout
        assert "Traceback" not in done.stderr


def read_window(place: Path, *before: str) -> str:
    """What the window says over this folder; it must open and close in order."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "tests.support.processes.read_window", "--data", str(place)],
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        cwd=ROOT,
        env=environment(QT_QPA_PLATFORM="offscreen"),
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_window_says_that_its_folder_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    said = read_window(tmp_path / name)
    assert "Lares cannot start" in said
    assert f"Lares cannot use {tmp_path / name} as its data folder." in said


@pytest.mark.skipif(sys.platform == "win32", reason="a folder there has no such mode")
@pytest.mark.parametrize("used", [False, True])
def test_window_says_that_it_may_not_write_to_its_folder(tmp_path: Path, used: bool) -> None:
    place = tmp_path / "place"
    (place / "logs").mkdir(parents=True)
    if used:
        for name in ("window.lock", "engine.lock", "window.ini", "logs/window.log"):
            (place / name).touch(0o400)
        (place / "logs").chmod(0o500)
    place.chmod(0o500)
    said = read_window(place, *as_anybody())
    assert "Lares cannot start" in said
    assert f"Lares is not allowed to write to its data folder, {place}, so it cannot save anything." in said


def as_anybody() -> list[str]:
    """What stands before a command so that it may write only where its user may."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere")
    return ["setpriv", "--bounding-set", "-dac_override"]


def test_engine_works_without_any_standard_stream(config: Config) -> None:
    config.folder.mkdir(parents=True)
    config.settings_file.write_text("[engine]\nidle_seconds = 0.1\n")
    closed = (
        "import os, sys; [os.close(n) for n in (0, 1, 2)]; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", closed, "-m", "app", "--engine"], timeout=SECONDS, cwd=ROOT, env=environment()
    )
    assert done.returncode == 0
    assert "engine ends" in (config.logs / "engine.log").read_text()


def test_engine_tells_its_launcher_about_a_broken_settings_file(config: Config) -> None:
    config.folder.mkdir(parents=True)
    config.settings_file.write_text("[engine")
    done = lares("--engine")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "settings_file"


@pytest.mark.anyio
async def test_second_start_raises_the_first_window_and_ends(config: Config) -> None:
    claim = claim_window(config)
    assert claim is not None
    window = await ensure_engine(config, "window")
    raised: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    window.on_notice = raised.set_result
    second = await asyncio.to_thread(lares, env=environment(QT_QPA_PLATFORM="offscreen"))
    assert (second.returncode, second.stderr) == (0, "")
    assert await asyncio.wait_for(raised, 5) == "raise"
    await window.close()
    claim.release()
    await asyncio.to_thread(end_engine, config)


def test_log_of_the_engine_is_for_this_user_and_names_no_token(server: Server, config: Config) -> None:
    note = read_note(config.engine_file)
    assert note is not None
    lares("chat", typed="hi\n")
    assert os.stat(config.folder).st_mode & 0o077 == 0
    for log in config.logs.iterdir():
        assert note.token not in log.read_text("utf-8")


def test_engine_loads_neither_command_lines_of_libraries_nor_what_only_the_recall_process_needs() -> None:
    script = "import sys, app.__main__, app.bootstrap, app.rest.server, app.adapters.recall.client; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=SECONDS, cwd=ROOT, check=True
    )
    loaded = set(done.stdout.split())
    assert not {"pygments", "rich", "PySide6"} & loaded
    assert (
        not {
            "numpy",
            "onnxruntime",
            "tokenizers",
            "chromadb",
            "openai",
            "ollama",
            "mcp",
            "httpx",
            "readability",
            "lxml",
            "keyring",
        }
        & loaded
    )


def test_serve_goes_on_with_a_backup_that_a_window_restored(server: Server, config: Config) -> None:
    async def restore() -> None:
        client = await open_link(read_note(config.engine_file), "window")
        try:
            backup = await client.services.backups.create()
            await client.services.agents.create_demo()
            await client.services.backups.restore(backup.name)
            await client.wait_closed()
        finally:
            await client.close()

    asyncio.run(restore())
    assert server.process.stderr is not None
    assert server.process.stderr.readline() == server.said
    assert server.ask("/v1/health/")[0] == 200
    assert server.ask("/v1/agents/")[1] == b"[]"
    assert server.end() == 0


INTERRUPTED_LATE = """
import os, signal, sys
class Late:  # goes away after Python has given its signals back to the system
    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGINT):
        kill(pid, number)
sys.late = Late()
from app import __main__
sys.argv = ["lares", "--version"]
__main__.program()
"""


@pytest.mark.skipif(os.name == "nt", reason="an interrupt is no signal there")
def test_ctrl_c_while_it_ends_does_not_change_how_it_ended() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_LATE], capture_output=True, encoding="utf-8", timeout=40, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"Lares {__version__}"), done.stderr


def test_a_wrong_word_is_called_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nonsense"])
    assert "argument COMMAND: invalid choice: 'nonsense'" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="descriptors are not inherited so there")
def test_the_program_is_the_python_of_its_tools(tmp_path: Path) -> None:
    """As a frozen Lares starts itself for a call; nothing of ours is to be had there."""
    asked = {"source": "def f(x: int):\n    import app.engine\n    return x", "function": "f", "arguments": {"x": 1}}
    bodies = [json.dumps(one).encode() for one in ({"packages": []}, asked)]
    read, write = os.pipe()
    command = [sys.executable, str(ROOT / "packaging" / "entry.py"), "--tool-child", str(write)]
    request = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, input=request, pass_fds=(write,), timeout=40, check=False, cwd=tmp_path, env=path)
    os.close(write)
    with os.fdopen(read, "rb") as answered:
        told = json.loads(answered.read()[4:])
    assert not told["ok"]
    assert told["error"].startswith("ModuleNotFoundError: No module named 'app.engine'")
