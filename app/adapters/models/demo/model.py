"""The demo model: scripted, no AI, no network. It drives the same loop and tools as any model.

It knows only the encoded request, like a server would. Counts of tokens are characters divided by four.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Iterator

from app.adapters.models.demo.acts import Act, Break, Call, Say, Think
from app.adapters.models.demo.script import acts_for
from app.adapters.models.demo.view import view_of
from app.adapters.models.openai.encoding import encode
from app.domain.error import ModelError
from app.domain.model import Model, ModelHandle, Provider
from app.domain.run import Usage
from app.ports.models import ChatRequest, ModelDelta, WireRequest

MODEL = "vesta"
CONTEXT_WINDOW = 32_768

_PIECE = re.compile(r"\s*\S{1,12}|\s+$")


class DemoModel:
    """`pace`: seconds between deltas, so that streaming can be seen; 0 for tests."""

    def __init__(self, pace: float = 0.0015) -> None:
        self._pace = pace

    async def prepare(self, request: ChatRequest) -> ChatRequest:
        return request

    def encode(self, request: ChatRequest) -> WireRequest:
        return encode(request)

    async def count(self, model: str, texts: tuple[str, ...]) -> tuple[int, ...] | None:
        return None

    async def stream(self, wire: WireRequest) -> AsyncGenerator[ModelDelta, None]:
        body = wire.body
        written = thought = 0
        due = time.monotonic()
        for delta in _deltas(acts_for(view_of(body))):
            due += self._pace
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            written += len(delta.text) + len(delta.reasoning) + len(delta.call_name) + len(delta.call_arguments)
            thought += len(delta.reasoning)
            yield delta
        usage = Usage(
            prompt_tokens=_tokens(len(body)),
            completion_tokens=_tokens(written),
            reasoning_tokens=_tokens(thought),
            steps=1,
        )
        yield ModelDelta(usage=usage, raw=_raw({"usage": usage.model_dump(exclude_none=True)}))


def demo_models(provider: Provider) -> tuple[Model, ...]:
    return (
        Model(
            handle=str(ModelHandle(provider.name, MODEL)),
            provider=provider.name,
            name=MODEL,
            label="Vesta, scripted demo",
            context_window=CONTEXT_WINDOW,
            tools=True,
            vision=False,
            reasoning=True,
            scripted=True,
        ),
    )


def _deltas(acts: list[Act]) -> Iterator[ModelDelta]:
    calls = 0
    for act in acts:
        match act:
            case Think(text):
                yield from (ModelDelta(reasoning=piece, raw=_raw({"reasoning": piece})) for piece in _pieces(text))
            case Say(text):
                yield from (ModelDelta(text=piece, raw=_raw({"text": piece})) for piece in _pieces(text))
            case Call():
                yield from _call(act, calls)
                calls += 1
            case Break():
                raise ModelError(
                    "The demo stopped answering in the middle of the reply, as you asked.",
                    code="server_died",
                    hint="Write something else to continue.",
                )
    finish = "tool_calls" if calls else "stop"
    yield ModelDelta(finish=finish, raw=_raw({"finish": finish}))


def _call(call: Call, index: int) -> Iterator[ModelDelta]:
    # No id: the engine makes one, as it must for servers that send none.
    yield ModelDelta(call_index=index, call_name=call.name, raw=_raw({"call": call.name}))
    for piece in _pieces(json.dumps(call.arguments, ensure_ascii=False)):
        yield ModelDelta(call_index=index, call_arguments=piece, raw=_raw({"arguments": piece}))


def _pieces(text: str) -> list[str]:
    return _PIECE.findall(text)


def _raw(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _tokens(characters: int) -> int:
    return (characters + 3) // 4
