"""The `lares` command: opens the window, or runs the engine, the server or the terminal chat.

Its order matters: the engine is started before anything large is imported, so that both load at the same time.
"""

import argparse
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing import freeze_support
from typing import Any, NoReturn

from app import __version__
from app.config import Config
from app.domain.error import AppError
from app.link.spawn import reporter, start_early, start_window
from app.terminal.display import NO_DISPLAY, can_open_window

PULL_EXAMPLES = "Ctrl-C pauses; the same command goes on. The handle of the model is printed when it is there."


def program() -> NoReturn:
    """The command as a process. Ctrl-C pressed again while Python ends would kill it with a status of its own."""
    try:
        sys.exit(main())
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def main(arguments: Sequence[str] | None = None) -> int:
    freeze_support()
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except AppError as error:
        _say_error(error)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lares", description="A workshop for agents that remember. Without an argument it opens the window."
    )
    parser.add_argument("--version", action="version", version=f"Lares {__version__}")
    _add_folder(parser, None)
    parser.add_argument("--engine", dest="run", action="store_const", const=_engine, help=argparse.SUPPRESS)
    parser.add_argument("--recall-child", dest="run", action="store_const", const=_recall_child, help=argparse.SUPPRESS)
    parser.add_argument("--mcp-child", dest="run", action="store_const", const=_mcp_child, help=argparse.SUPPRESS)
    parser.add_argument(
        "--self-test-server", dest="run", action="store_const", const=_self_test_server, help=argparse.SUPPRESS
    )
    parser.add_argument(
        "--self-test", dest="run", action="store_const", const=_self_test, help="check that this copy of Lares is whole"
    )
    parser.set_defaults(run=_window)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    serve = commands.add_parser("serve", help="run Lares without a window, for other programs on this computer")
    serve.add_argument("--host", default=None, help="an address of this computer (127.0.0.1)")
    serve.add_argument("--port", type=int, default=None, help="the port to listen on (8283)")
    serve.add_argument(
        "--allow-programs",
        action="store_true",
        help="from now on programs that prove the token may add tools with a source; they run in a sandbox",
    )
    serve.add_argument(
        "--new-token", action="store_true", help="make a new token that programs must prove, and show it once"
    )
    serve.set_defaults(run=_serve)
    chat = commands.add_parser("chat", help="talk to an agent in the terminal")
    chat.add_argument("agent", nargs="?", default="", help="name or id of the agent")
    chat.add_argument("--model", metavar="HANDLE", default="", help="make a new agent on this model first")
    chat.set_defaults(run=_chat)
    mcp = commands.add_parser("mcp", help="offer an agent's memory to Claude Desktop, Cursor and others, over MCP")
    mcp.set_defaults(run=_mcp)
    restore = commands.add_parser("restore", help="go back to a backup at the next start; without a name, list them")
    restore.add_argument("backup", nargs="?", default="", help="name of the backup, or: nothing")
    restore.set_defaults(run=_restore)
    for command in (serve, chat, mcp, restore, *_add_short_commands(commands)):
        _add_folder(command, argparse.SUPPRESS)
    return parser


def _add_short_commands(commands: Any) -> list[argparse.ArgumentParser]:
    """Those that do one thing and end. Each works whether an engine runs or not."""
    models = commands.add_parser("models", help="list the models that agents can use")
    models.set_defaults(run=_models)
    pull = commands.add_parser("pull", help="let Ollama download a model", epilog=PULL_EXAMPLES)
    pull.add_argument("name", help="as Ollama's library or Hugging Face calls it: qwen3:8b, hf.co/OWNER/NAME:Q4_K_M")
    pull.add_argument("--server", metavar="NAME", default="", help="which server, where there are several")
    pull.set_defaults(run=_pull)
    status = commands.add_parser("status", help="say whether an engine runs, and what it has (exit code 3: none runs)")
    status.set_defaults(run=_status)
    service = commands.add_parser("service", help="print a systemd unit for `lares serve`")
    service.add_argument("--install", action="store_true", help="write it where systemd looks for your units")
    service.set_defaults(run=_service)
    return [models, pull, status, service, *_add_servers(commands)]


def _add_servers(commands: Any) -> list[argparse.ArgumentParser]:
    servers = commands.add_parser("servers", help="list, add, remove, test and allow model servers")
    servers.set_defaults(run=_servers, act="list")
    acts = servers.add_subparsers(title="what to do", metavar="WORD")
    listing = acts.add_parser("list", help="show the servers (also without a word)")
    adding = acts.add_parser("add", help="add a server by its address, or a known one by its name (openai, openrouter)")
    adding.add_argument("address", help="such as http://192.168.1.5:11434, or a name")
    adding.add_argument("--name", default="", help="the first part of its models' handles")
    adding.add_argument("--kind", choices=("ollama", "openai"), default=None, help="how to talk to it (tried out)")
    adding.add_argument("--key", action="store_true", help="ask for a key, or read it from the first line of a pipe")
    removing = acts.add_parser("remove", help="remove a server and its key")
    testing = acts.add_parser("test", help="ask a server for its models (exit code 1: it does not answer)")
    allowing = acts.add_parser("allow", help="agree that agents use a server elsewhere that a variable names")
    for act in (removing, testing, allowing):
        act.add_argument("name", help="its name in `lares servers list`")
    named = {"list": listing, "add": adding, "remove": removing, "test": testing, "allow": allowing}
    for name, act in named.items():
        act.set_defaults(run=_servers, act=name)
    return [servers, *named.values()]


