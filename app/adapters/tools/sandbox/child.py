"""The process in which one call of a tool runs. It imports the standard library, and pydantic where a tool needs it.

This file is started by itself (`python -I -S child.py CHANNEL`) or by a frozen Lares, before anything of Lares is
loaded. It reads two requests from its standard input, runs the function and writes what came of it to the channel, an
inherited descriptor: frames of four bytes of length and JSON. What the tool prints goes to the usual descriptors, which
the engine reads. It may wait long for the second request, and then serves it at once; it serves no other.

The first says what it is: `uid` (to become, if this is root), `readable` and `writable` (places; absent: somebody else
shows it no more), `libraries` (a folder with pydantic), `packages` (folders of a tool's own requirements), `models`
(whether pydantic is loaded while it waits), `door` (a descriptor: the way to ask the engine, `child_door.py`).

The second is the call: `source`, `function`, `arguments`, `converts` (make models, enums and dates of the JSON first),
`environment` (variables), `modules` (that it may load besides pydantic), `network` (whether Python's connections go
through the door), `client` (whether the tool may ask Lares for something), `limits` (`memory`, `data`, `cpu`,
`processes`, `file`, `open`: bytes, seconds and numbers; absent: no limit).
"""

import json
import linecache
import os
import sys
from collections.abc import Callable
from typing import Any

ALLOWED = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection", "_tool"}
"""Besides the standard library and a tool's own requirements: nothing of Lares, none of its libraries."""
BESIDE = "app.adapters.tools.sandbox."
"""Where a frozen Lares has what lies beside this file."""
GIVEN = frozenset({"agent_state", "client"})
"""Arguments that no model is told of; a tool that asks for one gets None."""
FRAME = 4
MOST_FILES, MOST_FILE_BYTES = 50, 10_000_000
"""Files of a call's folder that are given back, and bytes of all of them."""
Json = dict[str, Any]


def main(channel: int) -> None:
    """Ends the process; returns nowhere."""
    what = _read_request() or os._exit(0)
    _become(what)
    request = _read_request() or os._exit(0)
    _nothing_more_to_read()
    os.environ.update(request.get("environment", {}))
    ALLOWED.update(request.get("modules", ()))
    _limit(request.get("limits", {}))
    door = _own("child_door").Door(what["door"]) if request.get("network") or request.get("client") else None
    if request.get("network"):
        _own("child_network").install(door)
    try:
        said = _written(_run(request, door))
    except BaseException as error:  # noqa: BLE001  (a tool may raise anything, SystemExit too)
        said = _written(_failed(error))
    _flush()
    try:
        _tell(channel, said)
    except OSError:
        os._exit(1)
    os._exit(0)


def _become(what: Json) -> None:
    """Another person, behind walls: all that holds whatever the call will be. Then it loads what calls need."""
    if sys.platform != "win32":
        uid = what.get("uid")
        if uid is not None and os.getuid() == 0:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        _no_new_rights()
    if sys.platform.startswith("linux"):
        _wall_in(what)
    _only_allowed(what.get("libraries", ""), what.get("packages", []))
    _load(bool(what.get("models")))


def _load(models: bool) -> None:
    from importlib import import_module

    for name in ("base64", "importlib.machinery", "inspect", "linecache", "traceback", "types"):
        import_module(name)
    if models:
        try:
            from pydantic import BaseModel, TypeAdapter

            TypeAdapter(type("Any", (BaseModel,), {"__module__": __name__})).validate_python({})
        except Exception:  # noqa: BLE001  (whoever needs it will be told)
            return


def _read_request() -> Json:
    """Empty where nobody asks any more: the engine has ended."""
    size = int.from_bytes(_read(FRAME), "big")
    body = _read(size)
    return json.loads(body) if size and len(body) == size else {}


def _read(size: int) -> bytes:
    """No byte more: what follows is read later."""
    found = bytearray()
    while len(found) < size:
        piece = os.read(0, min(size - len(found), 1 << 20))
        if not piece:
            break
        found += piece
    return bytes(found)


