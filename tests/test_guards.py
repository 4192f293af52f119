"""The guards around every test do fail a test that leaves this computer, logs a warning or leaves a thread."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MISBEHAVING = """
import logging, socket, subprocess, sys, threading

import pytest

STAY = threading.Event()


def test_reaches_out():
    try:
        socket.create_connection(("203.0.113.7", 80), timeout=1)
    except OSError:
        pass


def test_looks_up_a_name():
    with pytest.raises(OSError):
        socket.getaddrinfo("lares.example", 80)


def test_child_reaches_out():
    code = "import socket; socket.create_connection(('203.0.113.7', 80), timeout=1)"
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode


def test_logs_a_warning():
    logging.getLogger("lares").warning("something is wrong")


def test_leaves_a_thread():
    threading.Thread(target=STAY.wait, name="left-over", daemon=True).start()


@pytest.mark.allow_logs("expected")
def test_logs_what_it_expects(allow_logs):
    allow_logs("also")
    logging.getLogger("lares").warning("an expected warning")
    logging.getLogger("lares").error("this also")


def test_stays_here():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
"""


def test_misbehaving_tests_fail(tmp_path: Path) -> None:
    file = tmp_path / "test_misbehaving.py"
    file.write_text(MISBEHAVING, "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"), str(file)]
    done = subprocess.run(
        [*command, "-rN", "-p", "no:cacheprovider"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert "7 passed, 5 errors" in done.stdout, done.stdout
    for times, sentence in (
        (3, "this test reached for the network outside this computer"),
        (1, "unexpected log lines (allow_logs allows them):\nWARNING lares: something is wrong"),
        (1, "threads outlived their test: left-over"),
    ):
        assert done.stdout.count(sentence) == times, done.stdout