def _add_folder(parser: argparse.ArgumentParser, default: Any) -> None:
    parser.add_argument("--data", dest="folder", metavar="DIR", default=default, help="the data folder to use")


def _window(options: argparse.Namespace) -> int:
    # Until the first paint nothing becomes garbage, and looking for it costs a tenth of the start.
    gc.disable()
    if not can_open_window():
        _say(NO_DISPLAY)
        return 1
    config = Config.load(options.folder)
    started = start_early(config)

    from app.link.log import open_log
    from app.link.single_instance import claim_window, raise_first_window

    claim = claim_window(config)
    if claim is None:
        if raise_first_window(config):
            return 0
        _say("Lares is already open, but its window does not answer. Close it, then start Lares again.")
        return 1

    if not config.missing:
        with contextlib.suppress(OSError):
            # A folder that cannot be written to is the engine's to explain.
            open_log(config.logs, "window", config.settings.log.level)

    from app.ui.application import main as open_window

    try:
        again = open_window(config, started)
    finally:
        claim.release()
    if again:
        start_window()
    return 0


def _engine(options: argparse.Namespace) -> int:
    report = reporter()
    try:
        config = Config.load(options.folder)
    except AppError as error:
        from app.link.values import error_to_wire

        report({"state": "failed", "error": error_to_wire(error)})
        return 1

    from app.link.engine_process import EnginePlan, run_engine

    return run_engine(config, EnginePlan(_opening(headless=False), report))


def _self_test(options: argparse.Namespace) -> int:
    from app.self_test import run_self_test

    return run_self_test()


def _self_test_server(options: argparse.Namespace) -> int:
    from app.self_test_server import run

    return run()


def _recall_child(options: argparse.Namespace) -> int:
    from app.adapters.recall.child.main import run

    return run()


def _mcp_child(options: argparse.Namespace) -> NoReturn:
    from app.adapters.mcp.child.main import run

    run()


def _opening(*, headless: bool) -> Callable[[Config], Awaitable[Any]]:
    """What opens the engine of this process, again after a restore with the variables it was started with."""
    taken: list[Any] = []

    async def opened(config: Config) -> Any:
        # Imported only once the lock is held: a second engine of a folder ends before it loads anything large.
        from app.bootstrap import open_engine, take_surroundings

        if not taken:
            taken.append(take_surroundings(os.environ))
        return await open_engine(config, surroundings=taken[0], headless=headless)

    return opened


def _serve(options: argparse.Namespace) -> int:
    import asyncio

    from app.link.engine_process import HELD, EnginePlan, run_engine
    from app.link.launcher import end_idle_engine
    from app.link.values import error_from_wire

    config = Config.load(options.folder)
    host = options.host or config.settings.api.host
    port = config.settings.api.port if options.port is None else options.port
    served: list[Any] = []

    def alongside(services: Any) -> Any:
        served.append(services.api)
        return services.api.serving(
            host, port, _say, new_token=options.new_token, allow_programs=options.allow_programs
        )

    def report(said: dict[str, Any]) -> None:
        if said["state"] == "failed":
            _say_error(error_from_wire(said["error"]))
        elif said["state"] == "ready":
            _say(f"Lares {__version__} serves on {served[-1].url} (try /v1/health/). Ctrl-C ends it.")

    plan = EnginePlan(_opening(headless=True), report, alongside=alongside)
    code = run_engine(config, plan)
    if code == HELD and asyncio.run(end_idle_engine(config)):
        code = run_engine(config, plan)
    if code == HELD:
        _say(
            f"Lares is already running on {config.folder}. If that is another `lares serve`, use it "
            "as it is. If it is the window, switch on the local API in its settings or close it. "
            "Or choose another folder with --data."
        )
    return code


def _chat(options: argparse.Namespace) -> int:
    config = Config.load(options.folder)
    started = start_early(config)

    from app.terminal.chat import chat

    return chat(config, options.agent, started, model=options.model)


def _mcp(options: argparse.Namespace) -> int:
    from app.terminal.mcp import TOKEN, mcp

    # Before anything is started: no other program gets to know it.
    token = os.environ.pop(TOKEN, "")
    return mcp(Config.load(options.folder), token)


def _models(options: argparse.Namespace) -> int:
    from app.terminal.commands.models import models

    return models(Config.load(options.folder))


def _pull(options: argparse.Namespace) -> int:
    from app.terminal.commands.models import pull

    return pull(Config.load(options.folder), options.name, options.server)


def _status(options: argparse.Namespace) -> int:
    from app.terminal.commands.status import status

    return status(Config.load(options.folder))


def _service(options: argparse.Namespace) -> int:
    from app.terminal.commands.service import service

    return service(Config.load(options.folder), install=options.install)


def _servers(options: argparse.Namespace) -> int:
    from app.terminal.commands import servers

    config = Config.load(options.folder)
    match options.act:
        case "add":
            return servers.add(config, options.address, options.name, options.kind, options.key)
        case "remove":
            return servers.remove(config, options.name)
        case "test":
            return servers.test(config, options.name)
        case "allow":
            return servers.allow(config, options.name)
        case _:
            return servers.list_servers(config)


def _restore(options: argparse.Namespace) -> int:
    from app.terminal.restore import restore

    return restore(Config.load(options.folder), options.backup)


def _say_error(error: AppError) -> None:
    _say(f"{error.message} {error.hint}".strip())


def _say(text: str) -> None:
    """To the terminal, if there is one: a windowed program on Windows has no output at all."""
    if sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    program()
