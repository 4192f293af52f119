"""Makes texts about tags, and replies out of which tags leaked. The same seed makes the same texts.

About tags: sentences in several languages, lists, tables, quotations, fences of several lengths and two kinds, indented
code, whole little articles. Leaks: as the templates of Hermes, Qwen, Llama, Mistral, DeepSeek, Gemma and harmony make
them.
"""

import json
import random
from dataclasses import dataclass

TOOLS = ("memory_replace", "memory_insert", "conversation_search")

TAGS = (
    *("<think>", "</think>", "<tool_call>", "</tool_call>", "[INST]", "[/INST]", "</s>", "<|im_start|>", "<|im_end|>"),
    *("<|eot_id|>", "<|python_tag|>", "[TOOL_CALLS]", "<｜tool▁calls▁begin｜>", "<|channel|>analysis", "<|message|>"),
    *("<|start_header_id|>", "<|end_header_id|>", "<end_of_turn>", "<start_of_turn>", "<function=", "[THINK]", "<eos>"),
    *("<|return|>", "<|call|>", "<tool_response>", "<｜end▁of▁sentence｜>", "to=functions.", "<seed:think>", "<pad>"),
)
SENTENCES = (
    "Hermes models begin a call with {a} and then write JSON. Qwen too.",
    "Qwen closes its thoughts with {a} and then answers.",
    "Llama wraps a request in {a} and {b}, ends with {c}",
    "The template puts {a} before the first word; {b} comes after the last one.",
    "You asked about {a}: it opens a block, and {b} closes it.",
    "Some servers leak {a}, others {b}.",
    "When a model writes {a} twice, the parser is confused.",
    'The tag "{a}" is a special token, just like “{b}”.',
    "Between ({a}) and ({b}) stands the name of the tool.",
    "**{a}** starts it and **{b}** ends it.",
    "{a} is what the model writes first.",
    "{a} and {b} belong together.",
    "{a}: the beginning. {b}: the end.",
    "Das Modell schreibt {a} vor seinen Gedanken und {b} danach.",
    "El modelo escribe {a} antes de pensar y {b} después.",
    "模型先写{a}标签，然后写{b}标签，最后回答。",
    "「{a}」と「{b}」はタグです。",
    "Is it {a} or {b}? I think it is {a}.",
    "In a prompt, {a} tokens cost one token each, {b} as well.",
    "I would not print {a} to the user, nor {b}.",
    "Le modèle ouvre avec {a} et ferme avec {b}.",
)
OPENINGS = ("", "", "Sure! ", "Good question.\n\n", "Here is how it works:\n\n", "In short, ")
CLOSINGS = ("", "", " That is all.", "\n\nDo you want an example?", "\n\nLet me know if that helps!")
SAMPLE = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'
ARTICLES = (
    f"A call of Hermes looks like this:\n\n{SAMPLE}\n\nThe server answers with {{a}} and the result.",
    "ChatML writes every turn so:\n\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi<|im_end|>\n\n"
    "That is why {a} must never reach the user.",
    "Reasoning models write\n\n    <think>\n    Let me see.\n    </think>\n\nbefore {a}.",
    "1. The model thinks: {a}\n2. It calls a tool: {b}\n3. It ends its turn: {c}",
    "A parser looks for {a} first.\nIf it is missing, it looks for {b}.\nOnly then for {c}.",
)


@dataclass(frozen=True)
class Leak:
    """A reply as it came, and what is in it."""

    raw: str
    text: str
    thinking: str = ""
    calls: int = 0
    thinks: bool = False
    """The model showed thoughts before."""


def about_tags(count: int, seed: int = 1) -> list[str]:
    dice = random.Random(seed)
    makers = (
        _sentence,
        _sentence,
        _article,
        _list_of_tags,
        _bullets,
        _table,
        _quote,
        _fence,
        _indented,
        _inline,
        _mixed,
    )
    return [makers[number % len(makers)](dice) for number in range(count)]


def _fill(dice: random.Random, pattern: str) -> str:
    a, b, c = dice.sample(TAGS, 3)
    return pattern.replace("{a}", a).replace("{b}", b).replace("{c}", c)


def _sentence(dice: random.Random) -> str:
    return dice.choice(OPENINGS) + _fill(dice, dice.choice(SENTENCES)) + dice.choice(CLOSINGS)


def _article(dice: random.Random) -> str:
    return dice.choice(OPENINGS) + _fill(dice, dice.choice(ARTICLES)) + dice.choice(CLOSINGS)


def _list_of_tags(dice: random.Random) -> str:
    tags = dice.sample(TAGS[:9], dice.randint(4, 7))
    first = dice.choice(("<think>", tags[0]))
    return "\n".join(dict.fromkeys((first, *tags))) + dice.choice(("", "\n", "\n\nThese are the most common ones."))


