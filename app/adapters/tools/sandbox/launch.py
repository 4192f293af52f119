"""How the process of a call is started: the command line, its environment, and what the system is asked to enforce."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.domain.sandbox import SandboxLimits
from app.domain.tool import ToolFolder
from app.ports.sandbox import FoundPython

CHILD = Path(__file__).with_name("child.py")
BESIDE = tuple(CHILD.with_name(f"child_{name}.py") for name in ("door", "network", "client"))
"""What it loads where a call needs it."""
FOLDER = "/lares-call"
"""Of a call, inside bubblewrap."""
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ssl", "/etc/ca-certificates", "/etc/localtime")
"""What programs need of a system, read only."""
FIRST_UID, UIDS = 2_000_000, 1_000_000
"""A root becomes one of these for a call: the number of processes is limited by person, and no root has a limit."""
PATH = "/usr/local/bin:/usr/bin:/bin"
PROBE_SECONDS = 10


@dataclass(frozen=True)
class Launch:
    """How one call is started."""

    command: tuple[str, ...]
    environment: dict[str, str]
    folder: Path | None
    """To be made and removed by whoever starts it; None: it lives inside the sandbox."""
    uid: int | None
    readable: tuple[str, ...] | None
    """What the process may see besides its folder, where it walls itself in; None: bubblewrap shows it no more."""
    writable: tuple[str, ...] = ()
    """Its folder, and what else it may write to, where it walls itself in."""


@dataclass(frozen=True)
class Launcher:
    """One per engine. `bubblewrap`: its program; None: there is none, or it is not to be used."""

    bubblewrap: str | None = None

    @classmethod
    def found(cls) -> "Launcher":
        """The best that works here. Tries it, so it takes some tens of milliseconds. Never raises."""
        program = shutil.which("bwrap") if sys.platform.startswith("linux") else None
        launcher = cls(program)
        return launcher if program is not None and launcher.works else cls(None)

    @cached_property
    def works(self) -> bool:
        command = [*self._wrapped(SandboxLimits(), ()), *_python(), "-c", "print(6 * 7)"]
        try:
            done = subprocess.run(command, env=_environment(), capture_output=True, timeout=PROBE_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 and done.stdout.strip() == b"42"

    def launch(
        self,
        channel: int,
        limits: SandboxLimits,
        *,
        packages: Sequence[Path] = (),
        programs: Sequence[Path] = (),
        folders: Sequence[ToolFolder] = (),
        python: FoundPython | None = None,
        number: int = 0,
    ) -> Launch:
        """`programs`: folders that it sees besides. `folders`: those that a person gave it. `number`: of the process,
        so that two at once are two persons where this is a root.
        """
        child = (*_python(python), *_child(python), str(channel))
        given = _environment()
        uid = FIRST_UID + number % UIDS if self._can_be_another(packages) else None
        if self.bubblewrap is not None:
            wrapped = self._wrapped(limits, (*packages, *programs), folders, python)
            return Launch((*wrapped, *child), given, None, uid, None)
        folder = Path(tempfile.mkdtemp(prefix="lares-tool-"))
        if uid is not None:
            os.chown(folder, uid, uid)
        given |= {"HOME": str(folder), "TMPDIR": str(folder)}
        places = (
            *SYSTEM,
            *_python_places(python),
            *(str(one) for one in (*packages, *programs)),
            *(one.path for one in folders if not one.writable),
        )
        readable = tuple(dict.fromkeys(places)) if sys.platform.startswith("linux") else None
        writable = (str(folder), *(one.path for one in folders if one.writable))
        return Launch(child, given, folder, uid, readable, writable)

    def most_processes(self, launch: Launch, limits: SandboxLimits) -> int:
        """How many its person may have at once, now: the system counts by person. Reads /proc for some milliseconds."""
        alone = self.bubblewrap is not None or launch.uid is not None
        return limits.processes + (0 if alone else _processes_of_this_person())

    def _can_be_another(self, packages: Sequence[Path]) -> bool:
        """Whether this is a root whose Python, and these packages, others can read."""
        if not hasattr(os, "getuid") or os.getuid() != 0:
            return False
        if self.bubblewrap is not None:
            return True
        places = (*map(Path, _python_places()), *packages)
        return all(one.stat().st_mode & 1 for place in places for one in place.parents)

    def _wrapped(
        self,
        limits: SandboxLimits,
        places: Sequence[Path],
        folders: Sequence[ToolFolder] = (),
        python: FoundPython | None = None,
    ) -> tuple[str, ...]:
        """Bubblewrap's own words: nothing is seen that is not named here."""
        assert self.bubblewrap is not None
        words = [self.bubblewrap, "--die-with-parent", "--new-session"]
        words += ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--unshare-net"]
        if os.getuid() == 0:
            words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        else:
            words.append("--unshare-user")
        # What is laid over something hides it, so the empty folder comes first: Lares itself may lie below it.
        words += ["--perms", "0777", "--size", str(limits.folder), "--tmpfs", "/tmp"]
        # What bubblewrap makes by itself above a place is closed to all but root.
        words += ["--perms", "0755", "--dir", "/etc"]
        for place in SYSTEM:
            if os.path.islink(place):
                words += ["--symlink", os.readlink(place), place]
            elif os.path.exists(place):
                words += ["--ro-bind", place, place]
        shown = dict.fromkeys((*_python_places(python), *(str(one) for one in places)))
        named = (*shown, *(one.path for one in folders))
        above = dict.fromkeys(str(one) for place in named for one in reversed(Path(place).parents[:-1]))
        for folder in above:
            words += ["--perms", "0755", "--dir", folder]
        # Whoever gave a folder may have given one around Python, too: what is needed is laid over it.
        for one in folders:
            words += ["--bind" if one.writable else "--ro-bind", one.path, one.path]
        for place in shown:
            words += ["--ro-bind", place, place]
        words += ["--proc", "/proc", "--dev", "/dev"]
        words += ["--perms", "0777", "--size", str(limits.folder), "--tmpfs", FOLDER, "--chdir", FOLDER, "--"]
        return tuple(words)


