"""The broken models of `broken_output` behind a scripted Ollama, which makes it worse: calls it cannot read vanish."""

import json

from tests.support.servers.broken_output import GIVEN, TOOL, BrokenModel
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import JsonObject, Reply
from tests.support.servers.serving import Exchange

UNFORCED = {"empty_reply", "repetition", "cut_call"}
"""What a model that nothing helps goes on doing inside the grammar of a JSON schema."""


class BrokenOllama(OllamaServer):
    """Many broken models on one server, found by their names."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.installed = []
        self._broken: dict[str, BrokenModel] = {}

    def add(self, model: BrokenModel) -> str:
        name = f"broken-{len(self._broken)}:latest"
        self._broken[name] = model
        self.installed.append(Installed(name))
        return name

    async def _reply(self, exchange: Exchange, body: JsonObject, model: Installed) -> None:
        broken = self._broken[model.name]
        forced = body.get("format") and not (broken.stubborn and UNFORCED & set(broken.kinds))
        self.queue(_in_json(body) if forced and not broken.healed else _native(broken.answer(_as_openai(body))))
        await super()._reply(exchange, body, model)


def _as_openai(body: JsonObject) -> JsonObject:
    """The request as the models of `broken_output` read it."""
    options = body["options"]
    like = {"messages": body["messages"], "tools": body.get("tools"), "max_tokens": options["num_predict"]}
    like["temperature"] = options.get("temperature", 0.7)
    return like | ({"chat_template_kwargs": {"enable_thinking": False}} if body.get("think") is False else {})


def _native(reply: Reply) -> Answer:
    if reply.calls and reply.finish == "length":
        return Answer(done_reason="length")  # all of it is lost with the cut call
    return Answer(text=reply.text, thinking=reply.reasoning, calls=reply.calls, done_reason=reply.finish)


def _in_json(body: JsonObject) -> Answer:
    """Inside the grammar every name exists, every argument fits and every quote is closed."""
    is_done = "[Result of" in str(body["messages"][-1]["content"])
    return Answer(text=json.dumps({"say": "Noted, Brad."} if is_done else {"tool": TOOL, "args": GIVEN}))
