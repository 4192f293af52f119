"""An Ollama with a model that passes the fit test: it does what the tasks ask, by calls or by JSON."""

import json
import re
from typing import Any

from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import JsonObject, ToolCall

COUNTED = ", ".join(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"])


def good(asked: str, body: JsonObject) -> Answer:
    """Does what it is asked."""
    if body["messages"][-1]["role"] == "tool":
        returned = [one for one in body["messages"] if one["role"] == "tool"]
        if "coffee" in asked and len(returned) == 1:
            return Answer(calls=(_replace("plans", "Rome", "Oslo"),))
        return Answer(text="Done.")
    if "Count from" in asked:
        return Answer(text=COUNTED)
    if "dentist" in asked:
        arguments = {"label": "plans", "new_string": "Dentist on Tuesday."}
        return Answer(calls=(ToolCall("memory_insert", arguments),))
    if "Brad" in asked:
        return Answer(calls=(_replace("human", "Name: Chad.", "Name: Brad."),))
    if "coffee" in asked:
        return Answer(calls=(_replace("human", "tea", "coffee"),))
    return Answer(text="5")


def _replace(label: str, old: str, new: str) -> ToolCall:
    return ToolCall("memory_replace", {"label": label, "old_string": old, "new_string": new})


def by_json(asked: str, body: JsonObject) -> Answer:
    """The same without calls of its own: JSON text where it is enforced, else words."""
    if "format" not in body:
        return Answer(text=COUNTED if "Count from" in asked else "I would call a tool if I could.")
    results = [one for one in body["messages"] if "[Result of" in str(one["content"])]
    wanted = good(asked, {"messages": [*body["messages"][:-1], {"role": "tool" if results else "user"}]})
    if results and "coffee" in asked and len(results) == 1:
        wanted = Answer(calls=(_replace("plans", "Rome", "Oslo"),))
    elif results:
        wanted = Answer(text="Done.")
    call = wanted.calls[0] if wanted.calls else None
    said = {"tool": call.name, "args": call.arguments} if call else {"say": wanted.text}
    return Answer(text=json.dumps(said))


def able(asked: str, body: JsonObject) -> Answer:
    """Passes every task."""
    return by_json(asked, body) if "format" in body else good(asked, body)


class AbleOllama(OllamaServer):
    """An Ollama whose model answers by a function of what it was asked and the whole request.

    What a test has queued comes first.
    """

    brain: Any = staticmethod(able)
    pace: float = 0

    async def _reply(self, exchange: Any, body: JsonObject, model: Installed) -> None:
        if not self._queue:
            said = [str(one["content"]) for one in body["messages"] if one["role"] == "user"]
            asked = next((text for text in said if "[Result of" not in text), "")
            answer = self.brain(re.sub(r"^\[.*?\]\s*", "", asked), body)
            self.queue(Answer(**{**answer.__dict__, "tokens_per_second": self.pace}))
        await super()._reply(exchange, body, model)
