"""Programs of servers: where they are found, what they get of the environment, and how all they started is ended."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.detached import child_environment
from app.domain.mcp import McpError
from app.ports.mcp import McpTarget

MARK = "LARES_MCP_SESSION"
"""In the environment of each server, so that what it left behind is known as its own."""
_WINDOWS = (
    *("APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROCESSOR_ARCHITECTURE"),
    *("PROGRAMDATA", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE", "WINDIR"),
)
_POSIX = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
_EVERYBODY = _WINDOWS if sys.platform == "win32" else _POSIX
"""What a program gets of ours; keys of model servers are not among it."""
_PLACES = ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin", "/bin")
"""Looked at besides: a window that was started by a click often has a shorter PATH than a terminal."""
SHELL_SECONDS = 4.0
_LINE = "LARES-PATH:"
GRACE = 0.5
"""Seconds that a program has to end by itself, after its input ended and after it was asked to."""
LOOK_SECONDS = 0.01
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


class Programs:
    """What this process starts."""

    def __init__(self) -> None:
        self._found_path: str | None = None
        self._looking = asyncio.Lock()
        if _libc is not None:
            _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    async def path(self) -> str:
        """PATH as a terminal has it."""
        async with self._looking:
            if self._found_path is None:
                self._found_path = await asyncio.to_thread(_whole_path)
        return self._found_path

    async def start(self, session: str, target: McpTarget) -> tuple[asyncio.subprocess.Process, str]:
        """The process, with three pipes, and where its program was found. Raises `McpError`."""
        path = await self.path()
        program, args, folder = await asyncio.to_thread(_found, target, path)
        environment = {**_environment(path), **target.env, MARK: session}
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                *args,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=environment,
                start_new_session=sys.platform != "win32",
                preexec_fn=_ends_with_us if _libc is not None else None,
                creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
            )
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise McpError(
                f"{program} could not be started: {said}.",
                code="mcp_not_found",
                hint="Check the command, and that the file may be run.",
            ) from None
        return process, program

    async def end(self, session: str, process: asyncio.subprocess.Process) -> None:
        """First kindly, then not; with all that it started."""
        tree = await asyncio.to_thread(_tree, process.pid)
        if process.stdin is not None:
            process.stdin.close()
        for ask in (None, "TERM"):
            if ask is not None and process.returncode is None:
                with contextlib.suppress(OSError):
                    process.terminate()
            await ended(process, GRACE)
        if sys.platform == "win32":
            await asyncio.to_thread(_kill_tree_on_windows, process.pid)
        else:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            left = (*tree, *await asyncio.to_thread(_left_behind, session))
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(_bury, left)
        await ended(process, GRACE)
        transport = getattr(process, "_transport", None)
        if transport is not None:
            # What it started may hold its pipes open for ever.
            transport.close()


async def ended(process: asyncio.subprocess.Process, seconds: float) -> int | None:
    """Its status once it has ended, or None after so many seconds. Its own `wait` also waits for whoever else holds its
    pipes.
    """
    for _ in range(round(seconds / LOOK_SECONDS)):
        if process.returncode is not None:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return process.returncode


def _bury(pids: Sequence[int]) -> None:
    """Those that came to this process when their parents ended."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.waitpid(pid, 0)


def kill_all() -> None:
    """Whatever still descends from this process."""
    for pid in _tree(os.getpid()):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _ends_with_us() -> None:
    """In the child, before its program: the system kills it when this process is gone."""
    assert _libc is not None
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _environment(path: str) -> dict[str, str]:
    whole = child_environment(os.environ)
    return {**{name: whole[name] for name in _EVERYBODY if name in whole}, "PATH": path}


def _found(target: McpTarget, path: str) -> tuple[str, list[str], Path]:
    """Where the program is, its arguments, and the folder. Raises `McpError`."""
    program = _program(target.command, path)
    folder = Path(os.path.expanduser(target.folder or "~"))
    if not folder.is_dir():
        raise McpError(
            f"The folder {folder} does not exist.", code="mcp_not_found", hint="Choose another folder for it."
        )
    args = [os.path.expanduser(one) if one.startswith(("~/", "~\\")) else one for one in target.args]
    return program, args, folder


def _program(command: str, path: str) -> str:
    found = shutil.which(os.path.expanduser(command), path=path)
    if found is not None:
        return found
    if os.sep in command or (os.altsep and os.altsep in command):
        raise McpError(
            f"There is no program {command}.",
            code="mcp_not_found",
            hint="Check the path, and that the file may be run.",
        )
    places = len([one for one in path.split(os.pathsep) if one])
    needs = {"npx": "Node.js (https://nodejs.org)", "node": "Node.js (https://nodejs.org)"}
    needs |= {"uvx": "uv (https://docs.astral.sh/uv)", "uv": "uv (https://docs.astral.sh/uv)", "docker": "Docker"}
    hint = f"Install {needs[command]}" if command in needs else "Install it"
    raise McpError(
        f"“{command}” was not found on the path of your login shell. Lares looked in {places} folders.",
        code="mcp_not_found",
        hint=f"{hint}, or write the whole path of the program as the command.",
    )


def _whole_path() -> str:
    own = os.environ.get("PATH", "").split(os.pathsep)
    if sys.platform == "win32":
        return os.pathsep.join(own)
    more = [*_PLACES, str(Path.home() / ".local" / "bin")]
    return os.pathsep.join(dict.fromkeys(one for one in (*_login_path(), *own, *more) if one))


def _login_path() -> list[str]:
    """What the person's shell makes of PATH; nothing where it does not say."""
    shell = os.environ.get("SHELL") or _shell_of_person()
    if not shell or not os.access(shell, os.X_OK):
        return []
    try:
        said = subprocess.run(
            [shell, "-l", "-i", "-c", f'printf "%s" "\n{_LINE}$PATH\n"'],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SHELL_SECONDS,
            check=False,
            start_new_session=True,
            env=child_environment(os.environ),
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [row for row in said.stdout.decode("utf-8", "replace").splitlines() if row.startswith(_LINE)]
    return rows[-1].removeprefix(_LINE).split(os.pathsep) if rows else []


def _shell_of_person() -> str:
    if sys.platform == "win32":
        return ""
    import pwd

    with contextlib.suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_shell
    return ""


def _tree(pid: int) -> list[int]:
    """All that descend from it, where the system shows it; without it."""
    children: dict[int, list[int]] = {}
    for one, parent in _processes():
        children.setdefault(parent, []).append(one)
    found, ahead = list[int](), [pid]
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += below
    return found


def _left_behind(session: str) -> list[int]:
    """What the session's programs started apart from themselves: it came to this process when they ended."""
    mark = f"{MARK}={session}".encode()
    found = list[int]()
    for pid, parent in _processes():
        if parent != os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found += [pid, *_tree(pid)]
    return found


def _processes() -> list[tuple[int, int]]:
    """Each with its parent; none where there is no /proc."""
    found = list[tuple[int, int]]()
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    told = Path(f"/proc/{name}/stat").read_text("utf-8", "replace")
                    found.append((int(name), int(told.rpartition(")")[2].split()[1])))
    return found


def _kill_tree_on_windows(pid: int) -> None:
    subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, check=False)
