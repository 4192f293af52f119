"""The JSON schema of a type as it stands in a source, without running it.

Understood are the types of JSON, `typing` and `collections.abc`, `Literal`, `Annotated`, enums, aliases, and classes of
the same source: pydantic models, TypedDict, dataclasses and NamedTuple. What pydantic reads from a string (dates,
decimals, paths, UUIDs) is told as a string with its format. Schemas stand inline: small models and the grammars of
local servers follow no `$ref`.
"""

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from app.engine.custom_tools.constants import NotConstant, constant
from app.engine.custom_tools.docstrings import documented
from app.engine.custom_tools.faults import Fault, SourceError

Schema = dict[str, Any]

PLAIN: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "Any": {},
    "object": {},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "timedelta": {"type": "string", "format": "duration"},
    "Decimal": {"type": "string"},
    "UUID": {"type": "string", "format": "uuid"},
    "Path": {"type": "string"},
    "AnyUrl": {"type": "string", "format": "uri"},
    "HttpUrl": {"type": "string", "format": "uri"},
    "EmailStr": {"type": "string", "format": "email"},
    "SecretStr": {"type": "string"},
    "StrictStr": {"type": "string"},
    "StrictInt": {"type": "integer"},
    "StrictFloat": {"type": "number"},
    "StrictBool": {"type": "boolean"},
    "PositiveInt": {"type": "integer", "exclusiveMinimum": 0},
    "NonNegativeInt": {"type": "integer", "minimum": 0},
    "PositiveFloat": {"type": "number", "exclusiveMinimum": 0},
    "NonNegativeFloat": {"type": "number", "minimum": 0},
}
LISTS = frozenset({"list", "List", "Sequence", "MutableSequence", "Iterable", "Collection", "deque", "Deque"})
SETS = frozenset({"set", "Set", "frozenset", "FrozenSet", "AbstractSet", "MutableSet"})
OBJECTS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "DefaultDict"})
ENUMS = frozenset({"Enum", "StrEnum", "IntEnum"})
BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
    "title": "title",
}
"""What `Field` says of a value, and the word for it in a JSON schema."""
KINDS: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
}
DEEPEST = 12
"""Types within types."""
MOST_CHOICES = 500
"""Values of one argument to choose from: each is told to the model with every request, and more fill a small window."""


@dataclass
class Member:
    """One field of a class."""

    name: str
    schema: Schema
    required: bool


