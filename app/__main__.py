"""The `lares` command: opens the window, or runs the engine, the server or the terminal chat.

Its order matters: the engine is started before anything large is imported, so that both load at the same time.
"""

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing import freeze_support
from typing import Any

from app import __version__
from app.config import Config
from app.domain.error import AppError
from app.link.spawn import reporter, start_early
from app.terminal.display import NO_DISPLAY, can_open_window


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
    parser.set_defaults(run=_window)
    commands = parser.add_subparsers(title="commands", metavar="")
    serve = commands.add_parser("serve", help="run Lares without a window, for other programs on this computer")
    serve.add_argument("--host", default=None, help="an address of this computer (127.0.0.1)")
    serve.add_argument("--port", type=int, default=None, help="the port to listen on (8283)")
    serve.add_argument(
        "--new-token", action="store_true", help="make a new token that programs must prove, and show it once"
    )
    serve.set_defaults(run=_serve)
    chat = commands.add_parser("chat", help="talk to an agent in the terminal")
    chat.add_argument("agent", nargs="?", default="", help="name or id of the agent")
    chat.set_defaults(run=_chat)
    restore = commands.add_parser("restore", help="go back to a backup at the next start; without a name, list them")
    restore.add_argument("backup", nargs="?", default="", help="name of the backup, or: nothing")
    restore.set_defaults(run=_restore)
    for command in (serve, chat, restore):
        _add_folder(command, argparse.SUPPRESS)
    return parser


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

    with contextlib.suppress(OSError):
        # A folder that cannot be written to is the engine's to explain.
        open_log(config.logs, "window", config.settings.log.level)

    from app.ui.application import main as open_window

    try:
        return open_window(config, started)
    finally:
        claim.release()


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
    from app.link.engine_process import EnginePlan, run_engine
    from app.link.values import error_from_wire

    config = Config.load(options.folder)
    host = options.host or config.settings.api.host
    port = config.settings.api.port if options.port is None else options.port
    served: list[Any] = []

    def alongside(services: Any) -> Any:
        served.append(services.api)
        return services.api.serving(host, port, _say, new_token=options.new_token)

    def report(said: dict[str, Any]) -> None:
        if said["state"] == "failed":
            _say_error(error_from_wire(said["error"]))
        elif said["state"] == "held":
            _say(
                f"Lares is already running on {config.folder}. Switch on the local API in its settings, "
                "close it first, or choose another folder with --data."
            )
        else:
            _say(f"Lares {__version__} serves on {served[-1].url} (try /v1/health/). Ctrl-C ends it.")

    return run_engine(config, EnginePlan(_opening(headless=True), report, alongside=alongside))


def _chat(options: argparse.Namespace) -> int:
    config = Config.load(options.folder)
    started = start_early(config)

    from app.terminal.chat import chat

    return chat(config, options.agent, started)


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
    sys.exit(main())
