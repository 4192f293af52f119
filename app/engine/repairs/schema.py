"""Pure: fits the arguments of a call to its tool's schema, or says what is missing in words a small model can use."""

import difflib
import json
import re
from dataclasses import dataclass
from typing import Any

from app.domain.tool import Tool
from app.engine.repairs.json_repair import Unreadable, as_list, as_object, canonical, read_json

Arguments = dict[str, Any]
Schema = dict[str, Any]

DEPTH = 8
"""Levels of a schema that are followed; one may refer to itself."""
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
    properties = _properties(schema)
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
    properties = _properties(tool.parameters)
    required = _required(tool.parameters)
    listed = [f"{name}{'' if name in required else '?'}: {_type_word(inner)}" for name, inner in properties.items()]
    return f"{tool.name}({', '.join(listed)})"


def example(tool: Tool) -> str:
    """Arguments of a call as JSON, with the required ones filled in."""
    properties = _properties(tool.parameters)
    names = _required(tool.parameters) or list(properties)[:1]
    return canonical({name: _sample(name, properties.get(name) or {}) for name in names})


def _required(schema: Schema) -> list[str]:
    return [name for name in as_list(schema.get("required")) or [] if isinstance(name, str)]


def _properties(schema: Schema) -> Schema:
    return as_object(schema.get("properties")) or {}


def _options(schema: Schema) -> list[Any]:
    return as_list(schema.get("anyOf")) or as_list(schema.get("oneOf")) or []


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
    inner = as_object(value)
    return arguments if inner is None else inner


def _renamed(arguments: Arguments, schema: Schema) -> Arguments:
    """Arguments under their right names: written differently, misspelled, or known under another word."""
    properties = _properties(schema)
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


def _coerced(value: Any, wanted: Any, depth: int) -> Any:
    """The value as the schema wants it. Raises `_Misfit`."""
    schema = as_object(wanted)
    if schema is None or depth > DEPTH:
        return value
    if options := _options(schema):
        return _first_fit(value, options, depth)
    if (choices := as_list(schema.get("enum"))) is not None:
        return _chosen(value, choices)
    kinds = schema.get("type")
    if (several := as_list(kinds)) is not None:
        return _first_fit(value, [schema | {"type": kind} for kind in several], depth)
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


def _chosen(value: Any, choices: list[Any]) -> Any:
    if value in choices:
        return value
    text = _plain(str(value))
    for choice in choices:
        if _plain(str(choice)) == text and text:
            return choice
    raise _Misfit(f"must be one of {_short(choices, 200)}, not {_short(value)}")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return canonical(value)
    listed = as_list(value)
    if listed is not None and len(listed) == 1 and isinstance(listed[0], str | int | float):
        return _text(listed[0])
    raise _Misfit(f"must be a text, not {_short(value)}")


def _number(value: Any, *, whole: bool) -> int | float:
    kind = "a whole number" if whole else "a number"
    listed = as_list(value)
    if listed is not None and len(listed) == 1:
        value = listed[0]
    if isinstance(value, str):
        value = _number_in(value.strip(), kind)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Misfit(f"must be {kind}, not {_short(value)}")
    if whole and isinstance(value, float):
        if not value.is_integer():
            raise _Misfit(f"must be a whole number, not {value}")
        return int(value)
    return value


def _number_in(text: str, kind: str) -> int | float:
    if _INTEGER.fullmatch(text):
        return int(text.partition(".")[0])
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value - value != 0:
        raise _Misfit(f"must be {kind}, not {_short(text)}")
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
    listed = as_list(value)
    return [_coerced(item, items, depth + 1) for item in (listed if listed is not None else [value])]


def _object(value: Any, schema: Schema, depth: int) -> Any:
    held = as_object(_read(value, None) if isinstance(value, str) else value)
    if held is None:
        raise _Misfit(f"must be an object, not {_short(value)}")
    properties = _properties(schema)
    return {name: _coerced(inner, properties.get(name), depth + 1) for name, inner in held.items()}


def _read(text: str, otherwise: Any) -> Any:
    try:
        return read_json(text).value
    except Unreadable:
        return otherwise


def _takes(wanted: Any, kind: str) -> bool:
    schema = as_object(wanted)
    if schema is None:
        return True
    kinds = schema.get("type")
    return kind in (as_list(kinds) or [kinds]) or any(_takes(option, kind) for option in _options(schema))


def _type_word(wanted: Any) -> str:
    schema = as_object(wanted) or {}
    if (choices := as_list(schema.get("enum"))) is not None:
        return " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices[:12])
    if options := _options(schema):
        return " | ".join(_type_word(option) for option in options[:6])
    kinds = schema.get("type")
    if (several := as_list(kinds)) is not None:
        return " | ".join(str(kind) for kind in several)
    if kinds == "array":
        return f"list of {_type_word(schema.get('items'))}"
    return str(kinds or "any")


def _sample(name: str, wanted: Any) -> Any:
    schema = as_object(wanted) or {}
    if choices := as_list(schema.get("enum")):
        return choices[0]
    word = _type_word(schema)
    if word.startswith("list of"):
        return [_sample(name, schema.get("items"))]
    samples: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "object": {}, "null": None}
    return samples.get(word, f"<{name.replace('_', ' ')}>")


def _short(value: Any, limit: int = 60) -> str:
    text = value if isinstance(value, str) else canonical(value)
    text = text if len(text) <= limit else f"{text[: limit - 3]}..."
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) else text