@dataclass
class Types:
    """The types that a source names. Raises `SourceError` with the line of what cannot be told."""

    classes: dict[str, ast.ClassDef]
    names: dict[str, ast.expr]
    """Names that the module gives to an expression: aliases and constants."""
    _open: list[str] = field(default_factory=list[str])

    def schema(self, node: ast.expr) -> Schema:
        """A new object each time."""
        if len(self._open) > DEEPEST:
            raise _fault(node, "This type is nested too deeply to be told to a model.")
        match node:
            case ast.Constant(value=None):
                return {"type": "null"}
            case ast.Constant(value=str() as text):
                return self.schema(self._parsed(node, text))
            case ast.Name() | ast.Attribute():
                return self._named(node, _last_name(node))
            case ast.BinOp(op=ast.BitOr()):
                return self._union([*_alternatives(node)])
            case ast.Subscript():
                return self._generic(node, _last_name(node.value), _arguments(node))
            case _:
                raise _fault(node, f"“{ast.unparse(node)}” is no type that can be told to a model.")

    def optional(self, node: ast.expr) -> bool:
        """Whether None may be given for it."""
        match node:
            case ast.Constant(value=None):
                return True
            case ast.Constant(value=str() as text):
                return self.optional(self._parsed(node, text))
            case ast.Name(id=name) if name in self.names:
                return self.optional(self.names[name])
            case ast.BinOp(op=ast.BitOr()):
                return any(self.optional(one) for one in _alternatives(node))
            case ast.Subscript(value=value):
                name = _last_name(value)
                if name == "Annotated":
                    return self.optional(_arguments(node)[0])
                return name == "Optional" or (name == "Union" and any(map(self.optional, _arguments(node))))
            case _:
                return False

    def described(self, node: ast.expr, default: ast.expr | None) -> Schema:
        """With what `Annotated`, `Field` or a default that stands there say of it."""
        return {**self.schema(node), **self._default(default)}

    def required(self, default: ast.expr | None) -> bool:
        """Whether a field or an argument with this default must be given."""
        if default is None or (isinstance(default, ast.Constant) and default.value is ...):
            return True
        if not _is_field(default):
            return False
        words = {word.arg for word in default.keywords}
        if words & {"default", "default_factory"}:
            return False
        return not default.args or (isinstance(default.args[0], ast.Constant) and default.args[0].value is ...)

    def converts(self, node: ast.expr) -> bool:
        """Whether its values are more than what JSON gives: a class, an enum, a set, a date."""
        for one in ast.walk(self._parsed(node, str(node.value)) if _is_text(node) else node):
            name = _last_name(one) if isinstance(one, ast.expr) else ""
            if name in self.classes or name in SETS | {"tuple", "Tuple", "deque", "Deque"}:
                return True
            if "format" in PLAIN.get(name, {}) or name in {"Decimal", "Path", "SecretStr"}:
                return True
            if isinstance(one, ast.Name) and name in self.names and name not in self._open:
                self._open.append(name)
                try:
                    if self.converts(self._alias(self.names[name])):
                        return True
                finally:
                    self._open.pop()
        return False

    # Names

    def _named(self, node: ast.expr, name: str) -> Schema:
        if name in self.classes:
            return self._class(node, name)
        if isinstance(node, ast.Name) and name in self.names:
            return self._within(node, name, lambda: self.schema(self._alias(self.names[name])))
        if name in PLAIN:
            return dict(PLAIN[name])
        if name in LISTS | SETS | {"tuple", "Tuple"}:
            return {"type": "array", "items": {}}
        if name in OBJECTS:
            return {"type": "object"}
        if name in {"bytes", "bytearray"}:
            raise _fault(node, "Bytes cannot be told to a model. Take a string.")
        raise _fault(node, f"“{name}” is not defined in this source, so nobody can say what it takes.")

    def _alias(self, node: ast.expr) -> ast.expr:
        """Of `UserId = NewType("UserId", int)` the int, of a type variable its bound."""
        if isinstance(node, ast.Call) and _last_name(node.func) == "NewType" and len(node.args) == 2:
            return node.args[1]
        if isinstance(node, ast.Call) and _last_name(node.func) == "TypeVar":
            bound = next((word.value for word in node.keywords if word.arg == "bound"), None)
            return bound if bound is not None else ast.Name("Any")
        return node

    def _within(self, node: ast.expr, name: str, inner: Any) -> Schema:
        if name in self._open:
            raise _fault(node, f"“{name}” holds itself, which cannot be told to a model.")
        self._open.append(name)
        try:
            return inner()
        finally:
            self._open.pop()

    def _parsed(self, node: ast.expr, text: str) -> ast.expr:
        try:
            parsed = ast.parse(text, mode="eval").body
        except SyntaxError:
            raise _fault(node, f"“{text}” is no type.") from None
        for one in ast.walk(parsed):
            if isinstance(one, ast.expr):
                one.lineno = node.lineno
        return parsed

    # Types with arguments

    def _generic(self, node: ast.Subscript, name: str, given: list[ast.expr]) -> Schema:
        match name:
            case "Optional":
                return self._union([*given, ast.Constant(None)])
            case "Union":
                return self._union(given)
            case "Literal":
                return self._literal(node, given)
            case "Annotated":
                notes: Schema = {}
                for note in given[1:]:
                    notes |= self._note(note)
                return {**self.schema(given[0]), **notes}
            case "tuple" | "Tuple":
                return self._tuple(given)
            case "Required" | "NotRequired" | "ReadOnly" | "Final" | "ClassVar" | "InitVar":
                return self.schema(given[0])
            case "Type" | "type" | "Callable":
                raise _fault(node, f"“{ast.unparse(node)}” cannot be told to a model.")
            case _ if name in LISTS:
                return {"type": "array", "items": self.schema(given[0])}
            case _ if name in SETS:
                return {"type": "array", "items": self.schema(given[0]), "uniqueItems": True}
            case _ if name in OBJECTS:
                return self._mapping(node, given)
            case _:
                raise _fault(node, f"“{ast.unparse(node)}” is not known here, so nobody can say what it takes.")

    def _mapping(self, node: ast.expr, given: list[ast.expr]) -> Schema:
        if len(given) != 2:
            return {"type": "object"}
        keys = self.schema(given[0])
        if keys and keys.get("type") != "string":
            raise _fault(node, "Keys of an object are strings in JSON. Take str, or a list of pairs.")
        values = self.schema(given[1])
        return {"type": "object", "additionalProperties": values} if values else {"type": "object"}

    def _tuple(self, given: list[ast.expr]) -> Schema:
        if len(given) == 2 and isinstance(given[1], ast.Constant) and given[1].value is ...:
            return {"type": "array", "items": self.schema(given[0])}
        places = [self.schema(one) for one in given]
        return {"type": "array", "prefixItems": places, "minItems": len(places), "maxItems": len(places)}

    def _union(self, given: list[ast.expr]) -> Schema:
        """None is no alternative of its own: what may be None may be left out, which weak models understand better."""
        found: list[Schema] = []
        for one in given:
            schema = self.schema(one)
            if schema != {"type": "null"} and schema not in found:
                found.append(schema)
        if not found:
            return {"type": "null"}
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _literal(self, node: ast.expr, given: list[ast.expr]) -> Schema:
        values: list[Any] = []
        for one in given:
            try:
                values.append(constant(one, self.names))
            except NotConstant:
                raise _fault(node, f"“{ast.unparse(one)}” is no value that can stand in a Literal.") from None
        return _enum(node, [value for value in values if value is not None])

    # Classes

    def _class(self, node: ast.expr, name: str) -> Schema:
        body = self.classes[name]
        bases = self._bases(name)
        if bases & ENUMS:
            return self._enum_class(body)
        if not (bases & {"BaseModel", "TypedDict", "NamedTuple"} or _is_dataclass(body)):
            raise _fault(
                node,
                f"“{name}” is neither a pydantic model, a TypedDict, a dataclass nor an Enum. Make it one of them.",
            )
        return self._within(node, name, lambda: self._object(name))

    def _object(self, name: str) -> Schema:
        members = {member.name: member for member in self._members(name)}
        schema: Schema = {"type": "object"}
        if text := documented(ast.get_docstring(self.classes[name]) or "").description:
            schema["description"] = text
        schema["properties"] = {member.name: member.schema for member in members.values()}
        if required := [member.name for member in members.values() if member.required]:
            schema["required"] = required
        return schema

    def _members(self, name: str) -> Iterator[Member]:
        """Those of its bases first, as Python has them."""
        body = self.classes[name]
        for base in body.bases:
            if (inherited := _last_name(base)) in self.classes:
                yield from self._members(inherited)
        optional = any(
            word.arg == "total" and isinstance(word.value, ast.Constant) and word.value.value is False
            for word in body.keywords
        )
        words = documented(ast.get_docstring(body) or "").arguments
        for place, statement in enumerate(body.body):
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            own = statement.target.id
            if own.startswith("_") or own == "model_config" or _last_name(_outer(statement.annotation)) == "ClassVar":
                continue
            schema = self.described(statement.annotation, statement.value)
            said = words.get(own) or _said_below(body.body, place)
            if said and "description" not in schema:
                schema["description"] = said
            wrapper = _last_name(_outer(statement.annotation))
            left_out = wrapper == "NotRequired" or (optional and wrapper != "Required")
            yield Member(own, schema, self.required(statement.value) and not left_out)

    def _enum_class(self, body: ast.ClassDef) -> Schema:
        values: list[Any] = []
        for statement in body.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id
                try:
                    values.append(constant(statement.value, self.names))
                except NotConstant:
                    auto = isinstance(statement.value, ast.Call) and _last_name(statement.value.func) == "auto"
                    if not auto:
                        raise _fault(statement.value, f"The value of “{name}” must stand there as it is.") from None
                    text = "StrEnum" in self._bases(body.name)
                    values.append(name.lower() if text else len(values) + 1)
        if not values:
            raise SourceError(Fault(body.lineno, f"“{body.name}” has no values."))
        return _enum(body, values)

    def _bases(self, name: str) -> set[str]:
        """Names of all classes above one, as far as the source shows them."""
        found: set[str] = set()
        left = [name]
        while left:
            body = self.classes.get(left.pop())
            for base in body.bases if body is not None else ():
                text = _last_name(_outer(base))
                if text not in found:
                    found.add(text)
                    left.append(text)
        return found

    # Notes

    def _default(self, node: ast.expr | None) -> Schema:
        """What a default says: a `Field(...)` its words and bounds, anything else itself, where it stands there."""
        if node is None:
            return {}
        if _is_field(node):
            return self._field(node)
        with suppress(NotConstant):
            value = constant(node, self.names)
            return {} if value is None or value is ... else {"default": value}
        return {}

    def _note(self, node: ast.expr) -> Schema:
        """What a note of `Annotated` says: a string describes, a `Field(...)` has words and bounds."""
        if _is_field(node):
            return self._field(node)
        with suppress(NotConstant):
            value = constant(node, self.names)
            return {"description": " ".join(value.split())} if isinstance(value, str) else {}
        return {}

    def _field(self, node: ast.Call) -> Schema:
        notes: Schema = self._default(node.args[0]) if node.args else {}
        for word in node.keywords:
            with suppress(NotConstant):
                value = constant(word.value, self.names)
                if word.arg == "description" and isinstance(value, str):
                    notes["description"] = " ".join(value.split())
                elif word.arg in BOUNDS and value is not None:
                    notes[BOUNDS[word.arg]] = value
                elif word.arg == "default" and value is not None:
                    notes["default"] = value
        return notes


