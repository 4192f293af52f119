"""The project's own source, read once: files, syntax trees, names. For the architecture tests."""

import ast
import gc
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MIGRATIONS = "app/adapters/database/migrations/versions/"
Function = ast.FunctionDef | ast.AsyncFunctionDef
MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


@dataclass(frozen=True)
class Source:
    """One Python file of the project. `name` is its path from the root, with `/`."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        with _no_collections():
            return ast.parse(self.text, self.name)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node but those that only mark another, such as Load and Add."""
        with _no_collections():
            found: list[ast.AST] = [self.tree]
            for node in found:
                for name in node._fields:
                    value = getattr(node, name, None)
                    parts = value if isinstance(value, list) else (value,)
                    found += [part for part in parts if isinstance(part, ast.AST) and not isinstance(part, MARKS)]
            return found

    @cached_property
    def _by_kind(self) -> dict[type[ast.AST], list[ast.AST]]:
        kinds: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for node in self.nodes:
            kinds[type(node)].append(node)
        return kinds

    def _of(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for kind in kinds for node in self._by_kind.get(kind, ()))

    def at(self, node: ast.AST, message: str) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)}: {message}"

    def functions(self) -> Iterator[Function]:
        return (node for node in self._of(ast.FunctionDef, ast.AsyncFunctionDef) if isinstance(node, Function))

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with the last part of the called name."""
        for node in self._of(ast.Call):
            if isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Attribute):
                    yield node, called.attr
                elif isinstance(called, ast.Name):
                    yield node, called.id

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """Every imported module, and `module.name` for each name taken from one."""
        for node in self._of(ast.Import, ast.ImportFrom):
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node, node.module
                yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)

    def strings(self) -> Iterator[ast.Constant]:
        return (
            node for node in self._of(ast.Constant) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )

    def named(self) -> Iterator[tuple[ast.AST, str]]:
        """Every name this file gives: classes, functions, parameters, variables, fields."""
        for node in self._of(ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.arg, ast.Name, ast.Attribute):
            if isinstance(node, ast.ClassDef | Function):
                yield node, node.name
            elif isinstance(node, ast.arg):
                yield node, node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node, node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node, node.attr


@contextmanager
def _no_collections() -> Iterator[None]:
    """What is made within stays to the end: no collection of garbage need look through a million syntax nodes."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


_roots = [ROOT]


def root() -> Path:
    """The tree that rules look at: this one, but for rules that are shown to find something."""
    return _roots[-1]


@contextmanager
def looking_at(other: Path) -> Iterator[None]:
    _roots.append(other)
    try:
        yield
    finally:
        _roots.pop()


def python_files() -> tuple[Source, ...]:
    return _read_all(root())


@cache
def _read_all(top: Path) -> tuple[Source, ...]:
    paths = [top / "start.py", top / "build.spec"]
    paths += [path for folder in ("app", "tests", "packaging") for path in sorted((top / folder).rglob("*.py"))]
    return tuple(Source(path.relative_to(top).as_posix(), path.read_text("utf-8")) for path in paths if path.is_file())


def files_in(*folders: str) -> list[Source]:
    """Files whose path starts with one of these; generated-looking migrations are left out."""
    return [
        source
        for source in python_files()
        if source.name.startswith(folders) and not source.name.startswith(MIGRATIONS)
    ]


@cache
def words_of(name: str) -> tuple[str, ...]:
    """`setRowData` and `set_row_data` are three words each."""
    return tuple(word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|v\d+", name))


def text_files() -> Iterator[tuple[str, str]]:
    """Everything people read that is not Python, with its text."""
    patterns = (
        "*.md",
        "*.toml",
        ".ci/*",
        "packaging/**/*",
        "resources/**/*.md",
        "resources/**/*.qss",
        "resources/**/*.txt",
    )
    for pattern in (*patterns, "app/**/*.md", "resources/**/*.svg", "app/**/*.mako", "app/**/*.ini"):
        for path in sorted(root().glob(pattern)):
            if path.is_file() and path.suffix not in (".png", ".ico", ".icns", ".pyc"):
                yield path.relative_to(root()).as_posix(), path.read_text("utf-8")
