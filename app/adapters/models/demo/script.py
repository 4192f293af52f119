"""What the demo model says and does: from one view of a request to a list of acts. Pure, no chance, no clock."""

import json
import re
from typing import Any

from app.adapters.models.demo import language, memory
from app.adapters.models.demo.acts import Act, Break, Call, Say, Think
from app.adapters.models.demo.samples import MARKDOWN, long_text
from app.adapters.models.demo.view import Return, View
from app.domain.json_value import is_object

_TOOL = re.compile(r"^/tool(?:\s+(?P<name>[^\s{]+))?\s*(?P<arguments>.*)", re.MULTILINE | re.DOTALL)
_LONG = re.compile(r"^/long\b\s*(?P<words>\d*)", re.MULTILINE)
_COMMAND = re.compile(r"^/(?P<name>\w+)[ \t]*(?P<rest>.*)", re.MULTILINE)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|evening)|hallo|moin|servus|guten (?:tag|morgen|abend))\b", re.I
)
_HIT = re.compile(r"^\[(?P<when>[^\]]+)\] \w+: (?P<text>.*)$", re.MULTILINE)
_NOTHING = re.compile(r"^\W*(?:none|null|nothing|no (?:results|messages|matches|hits))\b", re.I)
_THANKS = re.compile(r"\b(?:thanks|thank you|danke)\b", re.I)
_WHO = re.compile(r"\b(?:who are you|what are you|are you (?:an? )?(?:ai|real|bot)|wer bist du)\b", re.I)

OPTIONS = (
    "- tell me your name, for example “My name is Brad, not Chad”\n"
    "- “Remember that I take my tea without milk”\n"
    "- “What do you know about me?”\n"
    "- “What did I say about tea?”\n"
    "- `/markdown`, `/think`, `/long 300`, `/tool name {json}` or `/fail`"
)
COMMANDS = (
    "- `/tool name {json}` calls a tool with exactly these arguments\n"
    "- `/long 300` streams that many words\n"
    "- `/think` shows reasoning before the reply\n"
    "- `/markdown` shows headings, a list, a table and code\n"
    "- `/fail` breaks off in the middle of a reply"
)


def acts_for(view: View) -> list[Act]:
    if view.returns:
        return _after_tools(view)
    if view.is_event:
        return [Say("I have read the event. As a scripted demo I take no action on events of my own accord.")]
    if view.said.lstrip().startswith("/"):
        return _command(view)
    return _conversation(view)


def _conversation(view: View) -> list[Act]:
    text = view.said
    if asked := language.asks_name(text):
        return memory.tell_name(view, asked)
    if asked := language.asks_memory(text):
        return memory.tell_all(view, asked)
    if searched := language.topic_searched(text):
        return _search(view, *searched)
    if fact := language.fact_said(text):
        named = language.name_said(fact[0])
        return memory.correct_name(view, named) if named else memory.remember(view, *fact)
    if named := language.name_said(text):
        return memory.correct_name(view, named)
    return [Say(_small_talk(view))]


def _search(view: View, topic: str, spoken: language.Language) -> list[Act]:
    if "conversation_search" not in view.tools:
        return [Say("I cannot search our conversation: the tool `conversation_search` is not attached to me.")]
    thought = f"They ask about “{topic}”. That may be further back than I can see, so I search our messages."
    only_theirs = {"roles": ["user"]} if "roles" in view.tools["conversation_search"].get("properties", {}) else {}
    return [Think(thought), Call("conversation_search", {"query": topic} | only_theirs)]


def _small_talk(view: View) -> str:
    name = memory.known_name(view)
    person = f", {name}" if name else ""
    if _WHO.search(view.said):
        return (
            "I am Vesta, a scripted demo: no AI, no network, only fixed rules. But the memory I use is real, "
            f"and so is every tool call you see. You can try:\n\n{OPTIONS}"
        )
    if _THANKS.search(view.said):
        return f"You are welcome{person}."
    if _GREETING.search(view.said):
        lead = f"Hello{person}! I am Vesta, a scripted demo: no AI answers here, but my memory is real."
        return f"{lead} You can try:\n\n{OPTIONS}"
    return (
        "I am only a scripted demo, so I have no good answer to that. With a model connected, your agent would. "
        f"What I can do, with real memory and real tools:\n\n{OPTIONS}"
    )