def _bullets(dice: random.Random) -> str:
    sign = dice.choice(("- ", "* ", "1. ", "• ", "+ "))
    shape = dice.choice(("{a}", "{a} – opens something", "Opened by {a}", "`{a}` or {b}", "{a}: see {b}"))
    lines = [sign + _fill(dice, shape) for _ in range(dice.randint(2, 5))]
    return dice.choice(OPENINGS) + "\n".join(lines) + dice.choice(CLOSINGS[:2] + CLOSINGS[3:])


def _table(dice: random.Random) -> str:
    rows = [f"| {_fill(dice, '{a}')} | {_fill(dice, '{a} … {b}')} |" for _ in range(dice.randint(2, 4))]
    return "| Open | Close |\n| --- | --- |\n" + "\n".join(rows) + dice.choice(("", "\n\nThat is the table."))


def _quote(dice: random.Random) -> str:
    return f"The manual says:\n\n> {_fill(dice, dice.choice(SENTENCES))}\n\nI agree."


def _fence(dice: random.Random) -> str:
    sign = dice.choice(("```", "````", "~~~", "`````", "~~~~"))
    inner = _fill(dice, "{a}\nsome text\n{b}")
    if len(sign) > 3 and dice.random() < 0.7:
        inner = f"{sign[:3]}python\nprint('x')\n{sign[:3]}\n{inner}"
    indent = dice.choice(("", "", "  "))
    body = f"{indent}{sign}{dice.choice(('', 'xml', 'text'))}\n{inner}\n{indent}{sign}"
    return dice.choice(OPENINGS[2:5]) + "\n" + body + "\n\n" + _fill(dice, "So {a} comes first.")


def _indented(dice: random.Random) -> str:
    return "The raw prompt is:\n\n" + "\n".join("    " + tag for tag in dice.sample(TAGS, 3)) + "\n\nand no more."


def _inline(dice: random.Random) -> str:
    ticks = dice.choice(("`", "``"))
    return _fill(dice, f"Write {ticks}{{a}}{ticks} first and {ticks}{{b}} … {{c}}{ticks} then. Not {{a}}.")


def _mixed(dice: random.Random) -> str:
    return "\n\n".join(dice.choice((_sentence, _bullets, _table, _fence))(dice) for _ in range(3))


ANSWERS = (
    "Hello Brad!",
    "I changed it.\n\n- one\n- two",
    "1 < 2, and a[0] is [INFO].",
    "Ja, gern: morgen um 8 Uhr.",
    "你好！今天怎么样？",
    "It is done. 🎉",
    "```python\nprint('hi')\n```\nThat prints hi.",
    "| a | b |\n| - | - |\n| 1 | 2 |",
    "hello, how are you",
)
THOUGHTS = (
    "The user greets me.",
    "okay, they want `<think>` explained\nI will answer briefly.",
    "Let me see.\n\n1. Their name is Brad.\n2. They like tea.",
    "用户在打招呼。",
)
GIVEN = {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."}


def leaks(count: int, seed: int = 2) -> list[Leak]:
    dice = random.Random(seed)
    makers = (_end_mark, _turn, _start, _thought, _lone_end, _hermes, _qwen_coder, _llama, _mistral, _deepseek, _gemma)
    makers += (_harmony, _harmony_call, _glm, _thought_and_call, _late_thought)
    return [makers[number % len(makers)](dice) for number in range(count)]


def _answer(dice: random.Random) -> str:
    return dice.choice(ANSWERS)


def _end_mark(dice: random.Random) -> Leak:
    ends = (
        "<|im_end|>",
        "<|eot_id|>",
        "</s>",
        "<end_of_turn>",
        "<｜end▁of▁sentence｜>",
        "<|return|>",
        "<|endoftext|>",
        "<eos>",
    )
    said = _answer(dice)
    return Leak(said + dice.choice(("", "\n", "\n\n")) + dice.choice(ends) + dice.choice(("", "\n")), said)


def _turn(dice: random.Random) -> Leak:
    said = _answer(dice)
    ends = (
        "<|im_end|>\n<|im_start|>assistant\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        "<end_of_turn>\n<start_of_turn>model\n",
    )
    return Leak(said + dice.choice(ends), said)


def _start(dice: random.Random) -> Leak:
    said = _answer(dice)
    begins = (
        "<|im_start|>assistant\n",
        "<start_of_turn>model\n",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|start|>assistant<|channel|>final<|message|>",
        "[/INST]\n",
    )
    return Leak(dice.choice(begins) + said, said)


def _thought(dice: random.Random) -> Leak:
    thought, said = dice.choice(THOUGHTS), _answer(dice)
    shapes = (
        "<think>\n{t}\n</think>\n\n{s}",
        "<think>{t}</think>\n{s}",
        "[THINK]{t}[/THINK]\n\n{s}",
        "\n<thinking>\n{t}\n</thinking>\n{s}<|im_end|>",
        "<seed:think>\n{t}\n</seed:think>\n{s}",
        "<|START_THINKING|>{t}<|END_THINKING|>\n{s}",
        "<think>\n\n</think>\n\n{s}",
    )
    shape = dice.choice(shapes)
    raw = shape.replace("{t}", thought).replace("{s}", said)
    return Leak(raw, said, thought if "{t}" in shape else "")


def _lone_end(dice: random.Random) -> Leak:
    thought, said = dice.choice(THOUGHTS), _answer(dice)
    shape = dice.choice(("{t}\n</think>\n\n{s}", "{t}\n\n</think>\n{s}", "{t}</think>\n\n{s}"))
    return Leak(shape.replace("{t}", thought).replace("{s}", said), said, thought, thinks=dice.random() < 0.5)


def _with_call(dice: random.Random, call: str) -> Leak:
    before = dice.choice(("", "I will correct that.\n", "One moment. ", "Sure:\n\n"))
    return Leak(before + call, before.strip(), calls=1)


def _hermes(dice: random.Random) -> Leak:
    body = json.dumps({"name": dice.choice(TOOLS), "arguments": GIVEN})
    shape = dice.choice(("<tool_call>\n{b}\n</tool_call>", "<tool_call>{b}</tool_call><|im_end|>", "<tool_call>\n{b}"))
    return _with_call(dice, shape.replace("{b}", body))


def _qwen_coder(dice: random.Random) -> Leak:
    xml = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in GIVEN.items())
    shape = dice.choice(
        (
            "<tool_call>\n<function=memory_replace>\n{x}</function>\n</tool_call>",
            "<function=memory_replace>\n{x}</function>",
        )
    )
    return _with_call(dice, shape.replace("{x}", xml))


