"""The rules that keep the code readable, as tests. Each failure says where and what to do."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import grimp
import pytest

from tests.support.guards.source import Function, Source, files_in, python_files, root, text_files, words_of

MODULE_LINES = 600
FUNCTION_LINES = 60
POSITIONAL = 8
"""Aim for 5; past this a frozen value is always better."""
FORBIDDEN_WORDS = {"manager", "helper", "helpers", "util", "utils", "handler", "handlers", "processor", "data", "info"}
# Names other people chose: Qt's and Python's methods that we override, words of wire formats, the data folder.
GIVEN_NAMES = re.compile(
    r"data|setData|setModelData|setEditorData|itemData|headerData|setHeaderData|mimeData|dataChanged"
    r"|metadata|target_metadata|dropMimeData|canDropMimeData|createMimeDataFromSelection|insertFromMimeData|canInsertFromMimeData"
    r"|DATA_FOLDER|data_base64|exc_info|version_info|connection_data|error_data|info_plist|data_received"
    r"|client_info|get_client_info|set_client_info"
)
TASK_STARTERS = ("app/ui/bridge/tasks.py", "app/engine/run/scheduler.py", "app/services/", "app/link/",
                 "app/rest/server.py")  # fmt: skip
HEAVY = ("sqlalchemy", "alembic", "aiosqlite", "chromadb", "openai", "ollama", "mcp", "numpy", "httpx", "aiohttp",
         "uvicorn", "starlette", "keyring", "app.services", "app.engine", "app.adapters", "app.bootstrap")  # fmt: skip
TOP_LEVEL = {".ci", ".gitignore", "LICENSE", "README.md", "app", "build.spec", "packaging", "pyproject.toml",
             "resources", "start.py", "tests", "uv.lock"}  # fmt: skip
PURE = ("app/domain/", "app/engine/run/decide.py", "app/engine/run/apply.py",
        "app/engine/run/rows.py", "app/engine/run/stopped.py", "app/engine/run/recover.py",
        "app/engine/context/", "app/engine/repairs/", "app/engine/memory/block_tools.py",
        "app/engine/memory/matching.py", "app/engine/retrieval/")  # fmt: skip
WORLD = {"asyncio", "datetime.datetime.now", "io", "os", "pathlib", "random", "socket", "sqlite3", "subprocess",
         "tempfile", "time"}  # fmt: skip


def none_of(problems: Iterable[str]) -> None:
    __tracebackhide__ = True
    found = sorted(set(problems))
    if found:
        pytest.fail(f"{len(found)} place(s) to mend:\n" + "\n".join(found), pytrace=False)


# Who may know whom


def test_imports_point_inward() -> None:
    lint = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    done = subprocess.run(lint, cwd=root(), capture_output=True, text=True, timeout=100)
    words = [line for line in (done.stdout + done.stderr).splitlines() if not re.search("[╔║╚╩▶─]", line)]
    if done.returncode:
        pytest.fail("\n".join(words), pytrace=False)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports that only type checkers follow count: who reads one module of a circle must read them all."""
    graph = grimp.build_graph("app", exclude_type_checking_imports=False, cache_dir=None)
    # The one typed door of the clients, named in the contracts too.
    graph.remove_import(importer="app.link.client", imported="app.services")
    none_of(_circles({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}))


def _circles(known: dict[str, set[str]]) -> Iterator[str]:
    """What is left when modules that import nothing of the rest are taken out, again and again."""
    while ends := [name for name, imports in known.items() if not imports & known.keys()]:
        for name in ends:
            del known[name]
    yield from (f"{name} is in a circle of imports: {', '.join(sorted(known[name] & known.keys()))}" for name in known)


def test_only_the_application_takes_the_whole_window() -> None:
    none_of(
        source.at(node, "take the two or three values it works with, or give signals, instead of the Assembly")
        for source in files_in("app/")
        if source.name not in ("app/ui/application.py", "app/ui/window/assembly.py")
        for node, name in source.imports()
        if name.startswith("app.ui.window.assembly")
    )


