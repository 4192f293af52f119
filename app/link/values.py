"""Values on the wire: domain models, containers and errors as JSON, and back. Pure.

A domain model is written as its fields plus its class name under "!"; tuples, bytes and unusual dicts are tagged the
same way. Models inside a model need no tag: the outer class knows their types.
"""

import base64
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError

import app.domain
from app.domain import error as errors
from app.domain.error import AppError, LinkError, ModelError

TAG = "!"


@functools.cache
def words() -> Mapping[str, type[BaseModel]]:
    """All public domain models by class name."""
    found: dict[str, type[BaseModel]] = {}
    for module_name in sorted(entry.name for entry in pkgutil.iter_modules(app.domain.__path__)):
        module = importlib.import_module(f"app.domain.{module_name}")
        for name, kind in vars(module).items():
            if name.startswith("_") or not inspect.isclass(kind) or not issubclass(kind, BaseModel):
                continue
            if kind.__module__ == module.__name__ and found.setdefault(name, kind) is not kind:
                raise RuntimeError(f"two domain models are called {name}")
    return found


def to_wire(value: Any) -> Any:
    """Raises TypeError for a value that the link does not carry."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, BaseModel):
        name = type(value).__name__
        if words().get(name) is not type(value):
            raise TypeError(f"{name} is no domain model")
        return {TAG: name, **value.model_dump(mode="json")}
    if isinstance(value, list):
        return [to_wire(item) for item in cast(list[Any], value)]
    if isinstance(value, tuple):
        return {TAG: "tuple", "items": [to_wire(item) for item in cast(tuple[Any, ...], value)]}
    if isinstance(value, dict):
        return _dict_to_wire(cast(dict[Any, Any], value))
    if isinstance(value, bytes):
        return {TAG: "bytes", "base64": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"the link carries no {type(value).__name__}")


def _dict_to_wire(value: dict[Any, Any]) -> dict[str, Any]:
    if TAG not in value and all(isinstance(key, str) for key in value):
        return {key: to_wire(item) for key, item in value.items()}
    return {TAG: "dict", "items": [[to_wire(key), to_wire(item)] for key, item in value.items()]}


def from_wire(value: Any) -> Any:
    """Raises `LinkError` `protocol` for a tag or fields that this side does not know."""
    if isinstance(value, list):
        return [from_wire(item) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    fields = cast(dict[str, Any], value)
    if TAG not in fields:
        return {key: from_wire(item) for key, item in fields.items()}
    try:
        return _tagged(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(str(fields.get(TAG)), error) from error


def _tagged(fields: dict[str, Any]) -> Any:
    name = fields[TAG]
    read = _CONTAINERS.get(name)
    if read is not None:
        return read(fields)
    return words()[name].model_validate({key: item for key, item in fields.items() if key != TAG})


_CONTAINERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "tuple": lambda fields: tuple(from_wire(item) for item in fields["items"]),
    "bytes": lambda fields: base64.b64decode(fields["base64"], validate=True),
    "dict": lambda fields: {from_wire(key): from_wire(item) for key, item in fields["items"]},
}


def unreadable(name: str, error: Exception) -> LinkError:
    reason = f"{error.error_count()} fields do not fit" if isinstance(error, ValidationError) else str(error)
    return LinkError(
        "The two parts of Lares that talk to each other do not fit together.",
        code="protocol",
        hint="Close Lares and start it again.",
        details={"word": name, "reason": reason},
    )


def weight_of(value: Any) -> int:
    """About how many bytes a large text or byte string takes on the wire; 0 for all that is encoded at once anyway."""
    return len(value) if isinstance(value, (str, bytes)) else 0


def error_to_wire(error: AppError) -> dict[str, Any]:
    """An error as a JSON object. `details` that are no JSON are written as their text."""
    written: dict[str, Any] = {
        "class": type(error).__name__,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "details": {str(key): _plain(item) for key, item in error.details.items()},
    }
    return written | {"retryable": error.retryable} if isinstance(error, ModelError) else written


def _plain(value: Any) -> Any:
    try:
        return to_wire(value)
    except TypeError:
        return str(value)


def error_from_wire(fields: Mapping[str, Any]) -> AppError:
    """The error that `error_to_wire` wrote; a class this side does not know becomes `AppError`."""
    kind = getattr(errors, str(fields.get("class")), AppError)
    if not (inspect.isclass(kind) and issubclass(kind, AppError)):
        kind = AppError
    more = {"retryable": bool(fields.get("retryable"))} if issubclass(kind, ModelError) else {}
    return kind(
        str(fields.get("message", "")),
        code=str(fields.get("code") or kind.code),
        hint=str(fields.get("hint", "")),
        details=from_wire(fields.get("details") or {}),
        **more,
    )
