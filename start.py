#!/usr/bin/env python3
"""Start Lares or its tests from a fresh clone: makes the environment first, with nothing but Python. See `--help`."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

WORKS_WITH = "3.11, 3.12 or 3.13"
if not (3, 11) <= sys.version_info[:2] < (3, 14):
    found = [name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)]
    sys.exit(
        "Lares needs Python {}; this is {}.{}. {}".format(
            WORKS_WITH,
            *sys.version_info[:2],
            "Run: {} {}".format(found[0], " ".join(sys.argv))
            if found
            else "Install one of them, then start it with that.",
        )
    )

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BOOT = ROOT / ".boot"
STAMP = VENV / "lares-ready"
WINDOWS = sys.platform == "win32"
LINUX = sys.platform == "linux"
BIN = "Scripts" if WINDOWS else "bin"
EXE = ".exe" if WINDOWS else ""

USAGE = """\
python3 start.py run [options]          open the window (options go to Lares: --data FOLDER, --version)
python3 start.py chat [agent]           talk to an agent in this terminal
python3 start.py serve                  the engine without a window
python3 start.py models, pull, servers, status, service, restore    each with --help
python3 start.py test [pytest options]  format, lint, types, import rules and the tests (10 minutes)
python3 start.py test --long            the long tests with full counts; writes tests/results/long.json
python3 start.py test --live            the tests against real model servers on this computer
"""

COMMANDS = ("run", "serve", "chat", "models", "pull", "servers", "status", "service", "restore")
"""What is handed to Lares itself."""

# Library file -> packages of Debian and Ubuntu that may hold it; newer releases renamed some to ...t64.
PACKAGES = {
    "libGL.so.1": ("libgl1",),
    "libEGL.so.1": ("libegl1",),
    "libglib-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libgthread-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libfontconfig.so.1": ("libfontconfig1",),
    "libfreetype.so.6": ("libfreetype6",),
    "libdbus-1.so.3": ("libdbus-1-3",),
    "libX11.so.6": ("libx11-6",),
    "libX11-xcb.so.1": ("libx11-xcb1",),
    "libxkbcommon.so.0": ("libxkbcommon0",),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0",),
    "libxcb.so.1": ("libxcb1",),
    "libxcb-cursor.so.0": ("libxcb-cursor0",),
    "libxcb-icccm.so.4": ("libxcb-icccm4",),
    "libxcb-image.so.0": ("libxcb-image0",),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1",),
    "libxcb-randr.so.0": ("libxcb-randr0",),
    "libxcb-render.so.0": ("libxcb-render0",),
    "libxcb-render-util.so.0": ("libxcb-render-util0",),
    "libxcb-shape.so.0": ("libxcb-shape0",),
    "libxcb-shm.so.0": ("libxcb-shm0",),
    "libxcb-sync.so.1": ("libxcb-sync1",),
    "libxcb-util.so.1": ("libxcb-util1",),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0",),
    "libxcb-xkb.so.1": ("libxcb-xkb1",),
    "libwayland-client.so.0": ("libwayland-client0",),
    "libwayland-cursor.so.0": ("libwayland-cursor0",),
    "libwayland-egl.so.1": ("libwayland-egl1",),
    "libz.so.1": ("zlib1g",),
    "libzstd.so.1": ("libzstd1",),
}
PLUGINS = ("platforms/libqoffscreen.so", "platforms/libqxcb.so", "platforms/libqwayland.so")


def main(words: list[str]) -> int:
    verb, rest = (words[0], words[1:]) if words else ("", [])
    if verb == "test":
        prepare(developing=True, window=True)
        return test(rest)
    if verb in COMMANDS:
        if verb == "run" and not {"--version", "-h", "--help"} & set(rest):
            need_a_screen()
        prepare(developing=False, window=verb == "run")
        return become([python(), "-P", "-m", "app", *([] if verb == "run" else [verb]), *rest])
    print(USAGE, end="")
    return 0 if verb in ("-h", "--help", "help") else 2


# The environment


def prepare(developing: bool, window: bool) -> None:
    """Makes .venv what uv.lock says and the system able to load Qt. Costs milliseconds once that is done."""
    parts = {"app"} | ({"developing"} if developing else set()) | ({"window"} if window and LINUX else set())
    digest = hashlib.sha256(str(ROOT).encode())
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    wanted = digest.hexdigest()
    ready = STAMP.read_text("utf-8").split() if STAMP.is_file() and Path(python()).exists() else []
    have = set(ready[1:]) if ready[:1] == [wanted] else set()
    if not parts - have:
        return
    if parts - have - {"window"}:
        install_packages(developing)
    if "window" in parts:
        find_libraries(developing)
    STAMP.write_text(" ".join([wanted, *sorted(have | parts)]), "utf-8")


def install_packages(developing: bool) -> None:
    uv = find_uv()
    if Path(python()).exists():
        say("Bringing the libraries of Lares up to date ...")
    else:
        say(f"Fetching the libraries of Lares (about {250 if developing else 130} MB; only the first time) ...")
    began = time.monotonic()
    command = [uv, "sync", "--frozen", "--compile-bytecode", "--python", base_python()]
    environment = child_environment()
    environment.update(UV_PROJECT_ENVIRONMENT=str(VENV), UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1")
    environment.pop("VIRTUAL_ENV", None)
    code, output = run_aloud(command if developing else [*command, "--no-dev", "--inexact"], environment)
    if code:
        stop(explain(output, "the libraries of Lares could not be installed"))
    subprocess.run([python(), "-m", "compileall", "-q", "app"], cwd=ROOT, env=environment, check=False)
    say(f"The libraries are in place ({time.monotonic() - began:.0f} s).")


def find_uv() -> str:
    """uv of the system where it is recent enough, else one of our own in .boot."""
    own = BOOT / BIN / f"uv{EXE}"
    for candidate in (str(own), shutil.which("uv")):
        if candidate and uv_version(candidate) >= (0, 8):
            return candidate
    say("Fetching uv, which installs the rest ...")
    code, output = make_boot()
    if code and "ensurepip" in output and shutil.which("apt-get"):
        # Debian and Ubuntu keep Python's venv module in a package of its own.
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        if not apt_install([package]):
            stop(f"Python's venv module is missing. Install it, then start again:\n\n    {apt_line([package])}\n")
        code, output = make_boot()
    if not code:
        code, output = run_aloud(
            [str(BOOT / BIN / f"python{EXE}"), "-m", "pip", "install", "-q", "--retries", "1", "uv>=0.8"]
        )
    if code or uv_version(str(own)) < (0, 8):
        shutil.rmtree(BOOT, ignore_errors=True)
        stop(explain(output, "uv, which installs the libraries of Lares, could not be fetched"))
    return str(own)


def make_boot() -> tuple[int, str]:
    done = subprocess.run(
        [base_python(), "-m", "venv", "--clear", str(BOOT)], capture_output=True, text=True, env=child_environment()
    )
    return done.returncode, done.stdout + done.stderr


def uv_version(uv: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.match(r"uv (\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in match.groups()) if match else ()


# Libraries of the system


def find_libraries(developing: bool) -> None:
    """Qt needs some libraries that a small system lacks. Root gets them installed; others get the line to type."""
    missing = missing_libraries()
    packages = packages_with(missing)
    while packages:
        installed = apt_install(packages)
        before, missing = missing, missing_libraries()
        if not installed or missing == before:
            line = apt_line(packages)
            stop(f"The window needs libraries this system lacks. Install them, then start again:\n\n    {line}\n")
        packages = packages_with(missing)
    if missing:
        stop(f"The window needs libraries this system lacks. Install the packages that hold: {' '.join(missing)}")
    if sys.platform.startswith("linux") and not shutil.which("bwrap") and shutil.which("apt-get"):
        # It keeps tools that are programs away from everything else; without it less of that holds, and Lares says so.
        apt_install(["bubblewrap"])
    if developing and not shutil.which("Xvfb") and shutil.which("apt-get"):
        # Without it the few tests that open a window on a real screen are skipped, with the reason.
        apt_install(["xvfb", "xauth"])


def missing_libraries() -> list[str]:
    missing: set[str] = set()
    for qt in VENV.glob("lib/python*/site-packages/PySide6"):
        files = [qt / "Qt" / "plugins" / name for name in PLUGINS] + sorted(qt.glob("QtWidgets*.so"))
        for file in files:
            if file.is_file():
                listing = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False).stdout
                missing.update(re.findall(r"^\s*(\S+) => not found", listing, re.MULTILINE))
    return sorted(missing)


def packages_with(libraries: list[str]) -> list[str]:
    if not shutil.which("apt-get"):
        return []
    return [first_known(PACKAGES[name]) for name in libraries if name in PACKAGES]


def first_known(names: tuple[str, ...]) -> str:
    """The first of these package names that this release knows; the last where it cannot be asked."""
    for name in names[:-1]:
        known = subprocess.run(["apt-cache", "show", name], capture_output=True, check=False)
        if known.returncode == 0 and known.stdout:
            return name
    return names[-1]


def apt_install(packages: list[str]) -> bool:
    if os.geteuid() != 0:
        return False
    packages = sorted(set(packages))
    say(f"Installing from this system's packages: {' '.join(packages)} ...")
    environment = child_environment()
    environment["DEBIAN_FRONTEND"] = "noninteractive"
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (install, ["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if command is install and done.returncode == 0:
            return True
    print(last_lines(done.stderr), file=sys.stderr)
    return False


def apt_line(packages: list[str]) -> str:
    return f"sudo apt-get install -y --no-install-recommends {' '.join(sorted(set(packages)))}"


def need_a_screen() -> None:
    if not LINUX or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        return
    hint = "" if shutil.which("xvfb-run") else "   (after: sudo apt-get install -y xvfb xauth)"
    stop(
        "There is no screen here (DISPLAY and WAYLAND_DISPLAY are not set), so no window can open. What works:\n\n"
        "    python3 start.py chat                    talk to an agent in this terminal\n"
        "    python3 start.py serve                   the engine without a window\n"
        f"    xvfb-run -a python3 start.py run         the window on a screen without a monitor{hint}\n"
    )


# Checks and tests


def test(options: list[str]) -> int:
    tier = {"--long", "--live"} & set(options)
    failed = [] if tier else run_checks()
    # One more worker than processors: many tests wait for processes and sockets.
    spread = [] if tier or (os.cpu_count() or 1) < 2 else ["-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal"]
    if "--long" in tier:
        spread = ["-o", "faulthandler_timeout=1800"]  # full counts take minutes, not two
    environment = child_environment()
    environment["LARES_FAILED_CHECKS"] = ", ".join(failed)
    say("Tests ...")
    code = subprocess.run([python(), "-m", "pytest", *spread, *options], cwd=ROOT, env=environment).returncode
    return code or (1 if failed else 0)


def run_checks() -> list[str]:
    """Runs all checks at once, prints each when it is done, and returns the names of those that failed."""
    tools = VENV / BIN
    checks = {
        "format": [str(tools / "ruff"), "format", "--check", "."],
        "lint": [str(tools / "ruff"), "check", "."],
        "import rules": [str(tools / "lint-imports"), "--no-cache"],
        "types": [str(tools / "basedpyright")],
    }
    running = {
        name: subprocess.Popen(
            command, cwd=ROOT, env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for name, command in checks.items()
    }
    failed: list[str] = []
    for name, process in running.items():
        began = time.monotonic()
        output = process.communicate()[0]
        say(f"{name}: {'ok' if process.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.0f} s)")
        if process.returncode:
            failed.append(name)
            print(output.rstrip(), flush=True)
    return failed


# Small words


def python() -> str:
    return str(VENV / BIN / f"python{EXE}")


def base_python() -> str:
    """The Python behind a virtual environment, should one be active."""
    return getattr(sys, "_base_executable", None) or sys.executable


def child_environment() -> dict[str, str]:
    """Without the switch that would keep compiled bytecode from being written: every start would be seconds slower."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def become(command: list[str]) -> int:
    if not WINDOWS:
        os.execve(command[0], command, child_environment())
    process = subprocess.Popen(command, env=child_environment())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The child got Ctrl-C too and ends in its own order.
            continue