def _llama(dice: random.Random) -> Leak:
    body = json.dumps({"name": "memory_replace", "parameters": GIVEN})
    shape = dice.choice(("<|python_tag|>{b}<|eom_id|>", "<|python_tag|>{b}", "<function=memory_replace>{g}</function>"))
    return _with_call(dice, shape.replace("{b}", body).replace("{g}", json.dumps(GIVEN)))


def _mistral(dice: random.Random) -> Leak:
    given = json.dumps(GIVEN)
    old = json.dumps([{"name": "memory_replace", "arguments": GIVEN, "id": "a1b2c3d4e"}])
    shape = dice.choice(
        ("[TOOL_CALLS] {o}</s>", "[TOOL_CALLS]memory_replace[ARGS]{g}", "[TOOL_CALLS]memory_replace{g}")
    )
    return _with_call(dice, shape.replace("{o}", old).replace("{g}", given))


def _deepseek(dice: random.Random) -> Leak:
    given = json.dumps(GIVEN)
    call = (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>memory_replace\n```json\n"
        f"{given}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>"
    )
    return _with_call(dice, call)


def _gemma(dice: random.Random) -> Leak:
    keyed = "{" + ",".join(f'{key}:<|"|>{value}<|"|>' for key, value in GIVEN.items()) + "}"
    return _with_call(dice, f"<|tool_call>call:memory_replace{keyed}<tool_call|>")


def _harmony(dice: random.Random) -> Leak:
    thought, said = dice.choice(THOUGHTS), _answer(dice)
    shapes = (
        "<|channel|>analysis<|message|>{t}<|end|><|start|>assistant<|channel|>final<|message|>{s}<|return|>",
        "<|channel|>analysis<|message|>{t}<|end|>\n<|start|>assistant<|channel|>final<|message|>{s}",
        "<|start|>assistant<|channel|>analysis<|message|>{t}<|end|><|start|>assistant<|channel|>final<|message|>{s}",
        "<|channel>thought\n{t}<channel|>{s}",
    )
    return Leak(dice.choice(shapes).replace("{t}", thought).replace("{s}", said), said, thought)


def _harmony_call(dice: random.Random) -> Leak:
    given = json.dumps(GIVEN)
    thought = dice.choice(THOUGHTS)
    shapes = (
        "<|channel|>commentary to=functions.memory_replace <|constrain|>json<|message|>{g}<|call|>",
        "<|channel|>analysis<|message|>{t}<|end|><|start|>assistant<|channel|>commentary to=functions.memory_replace "
        "<|constrain|>json<|message|>{g}<|call|>",
    )
    shape = dice.choice(shapes)
    raw = shape.replace("{g}", given).replace("{t}", thought)
    return Leak(raw, "", thought if "{t}" in shape else "", calls=1)


def _glm(dice: random.Random) -> Leak:
    pairs = "\n".join(f"<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>" for key, value in GIVEN.items())
    return _with_call(dice, f"<tool_call>memory_replace\n{pairs}\n</tool_call>")


def _thought_and_call(dice: random.Random) -> Leak:
    thought = dice.choice(THOUGHTS)
    call = _hermes(dice)
    head = dice.choice(("<think>\n{t}\n</think>\n\n", "{t}\n</think>\n\n", "<think>{t}</think>")).replace(
        "{t}", thought
    )
    return Leak(head + call.raw, call.text, thought, calls=1)


def _late_thought(dice: random.Random) -> Leak:
    """A second thought after words, of a model that is known to think."""
    thought, said = dice.choice(THOUGHTS), _answer(dice)
    raw = f"Let me look.\n<think>\n{thought}\n</think>\n{said}"
    return Leak(raw, f"Let me look.\n\n{said}", thought, thinks=True)
