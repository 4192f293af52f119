"""Pure: fits the arguments of a call to its tool's schema, or says what is missing in words a small model can use."""

import difflib
import json
import re
from dataclasses import dataclass
from typing import Any

from app.domain.tool import Tool
from app.engine.repairs.json_repair import Unreadable, canonical, read_json

Arguments = dict[str, Any]
Schema = dict[str, Any]

DEPTH = 8
SYNONYMS: dict[str, tuple[str, ...]] = {
    "label": ("block_label", "block", "block_name", "memory_block"),
    "old_string": ("old_str", "old_content", "old_text", "old_value", "old"),
    "new_string": ("new_str", "new_content", "new_text", "new_value", "new", "content", "text", "value"),
    "old_content": ("old_string", "old_str", "old_text", "old_value", "old"),
    "new_content": ("new_string", "new_str", "new_text", "new_value", "new"),
    "new_memory": ("new_string", "content", "value", "text", "memory"),
    "content": ("new_string", "text", "value", "message"),
    "query": ("q", "search", "search_query", "keywords", "text"),
}
"""Names that models give to arguments of the built-in tools; used only for an argument that would else be missing."""
_WRAPPERS = ("arguments", "parameters", "args", "params", "input", "kwargs", "properties")
_TRUE, _FALSE = ("true", "yes", "1", "on"), ("false", "no", "0", "off")
_INTEGER = re.compile(r"[-+]?\d{1,300}(?:\.0{1,20})?")


class _Misfit(Exception):
    """A value that cannot become what the schema wants; the argument says so."""


@dataclass(frozen=True)
class Fitted:
    """Arguments as the tool takes them. `problem`: why the call cannot run, empty when it can."""

    arguments: Arguments
    changed: bool = False
    problem: str = ""


def fit_arguments(arguments: Arguments, tool: Tool) -> Fitted:
    """Coerces types, puts misnamed arguments right, drops unknown ones; a required one missing is a problem."""
    schema = tool.parameters
    properties: Schema = schema.get("properties") or {}
    if not properties and not schema.get("required"):
        return Fitted(arguments)
    given = _renamed(_unwrapped(arguments, properties), schema)
    fitted: Arguments = {}
    for name, value in given.items():
        if name not in properties:
            if schema.get("additionalProperties"):
                fitted[name] = value
            continue
        if value is None and name not in _required(schema) and not _takes(properties[name], "null"):
            continue
        try:
            fitted[name] = _coerced(value, properties[name], 0)
        except _Misfit as misfit:
            return Fitted(arguments, problem=f"The argument {name} of {tool.name} {misfit}.")
    missing = [name for name in _required(schema) if fitted.get(name) is None]
    if missing:
        what = "argument" if len(missing) == 1 else "arguments"
        verb = "is" if len(missing) == 1 else "are"
        return Fitted(arguments, problem=f"The {what} {', '.join(missing)} of {tool.name} {verb} missing.")
    return Fitted(fitted, changed=fitted != arguments)


def schema_line(tool: Tool) -> str:
    """A tool on one line: `memory_insert(label: string, new_string: string, insert_line?: integer)`."""
    properties: Schema = tool.parameters.get("properties") or {}
    required = _required(tool.parameters)
    listed = [f"{name}{'' if name in required else '?'}: {_type_word(inner)}" for name, inner in properties.items()]
    return f"{tool.name}({', '.join(listed)})"


def example(tool: Tool) -> str:
    """Arguments of a call as JSON, with the required ones filled in."""
    properties: Schema = tool.parameters.get("properties") or {}
    names = _required(tool.parameters) or list(properties)[:1]
    return canonical({name: _sample(name, properties.get(name) or {}) for name in names})


def _required(schema: Schema) -> list[str]:
    required: Any = schema.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def _unwrapped(arguments: Arguments, properties: Schema) -> Arguments:
    """The arguments out of a wrapper such as {"arguments": {...}}."""
    if len(arguments) != 1:
        return arguments
    ((key, value),) = arguments.items()
    if key in properties or key.lower() not in _WRAPPERS:
        return arguments
    if isinstance(value, str):
        try:
            value = read_json(value).value
        except Unreadable:
            return arguments
    return value if isinstance(value, dict) else arguments


def _renamed(arguments: Arguments, schema: Schema) -> Arguments:
    """Arguments under their right names: written differently, misspelled, or known under another word."""
    properties: Schema = schema.get("properties") or {}
    unknown = [name for name in arguments if name not in properties]
    if not unknown or schema.get("additionalProperties"):
        return arguments
    open_names = [name for name in properties if name not in arguments]
    found: dict[str, str] = {}
    for name in unknown:
        meant = _meant(name, open_names, _required(schema))
        if meant is not None and meant not in found.values():
            found[name] = meant
    return {found.get(name, name): value for name, value in arguments.items()}


