"""Pure: makes one call of a model canonical: a name that exists, arguments that parse and fit, or what to tell it."""

from dataclasses import dataclass

from app.domain.run import Repair, RepairKind
from app.domain.tool import Tool
from app.engine.repairs.json_repair import Unreadable, canonical, read_object
from app.engine.repairs.names import match_name
from app.engine.repairs.schema import example, fit_arguments, schema_line

QUOTED = 500
"""Characters of what a model wrote that are kept in `Step.repairs`, to be shown."""


@dataclass(frozen=True)
class Meant:
    """A call as it is stored. `problem`: what the model is told instead of a result."""

    name: str
    arguments: str
    problem: str = ""
    repairs: tuple[Repair, ...] = ()


def read_call(name: str, arguments: str, tools: tuple[Tool, ...]) -> Meant:
    """One call of a reply that was not cut."""
    known = {tool.name: tool for tool in tools}
    match = match_name(name, known)
    if match.name is None:
        return Meant(name, _stored(arguments), _ghost(name, tools))
    tool = known[match.name]
    repairs = () if match.exact else (repair("name", name, tool.name),)
    try:
        read = read_object(arguments or "{}")
    except Unreadable as unreadable:
        what = f"The arguments of {tool.name} are not valid JSON: {unreadable}. You wrote: {_short(arguments, 200)}"
        return Meant(tool.name, "{}", correction(what, tool), repairs)
    if read.mended:
        repairs = (*repairs, repair("arguments", arguments, canonical(read.value)))
    fitted = fit_arguments(read.value, tool)
    if fitted.problem:
        return Meant(tool.name, canonical(read.value), correction(fitted.problem, tool), repairs)
    if fitted.changed:
        repairs = (*repairs, repair("types", canonical(read.value), canonical(fitted.arguments)))
    return Meant(tool.name, canonical(fitted.arguments), repairs=repairs)


def correction(what: str, tool: Tool) -> str:
    """A return that teaches: what was wrong, what is expected, and how it looks."""
    return f"Error: {what} Expected: {schema_line(tool)}. Example: {example(tool)}"


def repair(kind: RepairKind, wrote: str, read_as: str) -> Repair:
    return Repair(kind=kind, wrote=_short(wrote), read_as=_short(read_as))


def _ghost(name: str, tools: tuple[Tool, ...]) -> str:
    names = ", ".join(tool.name for tool in tools) or "none"
    if not tools:
        return f'Error: There is no tool "{_short(name, 60)}". You have no tools now; answer in plain words.'
    first = tools[0]
    return (
        f'Error: There is no tool "{_short(name, 60)}". Your tools are: {names}. '
        f"Expected: one of these names. Example: {first.name} with {example(first)}"
    )


def _stored(arguments: str) -> str:
    try:
        return canonical(read_object(arguments or "{}").value)
    except Unreadable:
        return "{}"


def _short(text: str, limit: int = QUOTED) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