def _enum(node: ast.AST, values: list[Any]) -> Schema:
    if len(values) > MOST_CHOICES:
        raise _fault(
            node, f"This is a choice of {len(values):,} values; {MOST_CHOICES} are the most. Take a text instead."
        )
    kinds = {KINDS[type(value)] for value in values}
    return {"type": kinds.pop(), "enum": values} if len(kinds) == 1 else {"enum": values}


def _fault(node: ast.AST, text: str) -> SourceError:
    return SourceError(Fault(getattr(node, "lineno", 1), text))


def _last_name(node: ast.expr) -> str:
    """Of `typing.Optional` the `Optional`."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _outer(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _arguments(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _alternatives(node.left)
        yield from _alternatives(node.right)
    else:
        yield node


def _is_text(node: ast.expr) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_field(node: ast.expr) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and _last_name(node.func) in {"Field", "field"}


def _is_dataclass(body: ast.ClassDef) -> bool:
    return any(_last_name(one.func if isinstance(one, ast.Call) else one) == "dataclass" for one in body.decorator_list)


def _said_below(statements: list[ast.stmt], place: int) -> str:
    """A string below a field, which some take as its documentation."""
    below = statements[place + 1] if place + 1 < len(statements) else None
    if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
        return " ".join(below.value.value.split())
    return ""