def _meant(written: str, open_names: list[str], required: list[str]) -> str | None:
    plain = {_plain(name): name for name in open_names}
    if _plain(written) in plain:
        return plain[_plain(written)]
    wanted = [name for name in open_names if name in required]
    for name in wanted:
        if _plain(written) in map(_plain, SYNONYMS.get(name, ())):
            return name
    near = difflib.get_close_matches(_plain(written[:100]), [_plain(name) for name in wanted], n=2, cutoff=0.8)
    return plain[near[0]] if len(near) == 1 else None


def _plain(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _coerced(value: Any, schema: Any, depth: int) -> Any:
    """The value as the schema wants it. Raises `_Misfit`."""
    if not isinstance(schema, dict) or depth > DEPTH:
        return value
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list) and options:
        return _first_fit(value, options, depth)
    if "enum" in schema:
        return _chosen(value, schema["enum"])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return _first_fit(value, [schema | {"type": kind} for kind in kinds], depth)
    match kinds:
        case "string":
            return _text(value)
        case "integer" | "number":
            return _number(value, whole=kinds == "integer")
        case "boolean":
            return _truth(value)
        case "array":
            return _items(value, schema.get("items"), depth)
        case "object":
            return _object(value, schema, depth)
        case "null":
            return _nothing(value)
        case _:
            return value


def _first_fit(value: Any, options: list[Any], depth: int) -> Any:
    """What the value is already, else the first thing that it can become."""
    fits: list[Any] = []
    for option in options[:20]:
        try:
            fits.append(_coerced(value, option, depth + 1))
        except _Misfit:
            continue
    for fit in fits:
        if type(fit) is type(value) and fit == value:
            return fit
    if not fits:
        raise _Misfit(f"cannot be {_short(value)}")
    return fits[0]


def _chosen(value: Any, choices: Any) -> Any:
    if not isinstance(choices, list) or value in choices:
        return value
    text = _plain(str(value))
    for choice in choices:
        if _plain(str(choice)) == text and text:
            return choice
    raise _Misfit(f"must be one of {_short(choices, 200)}, not {_short(value)}")


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case [only] if isinstance(only, str | int | float):
            return _text(only)
        case _:
            raise _Misfit(f"must be a text, not {_short(value)}")


def _number(value: Any, *, whole: bool) -> int | float:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _Misfit(f"must be a {'whole ' if whole else ''}number, not {_short(value)}")
    if isinstance(value, str):
        value = _number_in(value.strip(), whole=whole)
    if whole and isinstance(value, float):
        if not value.is_integer():
            raise _Misfit(f"must be a whole number, not {value}")
        return int(value)
    return value


def _number_in(text: str, *, whole: bool) -> int | float:
    if _INTEGER.fullmatch(text):
        return int(text.partition(".")[0])
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value - value != 0:
        raise _Misfit(f"must be a {'whole ' if whole else ''}number, not {_short(text)}")
    return value


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise _Misfit(f"must be true or false, not {_short(value)}")


def _nothing(value: Any) -> None:
    if value is not None and value not in ("", "null", "None"):
        raise _Misfit(f"must be null, not {_short(value)}")


def _items(value: Any, items: Any, depth: int) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _read(value, value)
    listed: list[Any] = value if isinstance(value, list) else [value]
    return [_coerced(item, items, depth + 1) for item in listed]


def _object(value: Any, schema: Schema, depth: int) -> Any:
    if isinstance(value, str):
        value = _read(value, None)
    if not isinstance(value, dict):
        raise _Misfit(f"must be an object, not {_short(value)}")
    properties: Schema = schema.get("properties") or {}
    return {name: _coerced(inner, properties.get(name), depth + 1) for name, inner in value.items()}


def _read(text: str, otherwise: Any) -> Any:
    try:
        return read_json(text).value
    except Unreadable:
        return otherwise


def _takes(schema: Any, kind: str) -> bool:
    if not isinstance(schema, dict):
        return True
    kinds = schema.get("type")
    options: list[Any] = schema.get("anyOf") or schema.get("oneOf") or []
    return kind == kinds or (isinstance(kinds, list) and kind in kinds) or any(_takes(one, kind) for one in options)


def _type_word(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "any"
    if isinstance(choices := schema.get("enum"), list):
        return " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices[:12])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(_type_word(option) for option in options[:6])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return " | ".join(str(kind) for kind in kinds)
    if kinds == "array":
        return f"list of {_type_word(schema.get('items'))}"
    return str(kinds or "any")


def _sample(name: str, schema: Any) -> Any:
    word = _type_word(schema)
    if isinstance(schema, dict) and isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0]
    samples = {"integer": 1, "number": 1.5, "boolean": True, "object": {}, "null": None}
    if word.startswith("list of"):
        return [_sample(name, schema.get("items"))]
    return samples.get(word, f"<{name.replace('_', ' ')}>")


def _short(value: Any, limit: int = 60) -> str:
    text = value if isinstance(value, str) else canonical(value)
    text = text if len(text) <= limit else f"{text[: limit - 3]}..."
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) else text