def run_aloud(command: list[str], environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Runs a command; its words go to the screen, without uv's list of packages, and are kept for an explanation."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment or child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if not re.match(r" [-+~] ", line):
            print(f"  {line}", end="", flush=True)
    return process.wait(), "".join(lines)


def explain(output: str, what: str) -> str:
    reasons = (
        (r"No space left|disk quota|os error 28\b|os error 112\b", "the disk is full: free about 1 GB"),
        (r"Permission denied|Read-only file system|Access is denied", f"{ROOT} cannot be written to: check its owner"),
        (
            r"certificate|CERTIFICATE",
            "the network's certificate is not trusted: set SSL_CERT_FILE to your certificates",
        ),
        (
            r"dns error|name resolution|getaddrinfo|could not connect|error sending request|timed out"
            r"|NewConnectionError|No route to host|unreachable|No matching distribution|tunnel|proxy",
            "pypi.org cannot be reached: check the network (or HTTPS_PROXY)",
        ),
    )
    for pattern, reason in reasons:
        if re.search(pattern, output, re.IGNORECASE):
            return f"Stopped: {what}, because {reason}, then start again."
    return f"Stopped: {what}. The last words were:\n{last_lines(output)}"


def last_lines(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-8:])


def say(text: str) -> None:
    print(text, flush=True)


def stop(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        stop(explain(str(error), "a file of Lares could not be read or written"))
