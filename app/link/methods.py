"""Which methods of the services clients may call, and how their arguments become what the type hints say."""

import dataclasses
import functools
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from app.domain.error import Invalid

_STREAMS = (AsyncIterator, AsyncGenerator)


class Shape:
    """What a method takes and gives. Reading it takes longer than many calls, so each function is read once."""

    def __init__(self, function: Callable[..., Any], *, bound: bool) -> None:
        signature = inspect.signature(function)
        taken = [*signature.parameters.values()][int(bound) :]
        self.signature = signature.replace(parameters=taken)
        self.is_coroutine = inspect.iscoroutinefunction(function)
        self.hints = get_type_hints(function)
        self._adapters: dict[str, TypeAdapter[Any]] = {}

    def adapter(self, argument: str) -> TypeAdapter[Any]:
        adapter = self._adapters.get(argument)
        if adapter is None:
            adapter = self._adapters[argument] = TypeAdapter(self.hints[argument])
        return adapter


@functools.cache
def _shape(function: Callable[..., Any], bound: bool) -> Shape:
    return Shape(function, bound=bound)


class Method:
    """One public method of one service, bound to it."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function
        self._shape = _shape(getattr(function, "__func__", function), inspect.ismethod(function))

    @property
    def annotated(self) -> bool:
        hints = self._shape.hints
        return "return" in hints and all(name in hints for name in self._shape.signature.parameters)

    @property
    def stream(self) -> bool:
        """True: gives an async iterator. False: a coroutine."""
        return not self._shape.is_coroutine

    @property
    def served(self) -> bool:
        is_async = not self.stream or get_origin(self._shape.hints.get("return")) in _STREAMS
        return is_async and self.annotated

    def invoke(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Calls the method: a coroutine or an async iterator. Raises `Invalid` when the arguments do not fit."""
        try:
            bound = self._shape.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise self._misfit(str(error), {}) from error
        for name, value in bound.arguments.items():
            bound.arguments[name] = self._fitted(name, value)
        return self.function(*bound.args, **bound.kwargs)

    def _fitted(self, name: str, value: Any) -> Any:
        try:
            return self._shape.adapter(name).validate_python(value)
        except ValidationError as error:
            reasons = "; ".join(str(one["msg"]) for one in error.errors(include_url=False, include_input=False))
            raise self._misfit(reasons, {"argument": name}) from error

    def _misfit(self, reason: str, details: Mapping[str, str]) -> Invalid:
        return Invalid(
            f"Lares cannot do this with what it was given ({self.name}). Nothing was changed.",
            code="invalid",
            hint="Check what was entered.",
            details={"method": self.name, "reason": reason, **details},
        )


def methods_of(services: Any) -> dict[str, Method]:
    """All public annotated async methods of a dataclass of services, by `noun.verb`."""
    found: dict[str, Method] = {}
    for entry in dataclasses.fields(services):
        service: object = getattr(services, entry.name)
        for verb, _ in inspect.getmembers(type(service), inspect.isfunction):
            if not verb.startswith("_"):
                method = Method(f"{entry.name}.{verb}", getattr(service, verb))
                if method.served:
                    found[method.name] = method
    return found
