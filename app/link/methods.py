"""Which methods of the services clients may call, and how their arguments become what the type hints say."""

import dataclasses
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from app.domain.error import Invalid

_STREAMS = (AsyncIterator, AsyncGenerator)


class Method:
    """One public method of one service, bound to it."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function
        self.signature = inspect.signature(function)
        self._hints = get_type_hints(function)
        self._adapters: dict[str, TypeAdapter[Any]] = {}

    @property
    def annotated(self) -> bool:
        return "return" in self._hints and all(name in self._hints for name in self.signature.parameters)

    @property
    def stream(self) -> bool:
        """True: gives an async iterator. False: a coroutine."""
        return not inspect.iscoroutinefunction(self.function)

    @property
    def served(self) -> bool:
        is_async = not self.stream or get_origin(self._hints.get("return")) in _STREAMS
        return is_async and self.annotated

    def invoke(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Calls the method: a coroutine or an async iterator. Raises `Invalid` when the arguments do not fit."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise self._misfit(str(error), {}) from error
        for name, value in bound.arguments.items():
            bound.arguments[name] = self._fitted(name, value)
        return self.function(*bound.args, **bound.kwargs)

    def _fitted(self, name: str, value: Any) -> Any:
        adapter = self._adapters.get(name)
        if adapter is None:
            adapter = self._adapters[name] = TypeAdapter(self._hints[name])
        try:
            return adapter.validate_python(value)
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
