"""What the source of a tool says: its name, what it is for, and the JSON schema of its arguments.

The tool is the last function at the top level, as in the Letta V1 API. Its docstring says what it is for and what each
argument is; nothing of the source is run.
"""

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from app.engine.custom_tools.annotations import Schema, Types
from app.engine.custom_tools.docstrings import Documented, documented
from app.engine.custom_tools.faults import Fault, SourceError

GIVEN = frozenset({"agent_state", "client"})
"""Arguments that Lares gives, which no model is told of."""
LONGEST = 500_000
"""Characters of a source."""
LONGEST_NAME = 64
"""Characters of the name of a function that servers take (OpenAI's limit, which the others follow)."""
ODD_NAME = re.compile(r"[^A-Za-z0-9_-]")
"""What a name may not have, for the same reason."""
NAMES_TAKEN = "Model servers take names of letters from a to z, digits, _ and - alone."
"""What a person is told of it."""


@dataclass(frozen=True)
class ToolSource:
    """A source that was understood."""

    name: str
    description: str
    parameters: dict[str, Any]
    """An object schema."""
    is_async: bool
    line: int
    """Of the function, counted from 1."""
    given: frozenset[str]
    """Of `GIVEN`, what the function takes."""
    converts: bool
    """Some argument is more than JSON: a model, an enum, a date. Whoever calls it must make that of the JSON."""


def read_source(source: str, *, documented_elsewhere: bool = False) -> ToolSource:
    """Raises `SourceError`, which names every fault with its line.

    `documented_elsewhere`: a schema comes with it, so neither docstring nor types are needed.
    """
    if len(source) > LONGEST:
        raise SourceError(Fault(1, f"The source has {len(source):,} characters; {LONGEST:,} are the most."))
    module = _parsed(source)
    functions = [one for one in module.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not functions:
        raise SourceError(Fault(1, "There is no function. The last one at the top level is the tool."))
    function = functions[-1]
    classes = {one.name: one for one in module.body if isinstance(one, ast.ClassDef)}
    return _Reading(function, Types(classes, _names(module)), documented_elsewhere).read()


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        line = min(error.lineno or 1, source.count("\n") + 1)
        raise SourceError(Fault(line, f"This is not valid Python: {error.msg}.")) from None
    except (ValueError, RecursionError, MemoryError):
        raise SourceError(Fault(1, "This source cannot be read as Python.")) from None


def _names(module: ast.Module) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
            case _:
                pass
    return found


@dataclass
class _Reading:
    function: ast.FunctionDef | ast.AsyncFunctionDef
    types: Types
    lenient: bool
    faults: list[Fault] = field(default_factory=list[Fault])
    properties: dict[str, Schema] = field(default_factory=dict[str, Schema])
    required: list[str] = field(default_factory=list[str])
    converts: bool = False

    def read(self) -> ToolSource:
        function = self.function
        words = documented(ast.get_docstring(function) or "")
        if not words.description and not self.lenient:
            self._fault(function, f"Say in a docstring what “{function.name}” is for.")
        if len(function.name) > LONGEST_NAME:
            self._fault(function, f"The name has more than {LONGEST_NAME} characters, which model servers refuse.")
        if ODD_NAME.search(function.name) and not self.lenient:
            self._fault(function, NAMES_TAKEN)
        arguments = function.args
        for many, sign in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
            if many is not None:
                self._fault(many, f"“{sign}{many.arg}” has no names a model could be told. Name each argument.")
        for argument, default in _arguments(arguments):
            if argument.arg not in GIVEN:
                self._take(argument, default, words)
        if self.faults:
            raise SourceError(*sorted(self.faults, key=lambda fault: fault.line))
        parameters: Schema = {"type": "object", "properties": self.properties, "required": self.required}
        given = frozenset(argument.arg for argument, _ in _arguments(arguments)) & GIVEN
        return ToolSource(
            name=function.name,
            description=words.description,
            parameters=parameters,
            is_async=isinstance(function, ast.AsyncFunctionDef),
            line=function.lineno,
            given=given,
            converts=self.converts,
        )

    def _take(self, argument: ast.arg, default: ast.expr | None, words: Documented) -> None:
        name, note = argument.arg, argument.annotation
        if note is None and not self.lenient:
            self._fault(argument, f"Say of what type “{name}” is, as in “{name}: str”.")
            return
        schema, optional = self._schema(note, default)
        if said := words.arguments.get(name):
            schema["description"] = said
        if "description" not in schema and not self.lenient and note is not None:
            self._fault(argument, f"Say in the docstring, under Args, what “{name}” is.")
        self.properties[name] = schema
        if self.types.required(default) and not optional:
            self.required.append(name)

    def _schema(self, note: ast.expr | None, default: ast.expr | None) -> tuple[Schema, bool]:
        if note is None:
            return {}, False
        try:
            schema, optional = self.types.described(note, default), self.types.optional(note)
        except SourceError as error:
            if self.lenient:
                return {}, False
            self.faults += error.faults
            return {"description": ""}, False
        self.converts = self.converts or self.types.converts(note)
        return schema, optional

    def _fault(self, node: ast.AST, text: str) -> None:
        self.faults.append(Fault(getattr(node, "lineno", self.function.lineno), text))


def _arguments(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr | None]]:
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(placed) - len(arguments.defaults)) + list(arguments.defaults)
    return [*zip(placed, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
