"""`lares chat` as a person and a script use it: real processes, a real engine, the demo agent."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from app.config import Config
from app.link.client import connect
from app.link.engine_file import read_note
from tests.support.guards.source import ROOT
from tests.support.processes.lares_process import SECONDS, Terminal, arguments_of, environment, lares
from tests.support.servers.openai_server import OpenAIServer

pytestmark = [
    pytest.mark.usefixtures("config"),
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal("chat")
    yield terminal
    terminal.kill()


def test_lines_of_a_pipe_are_answered_one_by_one_and_nothing_is_coloured() -> None:
    done = lares("chat", typed="my name is Brad, not Chad\n/memory\n/undo\n/memory\n/undo\n")
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert "\x1b" not in shown
    parts = [
        "No agents yet, so here is Vesta, a scripted demo",
        "Vesta (demo) (demo/vesta)",
        "(thinks) ",
        '→ memory_replace(label="human", old_string="Name: Chad.", new_string="Name: Brad.")',
        "✓ ",
        "  human · changed\n  - Name: Chad.\n  + Name: Brad.\n",
        "human (32 of 2000 characters)\nName: Brad.\n",
        "  human · changed\n  - Name: Brad.\n  + Name: Chad.\n",
        "human (32 of 2000 characters)\nName: Chad.\n",
        "There is no memory change to undo.",
    ]
    places = [shown.find(part) for part in parts]
    assert -1 not in places, (parts[places.index(-1)], shown)
    assert places == sorted(places)
    assert "> " not in shown


def test_agent_is_picked_by_id_or_the_beginning_of_its_name_and_a_wrong_one_is_named() -> None:
    listed = lares("chat", typed="/agents\n").stdout
    agent_id = next(word for word in listed.split() if word.startswith("agent-"))
    for wanted in (agent_id, "ves", "VESTA (demo)"):
        assert "Vesta (demo)" in lares("chat", wanted, typed="/quit\n").stdout
    done = lares("chat", "Juno")
    assert done.returncode == 1
    assert "There is no agent “Juno”. There are: Vesta (demo). Use one of these names." in done.stdout
    assert "Traceback" not in done.stderr


def test_failed_reply_is_a_sentence_and_an_exit_code() -> None:
    done = lares("chat", typed="/fail\n")
    assert "The demo stopped answering in the middle of the reply" in done.stdout
    assert done.returncode == 1


def test_broken_settings_file_is_a_sentence(config: Config) -> None:
    config.settings_file.write_text("[engine")
    done = lares("chat", typed="hi\n")
    assert done.returncode == 1
    assert "is not valid TOML" in done.stderr
    assert "Traceback" not in done.stderr


def test_colours_and_prompt_on_a_terminal(terminal: Terminal) -> None:
    terminal.see("> ")
    terminal.type("my name is Brad, not Chad\n")
    terminal.see("> ", 2)
    assert "\x1b[0;2m" in terminal.shown
    assert "\x1b[0;31m  - Name: Chad." in terminal.shown
    assert "\x1b[0;32m  + Name: Brad." in terminal.shown
    terminal.type("/help\n")
    terminal.see("stops the reply, or leaves")
    terminal.type("/quit\n")
    assert terminal.end() == 0


def test_no_colour_when_not_wanted() -> None:
    terminal = Terminal("chat", NO_COLOR="1")
    terminal.see("> ")
    terminal.type("my name is Brad, not Chad\n")
    terminal.see("+ Name: Brad.")
    terminal.see("> ", 2)
    assert "\x1b[0;" not in terminal.shown
    terminal.type("\x04")
    assert terminal.end() == 0


def test_ctrl_c_stops_the_reply_and_the_chat_goes_on(terminal: Terminal) -> None:
    terminal.see("> ")
    terminal.type("/long 5000\n")
    terminal.see(" ", 200)
    terminal.type("\x03")
    terminal.see("Stopped.")
    terminal.see("Stopped.\x1b[0m\r\n> ")
    terminal.type("who are you\n")
    terminal.see("`/fail`\r\n> ")
    assert terminal.leave() == 130


def test_ctrl_d_during_a_reply_leaves_after_it(terminal: Terminal) -> None:
    terminal.see("> ")
    terminal.type("/long 60\n")
    terminal.see(" ", 30)
    terminal.type("\x04")
    assert terminal.end() == 0
    assert len(terminal.shown.rpartition("/long 60")[2].split()) >= 60, "the reply was told to its end"


def test_ctrl_c_at_a_half_typed_line_clears_it_first(terminal: Terminal) -> None:
    terminal.see("> ")
    terminal.type("something that I do not me")
    terminal.see("do not me")
    terminal.interrupt("> ", 2)
    terminal.type("who are you\n")
    terminal.see("> ", 3)
    assert "something" not in terminal.shown.rpartition("> who are you")[2]
    terminal.type("/quit\n")
    assert terminal.end() == 0


def test_a_path_is_a_message_and_a_mistyped_command_is_none(config: Config) -> None:
    with OpenAIServer() as server:
        assert lares("servers", "add", server.url, "--name", "box").returncode == 0
        said = (
            "/etc/hosts what is in there?",
            "/new ideas for supper",
            "/tmp",
            "/home is where the cat is",
            "/undoo now",
        )
        done = lares("chat", "Juno", "--model", "box/tiny", typed="\n".join((*said, "/agents")))
        asked = [request.body["messages"][-1]["content"] for request in server.chats]
    assert [next(text for text in said if text in one) for one in asked] == [said[0], said[1], said[3]]
    assert "There is no command /tmp." in done.stdout
    assert "There is no command /undoo." in done.stdout
    assert done.returncode == 0
    assert "* Juno  (box/tiny)" in done.stdout


def test_second_ctrl_c_leaves(terminal: Terminal, config: Config) -> None:
    terminal.see("> ")
    terminal.type("/long 5000\n")
    terminal.see(" ", 200)
    note = read_note(config.engine_file)
    assert note is not None
    # An engine that does not answer any more cannot stop the run.
    os.kill(note.pid, signal.SIGSTOP)
    try:
        terminal.type("\x03")
        terminal.see("Ctrl-C again leaves")
        terminal.type("\x03")
        assert terminal.end() == 130
    finally:
        os.kill(note.pid, signal.SIGCONT)
    assert "Traceback" not in terminal.shown, terminal.shown[terminal.shown.find("Traceback") - 500 :]


def test_reply_goes_on_when_the_engine_is_killed(terminal: Terminal, config: Config) -> None:
    terminal.see("> ")
    terminal.type("/long 2000\n")
    terminal.see(" ", 300)
    note = read_note(config.engine_file)
    assert note is not None
    os.kill(note.pid, signal.SIGKILL)
    terminal.see("The engine stopped and is being restarted.")
    terminal.see("> ", 2)
    terminal.type("/quit\n")
    assert terminal.end() == 0
    assert "Traceback" not in terminal.shown, terminal.shown[terminal.shown.find("Traceback") - 500 :]


def test_message_goes_to_the_branch_that_a_window_shows_by_now(terminal: Terminal, config: Config) -> None:
    terminal.see("> ")
    terminal.type("hello\n")
    terminal.see("> ", 2)

    async def window(branch: bool) -> list[str]:
        client = await connect(config)
        try:
            agent = (await client.services.agents.list())[0].agent
            thread = await client.services.conversations.default_of(agent.id)
            if branch:
                thread = await client.services.conversations.branch(thread.active_id, 1)
            messages = (await client.services.messages.page(thread.active_id)).messages
            return [message.text for message in messages if message.role == "user"]
        finally:
            await client.close()

    assert asyncio.run(window(branch=True)) == []
    terminal.type("who are you\n")
    terminal.see("> ", 3)
    assert asyncio.run(window(branch=False)) == ["who are you"]


def test_unknown_encoding_of_the_terminal_breaks_nothing() -> None:
    done = lares("chat", typed="my name is Brad, not Chad\n", env=environment(PYTHONIOENCODING="ascii"))
    assert done.returncode == 0, done.stderr
    assert "? memory_replace(" in done.stdout


def test_bytes_that_are_no_text_are_read_as_well_as_can_be() -> None:
    done = subprocess.run(
        arguments_of("chat"),
        input=b"caf\xe9\nhello\n",
        capture_output=True,
        timeout=SECONDS,
        cwd=ROOT,
        env=environment(PYTHONIOENCODING="utf-8:strict"),
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert "Hello, Chad!" in done.stdout.decode()


def test_reader_that_has_enough_ends_the_chat_in_silence() -> None:
    with subprocess.Popen(
        arguments_of("chat"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"/long 300\n")
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(SECONDS) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_a_sentence() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            arguments_of("chat"), input=b"hello\n", stdout=full, stderr=subprocess.PIPE, timeout=SECONDS, cwd=ROOT
        )
    assert done.returncode == 1
    assert done.stderr.decode() == "The conversation cannot be shown here: No space left on device.\n"


def test_message_is_answered_once_although_the_engine_was_killed_meanwhile(terminal: Terminal, config: Config) -> None:
    terminal.see("> ")
    for number in (2, 3):
        note = read_note(config.engine_file)
        assert note is not None
        os.kill(note.pid, signal.SIGKILL)
        terminal.type("who are you\n")
        terminal.see("> ", number)
    terminal.type("/quit\n")
    assert terminal.end() == 0
    assert "does not answer" not in terminal.shown
    assert terminal.shown.count("`/fail`") == 2