def _command(view: View) -> list[Act]:
    text = view.said.lstrip()
    found = _COMMAND.match(text)
    name, rest = (found["name"].lower(), found["rest"].strip()) if found else ("", "")
    match name:
        case "tool":
            return _call_by_hand(view, text)
        case "long":
            words = _LONG.match(text)
            return [Say(long_text(int(words["words"] or 300) if words else 300))]
        case "think":
            return [
                Think("The person wants to see how reasoning looks. First I think a little. Then I answer. "),
                Think("Nothing here needs a tool, so a plain reply will do."),
                Say(f"I thought about “{rest}” first." if rest else "I thought first, then I wrote this."),
            ]
        case "markdown":
            return [Say(MARKDOWN)]
        case "fail":
            return [Say("This reply is going to break off in the middle, just as if the model server had"), Break()]
        case _:
            return [Say(f"These commands are built in:\n\n{COMMANDS}")]


def _call_by_hand(view: View, text: str) -> list[Act]:
    found = _TOOL.match(text)
    name = found["name"] if found else None
    names = ", ".join(f"`{known}`" for known in view.tools) or "none"
    if not found or not name:
        return [Say(f'Write `/tool name {{"argument": "value"}}`. My tools: {names}.')]
    if name not in view.tools:
        return [Say(f"I have no tool named `{name}`. My tools: {names}.")]
    arguments = _arguments(found["arguments"])
    if isinstance(arguments, str):
        return [
            Say(
                f"The arguments after `{name}` are not a JSON object ({arguments}). For example: {_example(view, name)}"
            )
        ]
    return [Think(f"I was asked to call {name} with exactly these arguments."), Call(name, arguments)]


def _arguments(text: str) -> dict[str, Any] | str:
    """The object, or why it is none."""
    if not text.strip():
        return {}
    try:
        value = json.loads(text)
    except json.JSONDecodeError as problem:
        return f"{problem.msg.lower()} at character {problem.pos + 1}"
    return value if is_object(value) else "it is valid JSON, but not an object"


def _example(view: View, name: str) -> str:
    properties = view.tools[name].get("properties", {})
    filled = {key: 1 if schema.get("type") in ("integer", "number") else "…" for key, schema in properties.items()}
    return f"`/tool {name} {json.dumps(filled, ensure_ascii=False)}`"


def _after_tools(view: View) -> list[Act]:
    last = view.returns[-1]
    if view.said.lstrip().startswith("/tool"):
        return [Say(_shown(last))]
    if last.failed:
        return [Say(f"That did not work. `{last.name}` answered:\n\n{_quoted(last.text)}")]
    if last.name == "conversation_search":
        return [Say(_hits(view, last))]
    return memory.confirm(view, last)


def _hits(view: View, answer: Return) -> str:
    """The search result without the question itself, which the search finds too."""
    topic = answer.arguments.get("query", "")
    question = " ".join(view.said.split())
    hits = [line for line in answer.text.splitlines() if (hit := _HIT.match(line)) and hit["text"] != question]
    if hits:
        lead = f"I searched our messages for “{topic}”. You said:"
        return lead + "\n\n" + "\n".join(_HIT.sub(r"- “\g<text>” (\g<when>)", hit) for hit in hits[:5])
    if _HIT.search(answer.text) or _NOTHING.search(answer.text):
        return f"I searched our messages for “{topic}” and found nothing but your question."
    return f"I searched our messages for “{topic}” and found this:\n\n{_quoted(answer.text)}"


def _shown(answer: Return) -> str:
    verb = "refused" if answer.failed else "answered"
    return f"`{answer.name}` {verb}:\n\n```\n{answer.text.strip() or '(nothing)'}\n```"


def _quoted(text: str, limit: int = 1500) -> str:
    text = text.strip()
    text = text if len(text) <= limit else text[:limit].rstrip() + " …"
    return "\n".join(f"> {line}" if line else ">" for line in text.splitlines())