def libraries(found: FoundPython | None = None) -> str:
    """The folder with pydantic; empty in a frozen Lares, whose own loader has it, and for another Python."""
    if getattr(sys, "frozen", False) or (found is not None and not found.is_own):
        return ""
    spec = importlib.util.find_spec("pydantic")
    return str(Path(spec.origin).parents[1]) if spec is not None and spec.origin else ""


def node_program() -> Path | None:
    """Where Node.js is."""
    found = shutil.which("node")
    return None if found is None else Path(os.path.realpath(found))


def node_places(program: Path | None) -> tuple[Path, ...]:
    """The folders that it needs besides those of the system."""
    return () if program is None or program.is_relative_to("/usr") else (program.parents[1],)


def own_python() -> str:
    """The program of the Python that runs Lares, without anything that was installed beside it."""
    own = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(own) if own.exists() else os.path.realpath(sys.executable)


def _python(found: FoundPython | None = None) -> tuple[str, ...]:
    """The interpreter: a frozen Lares itself, else a Python."""
    if found is None and getattr(sys, "frozen", False):
        return (sys.executable,)
    return (own_python() if found is None else str(found.program), "-I", "-S", "-B", "-X", "utf8")


def _child(found: FoundPython | None = None) -> tuple[str, ...]:
    return ("--tool-child",) if found is None and getattr(sys, "frozen", False) else (str(CHILD),)


def _python_places(found: FoundPython | None = None) -> tuple[str, ...]:
    """Outside of the system's folders: Python, pydantic and the program of the child."""
    if found is None and getattr(sys, "frozen", False):
        return (str(Path(sys.executable).parent),)
    home = sys.base_prefix if found is None else str(found.home)
    places = (home, *(filter(None, (libraries(found),))), str(CHILD), *(str(one) for one in BESIDE))
    return tuple(one for one in places if not one.startswith("/usr/") and one != "/usr")


def _environment() -> dict[str, str]:
    """Nothing of the engine's, but what a program needs. What is a tool's own comes with the call."""
    given = {"PATH": PATH, "HOME": FOLDER, "TMPDIR": "/tmp", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("SYSTEMROOT", "TZ", "WINDIR"):
        if name in os.environ:
            given[name] = os.environ[name]
    if sys.platform == "win32":
        given["PATH"] = os.environ.get("PATH", "")
    return given


def _processes_of_this_person() -> int:
    """Threads count too. 0 where it cannot be known."""
    mine, found = os.getuid() if hasattr(os, "getuid") else 0, 0
    try:
        with os.scandir("/proc") as entries:
            for entry in entries:
                if entry.name.isdigit() and entry.stat(follow_symlinks=False).st_uid == mine:
                    found += len(os.listdir(f"/proc/{entry.name}/task"))
    except OSError:
        return max(found, 4_096)
    return found