def test_the_window_loads_no_heavy_library() -> None:
    modules = [_module_of(source) for source in files_in("app/ui/")]
    script = "import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, *modules], cwd=root(), capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    none_of(f"app/ui loads {name}: import it in the engine's process" for name in HEAVY if name in loaded)


def test_pure_modules_import_nothing_of_the_world() -> None:
    problems = [f"{name} is said to be pure and does not exist" for name in PURE if not (root() / name).exists()]
    problems += (
        source.at(node, f"{source.name} is pure and may not import {name}: take it in as a value or a port")
        for source in files_in(*PURE)
        for node, name in source.imports()
        if name in WORLD
    )
    none_of(problems)


def test_domain_models_are_frozen() -> None:
    none_of(
        source.at(node, "build on app.domain.base.Frozen, not on pydantic's BaseModel")
        for source in files_in("app/domain/")
        if source.name != "app/domain/base.py"
        for node, name in source.imports()
        if name == "pydantic.BaseModel"
    )


def test_coroutines_start_only_where_somebody_waits_for_them() -> None:
    none_of(
        source.at(node, f"{name} outside {', '.join(TASK_STARTERS)}: use tasks.spawn or a service's task group")
        for source in files_in("app/")
        if not source.name.startswith(TASK_STARTERS)
        for node, name in source.calls()
        if name in ("create_task", "ensure_future") and not _is_group(node)
    )


def _is_group(call: ast.Call) -> bool:
    """`group.create_task(...)` of a TaskGroup is awaited by its block."""
    called = call.func
    return isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "group"


# Size and words


def test_modules_are_short() -> None:
    none_of(
        f"{source.name}:{lines}: {lines} lines, at most {MODULE_LINES}: split it by meaning"
        for source in files_in("app/", "tests/", "start.py")
        if (lines := source.text.count("\n")) > MODULE_LINES
    )


def test_functions_are_short() -> None:
    none_of(
        source.at(node, f"{node.name} has {lines} lines, at most {FUNCTION_LINES}: name its parts")
        for source in files_in("app/", "tests/", "start.py")
        for node in source.functions()
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    )


def test_functions_take_few_positional_arguments() -> None:
    none_of(
        source.at(
            node, f"{node.name} takes {count} positional arguments, at most {POSITIONAL}: make some a frozen value"
        )
        for source in files_in("app/", "start.py")
        for node in source.functions()
        if (count := _positional(node)) > POSITIONAL
    )


def _positional(node: Function) -> int:
    names = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
    return len([name for name in names if name not in ("self", "cls")])


def test_modules_say_what_they_are_for() -> None:
    none_of(
        f"{source.name}:1: begin with a docstring: one sentence that says what the module is for"
        for source in files_in("app/", "tests/", "start.py")
        if source.text.strip() and len((ast.get_docstring(source.tree) or "").split("\n")[0]) < 12
    )


def test_names_say_what_things_are() -> None:
    none_of(
        source.at(node, f"the name {name}: say what it is instead of {', '.join(bad)}")
        for source in files_in("app/", "tests/", "start.py")
        for node, name in [(source.tree, _module_name(source)), *source.named()]
        if (bad := sorted(FORBIDDEN_WORDS & set(words_of(name.replace("data_folder", "")))))
        and not GIVEN_NAMES.fullmatch(name.strip("_"))
        # Tests have sentences for names.
        and not name.startswith("test_")
        # The design's colour token for neutral notices.
        and not (name == "info" and source.name.startswith("app/ui/theme/"))
    )
    none_of(
        source.at(node, f"the name {name}: replace the old one instead of numbering")
        for source in files_in("app/", "tests/", "start.py")
        for node, name in [(source.tree, _module_name(source)), *source.named()]
        if re.search(r"(?i)(_|(?<=[a-z]))v[2-9]$|_legacy$", name)
    )


def _module_name(source: Source) -> str:
    return source.name.rpartition("/")[2].removesuffix(".py")


def test_nothing_is_left_open() -> None:
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    none_of(
        f"{source.name}:{number}: finish it or write an issue: {line.strip()}"
        for source in python_files()
        for number, line in enumerate(source.text.splitlines(), 1)
        if marks.search(line)
    )
    none_of(
        source.at(node, "no stubs: write it or leave it away")
        for source in files_in("app/")
        for node in source.nodes
        if isinstance(node, ast.Name) and node.id in ("NotImplementedError", "NotImplemented")
        if node.id == "NotImplementedError"
    )