def _nothing_more_to_read() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _written(told: Json) -> bytes:
    return json.dumps(told | {"files": _files()}, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _tell(channel: int, body: bytes) -> None:
    data = len(body).to_bytes(FRAME, "big") + body
    while data:
        data = data[os.write(channel, data) :]


# Limits


def _limit(limits: Json) -> None:
    """Called by whom it is to hold: a root has no limits."""
    if sys.platform == "win32":
        return
    import resource

    kinds = {
        "memory": "RLIMIT_AS",
        "data": "RLIMIT_DATA",
        "cpu": "RLIMIT_CPU",
        "file": "RLIMIT_FSIZE",
        "open": "RLIMIT_NOFILE",
        "processes": "RLIMIT_NPROC",
    }
    for name, kind in kinds.items():
        most = limits.get(name)
        if most is not None and hasattr(resource, kind):
            _set_limit(getattr(resource, kind), int(most))
    _set_limit(resource.RLIMIT_CORE, 0)


def _set_limit(kind: int, most: int) -> None:
    import resource

    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    try:
        resource.setrlimit(kind, (most, most))
    except (OSError, ValueError):
        return


def _no_new_rights() -> None:
    """No program that it starts gets more rights than it, and it dies with the engine."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes
    import signal
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    libc.prctl(1, int(signal.SIGKILL), 0, 0, 0)  # PR_SET_PDEATHSIG
    libc.capset(ctypes.c_char_p(struct.pack("II", 0x20080522, 0)), ctypes.c_char_p(bytes(24)))  # no capabilities


# Walls: Landlock (https://docs.kernel.org/userspace-api/landlock.html) and seccomp, where bubblewrap is not to be had

READ, WRITE = 0b1101, 0b111111111111111
"""Rights of Landlock: to run and read files and folders; all that its third version knows."""
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of its calls, the same on all processors."""
REFUSED = {
    "x86_64": (0xC000003E, (41, 101, 165, 246, 248, 249, 250, 272, 298, 308, 310, 311, 321, 323, 425, 434, 438), 56),
    "aarch64": (0xC00000B7, (198, 117, 40, 104, 217, 218, 219, 97, 241, 268, 270, 271, 280, 282, 425, 434, 438), 220),
}
"""By processor: its name for seccomp, and the numbers of socket (the first), ptrace, mount, kexec_load, add_key,
request_key, keyctl, unshare, perf_event_open, setns, process_vm_readv, process_vm_writev, bpf, userfaultfd,
io_uring_setup, pidfd_open and pidfd_getfd; then that of clone."""
CLONE3, NEW_USER, FOREIGN = 435, 0x10000000, 0x40000000
"""clone3 hides its flags from a filter, so it is said not to exist, and C libraries take clone. A new user namespace
would make a root of the process there. Numbers from the last one on are those of another way to call (x32)."""


def _wall_in(what: Json) -> None:
    """From here on this process and all it starts see these places alone, and open no connection."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, 0, 1) if "readable" in what else 0
    if version >= 1:
        _landlock(libc, version, what["readable"], what["writable"])
    _refuse_calls(libc)


def _landlock(libc: Any, version: int, readable: "list[str]", writable: "list[str]") -> None:
    import ctypes
    import struct

    every = WRITE if version >= 3 else WRITE >> 1 if version == 2 else WRITE >> 2
    handled = struct.pack("QQQ", every, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)[
        : 24 if version >= 6 else 16 if version >= 4 else 8
    ]
    rules = libc.syscall(CREATE_RULESET, ctypes.c_char_p(handled), len(handled), 0)
    if rules < 0:
        return
    devices = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
    wanted = [(place, READ & every) for place in readable] + [(place, every) for place in writable]
    wanted += [(place, 0b110) for place in devices]
    for place, rights in wanted:
        try:
            at = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        if not os.path.isdir(place):
            rights &= 0b100000000000111
        rule = struct.pack("=Qi", rights, at)
        libc.syscall(ADD_RULE, rules, 1, ctypes.c_char_p(rule), 0)
        os.close(at)
    libc.syscall(RESTRICT_SELF, rules, 0)
    os.close(rules)


def _refuse_calls(libc: Any) -> None:
    """A filter of system calls: those that would reach around the walls fail with EPERM."""
    import ctypes
    import platform
    import struct

    known = REFUSED.get(platform.machine())
    if known is None:
        return
    machine, numbers, clone = known
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allowed, refused, unknown = 0x7FFF0000, 0x00050001, 0x00050026
    tests = [(at_least, FOREIGN, refused), *((equal, one, refused) for one in numbers)]
    tests += [(equal, CLONE3, unknown)]
    ends = len(tests) + 7
    answers = {allowed: ends, refused: ends + 1, unknown: ends + 2}
    steps = [(load, 0, 0, 4), (equal, 1, 0, machine), (give, 0, 0, 0x80000000), (load, 0, 0, 0)]
    for how, number, answer in tests:
        steps.append((how, answers[answer] - len(steps) - 1, 0, number))
    steps += [(equal, 0, 2, clone), (load, 0, 0, 16), (any_bit, 1, 0, NEW_USER)]
    steps += [(give, 0, 0, one) for one in answers]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(kept))
    libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


# Modules


def _own(name: str) -> Any:
    """One of those beside this file, which a call needs seldom."""
    if getattr(sys, "frozen", False):
        from importlib import import_module

        return import_module(BESIDE + name)
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, os.path.join(os.path.dirname(__file__), f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _only_allowed(libraries: str, packages: "list[str]") -> None:
    sys.path[:] = [*packages, *(place for place in sys.path if place and place != os.path.dirname(__file__))]
    sys.meta_path.insert(0, _Allowed(libraries, packages))
    if libraries:
        sys.path.append(libraries)


class _Allowed:
    """Refuses what is neither of the standard library, nor pydantic, nor a tool's own requirement."""

    def __init__(self, libraries: str, packages: "list[str]") -> None:
        self._libraries = libraries
        self._packages = packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names or root in ALLOWED or root.startswith("_sysconfigdata"):
            return None
        if name.startswith(BESIDE + "child_") and getattr(sys, "frozen", False):
            return None
        from importlib.machinery import PathFinder

        if self._packages and PathFinder.find_spec(root, self._packages) is not None:
            return None
        raise ModuleNotFoundError(
            f"No module named {name!r}: a tool has Python's own modules, pydantic and what it requires.", name=name
        )


# The call


def _run(request: Json, door: Any) -> Json:
    source, file = request["source"], "<tool>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    import types

    module = types.ModuleType("_tool")
    sys.modules["_tool"] = module
    module.__dict__.update(given := _client(door) if request.get("client") else {})
    exec(compile(source, file, "exec"), module.__dict__)
    function = module.__dict__[request["function"]]
    arguments = dict(request["arguments"])
    if request.get("converts"):
        arguments = _converted(function, arguments)
    value = _call(function, arguments, given)
    return {"ok": True, "value": _plain(value)}


def _client(door: Any) -> Json:
    """What a tool finds that may ask Lares for something."""
    beside = _own("child_client")
    client = beside.client_of(door)

    def call_tool(name: str, arguments: Json) -> Any:
        return beside.call_tool(door, name, arguments)

    return {"client": client, "agent_state": beside.agent_state(client), "call_tool": call_tool}


def _call(function: Callable[..., Any], arguments: Json, given: Json) -> Any:
    import inspect

    placed: list[Any] = []
    for name, parameter in inspect.signature(function).parameters.items():
        absent = name not in arguments
        if parameter.kind is parameter.POSITIONAL_ONLY:
            placed.append(arguments.pop(name) if not absent else _missing(parameter, given))
        elif absent and name in GIVEN and (name in given or parameter.default is parameter.empty):
            arguments[name] = given.get(name)
    value = function(*placed, **arguments)
    if inspect.isawaitable(value):
        import asyncio

        async def waited() -> Any:
            return await value

        return asyncio.run(waited())
    return value


def _missing(parameter: Any, given: Json) -> Any:
    if parameter.name in given:
        return given[parameter.name]
    if parameter.default is not parameter.empty:
        return parameter.default
    if parameter.name in GIVEN:
        return None
    raise TypeError(f"missing 1 required positional argument: {parameter.name!r}")


def _converted(function: Callable[..., Any], arguments: Json) -> Json:
    """By the function's own types, as pydantic reads JSON."""
    import typing

    from pydantic import TypeAdapter

    types = typing.get_type_hints(function, include_extras=True)
    return {
        name: TypeAdapter(types[name]).validate_python(value) if name in types else value
        for name, value in arguments.items()
    }


def _plain(value: Any, depth: int = 0) -> Any:
    """As JSON has it; what is more than JSON as the text it prints as."""
    if value is None or isinstance(value, (str, int, bool)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if depth > 20:
        return str(value)
    if hasattr(value, "model_dump"):
        return _plain(value.model_dump(mode="json"), depth + 1)
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return {name: _plain(getattr(value, name), depth + 1) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        pairs: dict[Any, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
        return {str(key): _plain(one, depth + 1) for key, one in pairs.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        some: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return [_plain(one, depth + 1) for one in some]
    return str(value)


def _failed(error: BaseException) -> Json:
    import traceback

    if isinstance(error, SyntaxError) and error.filename != "<tool>":
        lines = traceback.format_exception(error)
    else:
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != __file__]
        lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)]
        lines += traceback.format_exception_only(error)
    name = type(error).__name__
    text = f"{name}: {error}" if str(error) else name
    return {"ok": False, "error": text[:20_000], "traceback": "".join(lines)[-20_000:]}


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue


def _files() -> "list[Json]":
    """What the call left in its folder, the first of them with their bytes."""
    import base64

    found: list[Json] = []
    left = MOST_FILE_BYTES
    try:
        for folder, folders, names in os.walk("."):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                if len(found) == MOST_FILES:
                    return found
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                size = os.path.getsize(path)
                one: Json = {"name": os.path.relpath(path, "."), "size": size}
                if size <= left:
                    with open(path, "rb") as file:
                        one["data"] = base64.b64encode(file.read(size)).decode("ascii")
                    left -= size
                found.append(one)
    except (OSError, MemoryError):
        return found
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]))
