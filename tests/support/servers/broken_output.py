"""Models that break their output in twenty ways, alone and mixed, over a real scripted server.

Each wants the same: correct the name in the block "human" from Chad to Brad. How it fails is made from a seed; it gets
better by what really helps such models: more room, no thinking, a higher temperature, an error that says what is wrong.

    with BrokenServer() as server:
        model = server.add(broken_model(seed=7))      # a name to use as `scripted/<name>`
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.support.servers.openai_replies import JsonObject, Reply, Scripted, ToolCall, text_of
from tests.support.servers.openai_server import OpenAIServer

TOOL = "memory_replace"
BEFORE, AFTER = "Name: Chad.\nLikes tea.", "Name: Brad.\nLikes tea."
GIVEN: JsonObject = {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."}
BASE_TOKENS = 512
"""The output limit that agents of these models begin with."""
STUBBORN = 0.03
"""Share of models that nothing helps."""

FORMS = (
    "call_hermes",
    "call_xml",
    "call_llama",
    "call_mistral",
    "call_fenced",
    "call_python",
    "call_gemma",
    "call_harmony",
    "call_in_thinking",
    "unclosed_think",
)
DAMAGES = ("bad_json", "wrong_name", "wrong_types", "leaked_tags", "same_call_again")
NEEDS_HELP = ("ghost_name", "missing_argument", "cut_call", "empty_reply", "repetition")
KINDS = (*FORMS, *DAMAGES, *NEEDS_HELP)


@dataclass
class BrokenModel:
    """One model: `kinds` is what it does wrong, all at once; `chance` decides every variant."""

    kinds: tuple[str, ...]
    chance: random.Random
    stubborn: bool = False
    healed: bool = False
    """True: it writes faultlessly from now on."""
    useless: int = field(default=0, init=False)
    """Replies in this turn that were no use on purpose."""
    repeated: int = field(default=0, init=False)

    def answer(self, body: JsonObject) -> Reply:
        last = body["messages"][-1]
        if self.healed:
            return self._say("Hello!")
        if last["role"] == "tool" and not text_of(last).startswith("Error"):
            return self._after_success(body, text_of(last))
        for kind in NEEDS_HELP:
            if kind in self.kinds and (reply := _HELPLESS[kind](self, body, text_of(last))) is not None:
                self.useless += 1
                return reply
        return self._call()

    def _after_success(self, body: JsonObject, said: str) -> Reply:
        told = "Already done" in said
        may_call = body.get("tools") and body.get("tool_choice") != "none"
        if "same_call_again" in self.kinds and may_call and not (told and self.repeated % 2):
            self.repeated += 1
            return self._call()
        return self._say(self.chance.choice(["Noted, Brad.", "Done: your name is Brad now.", "Gern, Brad — ß ✓."]))

    def _say(self, text: str) -> Reply:
        if "leaked_tags" not in self.kinds or self.healed:
            return Reply(text=text)
        leak = self.chance.choice(
            [
                "{}<|im_end|>",
                "{}<|eot_id|>",
                "{}</s>",
                "<think>They told me.</think>\n\n{}",
                "They told me so.\n</think>\n\n{}",
                "<|channel|>analysis<|message|>ok<|end|><|start|>assistant<|channel|>final<|message|>{}",
            ]
        )
        return Reply(text=leak.format(text))

    # The call

    def _call(self) -> Reply:
        arguments = self._arguments()
        name = self._name()
        text = self._json(arguments)
        form = next((kind for kind in self.kinds if kind in FORMS), None)
        if form is None:
            before = self.chance.choice(["", "<think>Fix the name.</think>\n"]) if "leaked_tags" in self.kinds else ""
            return Reply(text=before, calls=(ToolCall(name, text),))
        before = self.chance.choice(["", "", "I will correct that.\n", "One moment, please.\n\n"])
        reply = _FORMS[form](self, name, text, arguments)
        if reply.text and form != "unclosed_think":
            after = self.chance.choice(["", "<|im_end|>", "\n"]) if "leaked_tags" in self.kinds else ""
            reply = replace(reply, text=before + reply.text + after)
        return reply

    def _arguments(self) -> JsonObject:
        if "wrong_types" not in self.kinds:
            return GIVEN
        return self.chance.choice(
            [
                {**GIVEN, "request_heartbeat": True, "reason": "a correction"},
                {**GIVEN, "label": ["human"]},
                {"block_label": "human", "old_str": GIVEN["old_string"], "new_str": GIVEN["new_string"]},
                {"label": "human", "oldString": GIVEN["old_string"], "newString": GIVEN["new_string"]},
                {"label": "human", "old_content": GIVEN["old_string"], "new_content": GIVEN["new_string"]},
                {"arguments": GIVEN},
            ]
        )

    def _name(self) -> str:
        if "wrong_name" not in self.kinds:
            return TOOL
        names = ["Memory_Replace", "memory-replace", "memoryReplace", "functions.memory_replace", "memory_replce"]
        native = ["memory_replace<|channel|>commentary", "default_api:memory_replace"]
        formed = any(kind in FORMS for kind in self.kinds)
        return self.chance.choice(names[:4] if formed else names + native)

    def _json(self, arguments: JsonObject) -> str:
        text = json.dumps(arguments, ensure_ascii=False)
        if "bad_json" not in self.kinds:
            return text
        damages: list[Callable[[str], str]] = [
            lambda t: t[:-1] + ",}",
            lambda t: t.replace('"', "'"),
            lambda t: t.replace('": "', '": “').replace('", ', "”, ").replace('"}', "”}"),
            lambda t: t.replace('ad."', 'ad.\n"'),
            lambda t: t[:-1],
            lambda t: t + "}",
            lambda t: t.replace('"label"', "label").replace("true", "True"),
        ]
        if not any(kind in FORMS for kind in self.kinds):
            damages += [lambda t: json.dumps(t), lambda t: f"```json\n{t}\n```"]
        return self.chance.choice(damages)(text)


def _hermes(model: BrokenModel, name: str, text: str, _given: JsonObject) -> Reply:
    close = model.chance.choice(["\n</tool_call>", "</tool_call>", "", "\n</tool_call>\n"])
    key = model.chance.choice(["arguments", "parameters"])
    return Reply(text=f'<tool_call>\n{{"name": "{name}", "{key}": {text}}}{close}')


def _xml(model: BrokenModel, name: str, text: str, given: JsonObject) -> Reply:
    if "bad_json" in model.kinds or len(given) == 1:
        return Reply(text=f"<function={name}>{text}</function>")
    inner = "".join(f"<parameter={key}>\n{_plain(value)}\n</parameter>\n" for key, value in given.items())
    whole = f"<function={name}>\n{inner}</function>"
    return Reply(text=model.chance.choice([whole, f"<tool_call>\n{whole}\n</tool_call>"]))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _llama(model: BrokenModel, name: str, text: str, _given: JsonObject) -> Reply:
    call = f'{{"name": "{name}", "parameters": {text}}}'
    return Reply(text=model.chance.choice([call, f"<|python_tag|>{call}<|eom_id|>", f"<|python_tag|>{call}"]))


def _mistral(model: BrokenModel, name: str, text: str, _given: JsonObject) -> Reply:
    listed = f'[TOOL_CALLS][{{"name": "{name}", "arguments": {text}}}]'
    return Reply(text=model.chance.choice([listed, f"[TOOL_CALLS]{name}[ARGS]{text}", f"[TOOL_CALLS] {name}{text}"]))


def _fenced(model: BrokenModel, name: str, text: str, _given: JsonObject) -> Reply:
    key, word = model.chance.choice(["arguments", "parameters"]), model.chance.choice(["json", "", "tool_call"])
    return Reply(text=f'```{word}\n{{"name": "{name}", "{key}": {text}}}\n```')


def _python(model: BrokenModel, name: str, _text: str, given: JsonObject) -> Reply:
    name = name if name.replace(".", "_").isidentifier() else TOOL
    call = f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"
    return Reply(text=model.chance.choice([f"[{call}]", call, f"```tool_code\nprint({call})\n```"]))


def _gemma(model: BrokenModel, name: str, _text: str, given: JsonObject) -> Reply:
    pairs = ",".join(f'{key}:<|"|>{value}<|"|>' for key, value in given.items() if isinstance(value, str))
    if pairs.count(":<") < 3:
        pairs = ",".join(f'{key}:<|"|>{value}<|"|>' for key, value in GIVEN.items())
    call = f"call:{name.split('.')[-1]}{{{pairs}}}"
    return Reply(text=model.chance.choice([call, f"<|tool_call>{call}<tool_call|>"]))


def _harmony(model: BrokenModel, name: str, text: str, _given: JsonObject) -> Reply:
    call = f"to=functions.{name.split('.')[-1]} <|constrain|>json<|message|>{text}"
    lead = model.chance.choice(["<|channel|>commentary ", "<|start|>assistant<|channel|>commentary ", ""])
    return Reply(text=lead + call + model.chance.choice(["<|call|>", ""]))


def _in_thinking(model: BrokenModel, name: str, text: str, _given: JsonObject) -> Reply:
    call = f'<tool_call>\n{{"name": "{name}", "arguments": {text}}}\n</tool_call>'
    return Reply(reasoning=f"The name is wrong in my memory, so I call the tool.\n{call}")


def _unclosed(model: BrokenModel, name: str, text: str, _given: JsonObject) -> Reply:
    call = f'<tool_call>\n{{"name": "{name}", "arguments": {text}}}\n</tool_call>'
    return Reply(text=f"<think>\nThe name in my memory is wrong.\n{call}")


_FORMS: dict[str, Callable[[BrokenModel, str, str, JsonObject], Reply]] = dict(
    zip(
        FORMS,
        (_hermes, _xml, _llama, _mistral, _fenced, _python, _gemma, _harmony, _in_thinking, _unclosed),
        strict=True,
    )
)


# What needs help. Each returns None once the model was helped.


def _ghost(model: BrokenModel, _body: JsonObject, last: str) -> Reply | None:
    helped = "Your tools are" in last and not model.stubborn
    return None if helped else Reply(calls=(ToolCall("update_user_profile", {"name": "Brad"}),))


def _missing(model: BrokenModel, _body: JsonObject, last: str) -> Reply | None:
    helped = "Expected: memory_replace(" in last and not model.stubborn
    arguments = {"label": "human", "new_string": "Name: Brad."}
    return None if helped else Reply(calls=(ToolCall(TOOL, arguments),))


def _cut(model: BrokenModel, body: JsonObject, _last: str) -> Reply | None:
    helped = body["max_tokens"] >= BASE_TOKENS * 2 and not model.stubborn
    if helped:
        return None
    text = '{"label": "human", "old_str'
    if model.chance.random() < 0.5:
        return Reply(calls=(ToolCall(TOOL, text),), finish="length")
    return Reply(text=f'<tool_call>\n{{"name": "{TOOL}", "arguments": {text}', finish="length")


def _empty(model: BrokenModel, body: JsonObject, last: str) -> Reply | None:
    if model.stubborn:
        return Reply()
    if body.get("chat_template_kwargs") or "Answer or call" in last or (model.useless and model.chance.random() < 0.6):
        return None
    return Reply() if model.chance.random() < 0.7 else Reply(reasoning="Hm, what do they want? " * 3)


def _repetition(model: BrokenModel, body: JsonObject, _last: str) -> Reply | None:
    helped = body.get("temperature", 0.7) >= 0.85 and not model.stubborn
    unit = model.chance.choice(["Hello! ", "I will correct that. ", "The name is Brad. The name is not Chad. "])
    return None if helped else Reply(text=unit * 400, finish="length")


_HELPLESS: dict[str, Callable[[BrokenModel, JsonObject, str], Reply | None]] = dict(
    zip(NEEDS_HELP, (_ghost, _missing, _cut, _empty, _repetition), strict=True)
)


def broken_model(seed: int) -> BrokenModel:
    """Even seeds: one kind alone, each in turn. Odd ones: two or three kinds at once."""
    chance = random.Random(seed)
    stubborn = chance.random() < STUBBORN
    if seed % 2 == 0:
        return BrokenModel((KINDS[seed // 2 % len(KINDS)],), chance, stubborn)
    kinds = [chance.choice(FORMS), chance.choice(DAMAGES), *chance.sample(NEEDS_HELP, k=chance.randint(0, 1))]
    return BrokenModel(tuple(kinds), chance, stubborn)


class BrokenServer(OpenAIServer):
    """Many broken models on one server, found by their names."""

    def add(self, model: BrokenModel) -> str:
        name = f"broken-{len(self._broken)}"
        self._broken[name] = model
        return name

    def __post_init__(self) -> None:
        super().__post_init__()
        self._broken: dict[str, BrokenModel] = {}

    def _chat(self, body: JsonObject) -> Scripted:
        model = self._broken.get(body["model"])
        return model.answer(body) if model is not None else super()._chat(body)