def test_nothing_names_a_folder_of_one_machine() -> None:
    own = re.compile(
        r"(?<![\w.:/~})\]-])(?:/(?:root|home(?!/you\b)|Users|work|srv|mnt|media|builds)/\w|[A-Z]:\\\\?Users)"
    )
    texts = [(source.name, source.text) for source in python_files()] + list(text_files())
    none_of(
        f"{name}:{number}: a path of one machine: {line.strip()[:100]}"
        for name, text in texts
        for number, line in enumerate(text.splitlines(), 1)
        if own.search(line) and "re.compile" not in line
    )


def test_the_lock_file_names_only_the_public_registry() -> None:
    hosts = set(re.findall(r'"https?://([^/"]+)', (root() / "uv.lock").read_text("utf-8")))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_the_packaging_folder_does_not_shadow_a_library() -> None:
    assert not (root() / "packaging" / "__init__.py").exists(), "remove it: it hides the packaging module of PyPI"


# What other rooms read


def test_what_another_room_imports_is_described() -> None:
    """Contract, units, errors. The docstring of a module describes the one public class that it holds."""
    sources = {_module_of(source): source for source in files_in("app/")}
    none_of(
        sources[module].at(node, f"{name} is imported by another room: say in a docstring what it is")
        for module, names in _imported_from_other_rooms(sources).items()
        for name, node, described in _given(sources[module].tree)
        if name in names and not described and (name.isupper() or not isinstance(node, ast.Assign | ast.AnnAssign))
    )


def test_methods_of_ports_are_described() -> None:
    none_of(
        source.at(method, f"{port.name}.{method.name} is a contract: say in a docstring what holds of it")
        for source in files_in("app/ports/")
        for port in source.nodes
        if isinstance(port, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in port.bases)
        for method in port.body
        if isinstance(method, Function) and not ast.get_docstring(method)
    )


def test_numbers_of_the_engine_say_why_they_are_what_they_are() -> None:
    none_of(
        source.at(node, f"{name}: a docstring or a comment says the unit and why it is so much")
        for source in files_in("app/engine/")
        for name, node, described in _given(source.tree)
        if name.strip("_").isupper() and isinstance(node, ast.Assign | ast.AnnAssign) and _is_numeric(node.value)
        if not described and "#" not in source.text.splitlines()[node.lineno - 1]
    )


def _module_of(source: Source) -> str:
    return source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported_from_other_rooms(sources: dict[str, Source]) -> dict[str, set[str]]:
    """By module, the names that another room (`app.engine`, `app.ui` ...) takes from it."""
    found: dict[str, set[str]] = {}
    for module, source in sources.items():
        for node in source.nodes:
            if isinstance(node, ast.ImportFrom) and node.module in sources and _room(node.module) != _room(module):
                found.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return found


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _given(tree: ast.Module) -> Iterator[tuple[str, ast.stmt, bool]]:
    """Each name that a module gives, where, and whether it is described."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | Function):
            alone = classes == [node] and ast.get_docstring(tree) is not None
            yield node.name, node, alone or ast.get_docstring(node) is not None
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            described = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from ((one.id, node, described) for one in ast.walk(target) if isinstance(one, ast.Name))


def _is_numeric(value: ast.expr | None) -> bool:
    constants = [node.value for node in ast.walk(value) if isinstance(node, ast.Constant)] if value else []
    return bool(constants) and all(type(one) in (int, float) for one in constants)


# The window


def test_services_keep_their_signatures_to_the_last_line_of_the_window() -> None:
    none_of(
        source.at(node, "services: Any is a guess: take Services of app.link.client, under TYPE_CHECKING")
        for source in files_in("app/ui/", "app/terminal/")
        for node in source.nodes
        if isinstance(node, ast.arg | ast.AnnAssign)
        and "services" in (node.arg if isinstance(node, ast.arg) else ast.unparse(node.target))
        and node.annotation is not None
        and ast.unparse(node.annotation) == "Any"
    )


def test_services_are_passed_and_not_plucked() -> None:
    """A copy of one service hides what its owner calls."""
    none_of(
        source.at(node, f"{ast.unparse(value)} is a copy: keep the services, and name the one where it is called")
        for source in files_in("app/ui/")
        for node in source.nodes
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_kept(node)
        for value in (node.value.elts if isinstance(node.value, ast.Tuple) else [node.value])
        if isinstance(value, ast.Attribute) and ast.unparse(value.value).rpartition(".")[2].strip("_") == "services"
    )


def _is_kept(node: ast.Assign | ast.AnnAssign) -> bool:
    """By an object, and not by a name of one function."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(part, ast.Attribute) for target in targets for part in ast.walk(target))


