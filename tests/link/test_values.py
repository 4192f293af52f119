"""Every domain word and error survives the wire."""

import inspect
import types
import typing
from typing import Any

import annotated_types
import pytest
from pydantic import BaseModel

from app.domain import error as errors
from app.domain.error import AppError, LinkError, ModelError
from app.link.protocol import decode, encode
from app.link.values import error_from_wire, error_to_wire, from_wire, to_wire, words


def example(hint: Any, depth: int = 0) -> Any:
    """A value of this type with as much in it as it can have."""
    if hint is Any:
        return {"a": [1, None, "ä"], "!": "x"}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return example(arguments[0], depth)
    if origin is typing.Literal:
        return arguments[-1]
    if origin in (typing.Union, types.UnionType):
        return example(arguments[depth % (len(arguments) - (type(None) in arguments))], depth)
    if origin is tuple:
        return (example(arguments[0], depth), example(arguments[0], depth + 1))
    if origin is dict and typing.get_origin(arguments[0]) is typing.Literal:
        return {name: example(arguments[1], depth) for name in typing.get_args(arguments[0])}
    if origin is dict:
        return {"key": example(arguments[1], depth), "!": example(arguments[1], depth)}
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        return hint(**{name: example(field.annotation, depth + 1) for name, field in hint.model_fields.items()})
    return {str: "text ä 🔥", int: 2**53 + 1, float: 0.1, bool: True}[hint]


def over_the_wire(value: Any) -> Any:
    return from_wire(decode(encode({"k": "reply", "value": to_wire(value)}))["value"])


def test_registry_holds_the_words_of_the_domain() -> None:
    names = {"Agent", "Block", "Message", "Run", "RunEvent", "MemoryEvent", "TranscriptPage", "EngineStatus"}
    assert names < words().keys()
    assert annotated_types.__name__ not in words()


@pytest.mark.parametrize("name", sorted(words()))
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_domain_word_comes_back_equal(name: str, depth: int) -> None:
    value = example(words()[name], depth)
    back = over_the_wire(value)
    # As JSON, because a delta of a tool call that has all fields cannot be told from a whole one.
    assert back.model_dump() == value.model_dump()
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, AppError)]
)
def test_every_error_comes_back_as_its_own_class(kind: type[AppError]) -> None:
    error = kind("It happened.", code="some_code", hint="Do this.", details={"n": 1, "list": [1, 2]})
    back = error_from_wire(decode(encode({"k": "error", "error": error_to_wire(error)}))["error"])
    assert type(back) is kind
    assert (back.code, back.message, back.hint, back.details) == (error.code, error.message, error.hint, error.details)


def test_model_error_keeps_whether_it_may_be_tried_again() -> None:
    back = error_from_wire(error_to_wire(ModelError("Busy.", retryable=True)))
    assert isinstance(back, ModelError)
    assert back.retryable


@pytest.mark.parametrize("name", ["Unheard", "Any", "inspect", "BaseModel", ""])
def test_unknown_error_class_becomes_the_general_one(name: str) -> None:
    back = error_from_wire({"class": name, "code": "c", "message": "m"})
    assert (type(back), back.code, back.message) == (AppError, "c", "m")


@pytest.mark.parametrize(
    "written",
    [
        {"!": "Popen", "args": ["sh"]},
        {"!": "Block", "id": 1},
        {"!": "Block", "unknown": "field"},
        {"!": "tuple"},
        {"!": "bytes", "base64": "*"},
        {"!": ["Block"]},
        {"!": "dict", "items": [1]},
    ],
)
def test_unknown_tag_or_field_is_refused(written: Any) -> None:
    with pytest.raises(LinkError) as caught:
        from_wire([written])
    assert caught.value.code == "protocol"


def test_model_that_is_no_domain_word_is_not_sent() -> None:
    class Stranger(BaseModel):
        x: int = 1

    with pytest.raises(TypeError):
        to_wire((Stranger(),))