def test_no_nested_event_loop() -> None:
    banned = {"exec", "exec_", "processEvents", "asyncSlot", "asyncClose"}
    none_of(
        source.at(node, f".{name}( stops other coroutines: open() the dialog and await its signal")
        for source in files_in("app/ui/")
        for node, name in source.calls()
        if name in banned
    )


def test_no_web_engine_no_qml_no_undo_stack() -> None:
    banned = re.compile(r"PySide6\.(QtWebEngine|QtQml|QtQuick)|QUndoStack|QUndoCommand")
    none_of(
        source.at(node, f"{name} is not part of the design")
        for source in files_in("app/ui/")
        for node, name in source.imports()
        if banned.search(name)
    )


def test_colours_live_in_the_theme() -> None:
    literal = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})(?![\w-])|\brgba?\(\s*\d|\bhsla?\(\s*\d")
    sources = [source for source in files_in("app/ui/") if not source.name.startswith("app/ui/theme/")]
    none_of(
        source.at(node, f"the colour {node.value.strip()[:40]!r}: take a token of app/ui/theme")
        for source in sources
        for node in source.strings()
        if literal.search(node.value)
    )
    none_of(
        source.at(node, "a colour made of numbers: take a token of app/ui/theme")
        for source in sources
        for node, name in source.calls()
        if name in ("QColor", "fromRgb", "fromRgbF", "fromHsv", "fromHsl") and _is_literal_colour(node)
    )
    none_of(
        source.at(node, f"Qt's colour {node.attr}: take a token of app/ui/theme")
        for source in sources
        for node in source.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)
        if node.value.attr == "GlobalColor" and node.attr != "transparent"
    )


def _is_literal_colour(call: ast.Call) -> bool:
    values = [argument for argument in call.args if isinstance(argument, ast.Constant)]
    numbers = [value for value in values if isinstance(value.value, int | float)]
    return len(numbers) >= 3 or any(isinstance(value.value, str) for value in values)


def test_the_style_template_names_tokens_only() -> None:
    lines = (root() / "resources" / "theme.qss").read_text("utf-8").splitlines()
    none_of(
        f"resources/theme.qss:{number}: a colour instead of a token: {line.strip()}"
        for number, line in enumerate(lines, 1)
        if re.search(r":[^;]*(#[0-9a-fA-F]{3,8}\b|\brgba?\()", line)
    )


def test_widgets_are_styled_by_the_theme() -> None:
    none_of(
        source.at(node, "setStyleSheet on a widget: set a property and style it in resources/theme.qss")
        for source in files_in("app/ui/")
        if not source.name.startswith(("app/ui/theme/", "app/ui/application.py"))
        for node, name in source.calls()
        if name == "setStyleSheet"
    )


def test_tooltips_go_through_the_one_place_that_keeps_them_plain() -> None:
    setters = {"setToolTip", "setStatusTip", "setWhatsThis", "showText"}
    none_of(
        source.at(call, "Qt would read names of strangers as HTML here: use app/ui/kit/tooltip.py")
        for source in files_in("app/ui/")
        if source.name != "app/ui/kit/tooltip.py"
        for call, name in source.calls()
        if name.rpartition(".")[2] in setters
    )


def test_command_ids_and_shortcuts_are_unique() -> None:
    seen: dict[str, str] = {}
    problems: list[str] = []
    for source in files_in("app/ui/"):
        for node, name in source.calls():
            for key in _keys_of(node) if name == "Command" else ():
                if key in seen:
                    problems.append(source.at(node, f"{key} is already taken in {seen[key]}"))
                seen[key] = source.at(node, "").rstrip(": ")
    none_of(problems)


def _keys_of(call: ast.Call) -> list[str]:
    """The id and the shortcuts of a `Command(id, title, run, shortcuts=...)`, as far as they are written out."""
    given = {word.arg: word.value for word in call.keywords}
    ids = [call.args[0] if call.args else given.get("id")]
    shortcuts = call.args[3] if len(call.args) > 3 else given.get("shortcuts")
    keys = list(shortcuts.elts) if isinstance(shortcuts, ast.Tuple) else [shortcuts]
    return [
        f"{kind} {node.value}"
        for kind, nodes in (("command", ids), ("shortcut", keys))
        for node in nodes
        if isinstance(node, ast.Constant) and node.value
    ]


def test_icons_take_the_colour_of_their_text() -> None:
    none_of(
        f"resources/icons/{path.name}: draw with currentColor only, so that the theme can tint it"
        for path in sorted((root() / "resources" / "icons").glob("*.svg"))
        if re.search(r"#[0-9a-fA-F]{3,8}\b|rgb", path.read_text("utf-8"))
    )


# Tests and words for people


def test_tests_wait_for_events_instead_of_sleeping() -> None:
    none_of(
        source.at(node, "no sleeping: wait for the event, with a time limit")
        for source in files_in("tests/")
        for node, name in source.calls()
        if _sleeps(node, name)
    )


def _sleeps(call: ast.Call, name: str) -> bool:
    if name not in ("wait", "sleep"):
        return False
    owner = ast.unparse(call.func).rpartition(".")[0]
    if name == "wait":
        return owner == "qtbot"
    # A poll and a scripted server's pace are no waiting in hope.
    length = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else 0
    return owner == "time" or length > 0.05


def test_tests_replace_nothing_of_ours_by_mocks() -> None:
    none_of(
        source.at(node, "no mocks of our own code: use the fakes that pass the port's contract")
        for source in files_in("tests/")
        for node, name in source.imports()
        if name.startswith(("unittest.mock", "pytest_mock"))
    )


def test_test_folders_are_no_packages() -> None:
    none_of(f"{path.relative_to(root())}: remove it" for path in (root() / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("page", ["README.md", "app/ARCHITECTURE.md"])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = root() / page
    text = path.read_text("utf-8")
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", text)
    none_of(
        f"{page}: {link} does not exist"
        for link in (first or second for first, second in links)
        if "://" not in link and not (path.parent / link).exists()
    )


def test_the_architecture_page_names_every_package() -> None:
    page = (root() / "app" / "ARCHITECTURE.md").read_text("utf-8")
    packages = {init.parent.relative_to(root() / "app").parts[0] for init in _packages()}
    none_of(f"app/ARCHITECTURE.md does not name app/{package}/" for package in packages if package not in page)


def _packages() -> list[Path]:
    return [path for path in (root() / "app").rglob("*.py") if path.parent != root() / "app"]


# What the repository holds


def test_the_top_level_holds_what_it_is_said_to_hold() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=root(), capture_output=True, text=True, timeout=20)
    if listed.returncode:
        pytest.skip("this is no clone")
    top = {line.strip('"').partition("/")[0] for line in listed.stdout.splitlines()}
    none_of(f"{name}: it belongs into one of the folders, or nowhere" for name in sorted(top - TOP_LEVEL))


ROOMS_OF_THEIR_OWN = ("benchmarks", "live", "results", "support", "whole")
"""Folders of tests that stand for no room of the application: they measure, serve others, or test it as a whole."""


def test_the_tests_lie_beside_the_rooms_they_test() -> None:
    tests = root() / "tests"
    rooms = {file.parent.relative_to(tests) for file in tests.rglob("test_*.py")}
    none_of(
        f"tests/{room.as_posix()}: there is no app/{room.as_posix()}: move its tests beside what they test"
        for room in sorted(rooms)
        if room.parts and room.parts[0] not in ROOMS_OF_THEIR_OWN and not (root() / "app" / room).is_dir()
    )
