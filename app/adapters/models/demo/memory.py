"""The demo model's use of memory: which tool with which arguments, and how it tells the result."""

import re
from typing import Any

from app.adapters.models.demo import language
from app.adapters.models.demo.acts import Act, Call, Say, Think
from app.adapters.models.demo.language import Language, NameSaid
from app.adapters.models.demo.view import Return, View

ABOUT_PERSON = ("human", "user", "person", "about_user", "about_me")
REPLACING = ("memory_replace", "core_memory_replace")
INSERTING = ("memory_insert", "core_memory_append")


def correct_name(view: View, named: NameSaid) -> list[Act]:
    label = _label(view, named.old)
    if not label:
        return _no_block(named.language)
    text = view.blocks[label]
    if stated := language.name_in(text):
        if stated["name"] == named.new:
            return [
                Say(
                    _said(named.language, f"That is how I have it: {named.new}.", f"So steht es schon da: {named.new}.")
                )
            ]
        new = (
            text[stated.start("statement") : stated.start("name")]
            + named.new
            + text[stated.end("name") : stated.end("statement")]
        )
        old = stated["statement"]
    elif named.old and (line := _line_with(text, named.old)):
        old, new = line, re.sub(rf"\b{re.escape(named.old)}\b", named.new, line)
    else:
        return _insert(view, label, f"Name: {named.new}.", f"They are called {named.new}. I did not know a name yet.")
    thought = f"The block “{label}” says “{old}”, but they are called {named.new}. I correct it."
    return _replace(view, label, old, new, thought)


def remember(view: View, fact: str, spoken: Language) -> list[Act]:
    label = _label(view)
    if not label:
        return _no_block(spoken)
    if fact in view.blocks[label]:
        return [Say(_said(spoken, "I already have that in memory.", "Das steht schon in meinem Gedächtnis."))]
    german = f"Bat mich, mir zu merken{',' if fact.startswith('dass ') else ':'} {fact}"
    note = _said(spoken, f"Asked me to remember: {fact}", german)
    return _insert(view, label, note, f"They ask me to keep this: “{fact}” It belongs in the block “{label}”.")


def tell_name(view: View, spoken: Language) -> list[Act]:
    name = known_name(view)
    if not name:
        return [
            Say(
                _said(
                    spoken,
                    "I do not know your name yet. Tell me!",
                    "Ich kenne deinen Namen noch nicht. Verrätst du ihn mir?",
                )
            )
        ]
    return [Say(_said(spoken, f"Your name is {name}.", f"Du heißt {name}."))]


def tell_all(view: View, spoken: Language) -> list[Act]:
    label = _label(view)
    text = view.blocks.get(label, "").strip()
    if not text:
        return [
            Say(
                _said(
                    spoken,
                    "Nothing yet. My memory about you is empty.",
                    "Noch nichts. Mein Gedächtnis über dich ist leer.",
                )
            )
        ]
    quoted = "\n".join(f"> {line}" if line else ">" for line in text.splitlines())
    lead = _said(spoken, f"This is all I know, from the block “{label}”:", f"Das ist alles, aus dem Block „{label}“:")
    return [Say(f"{lead}\n\n{quoted}")]


def known_name(view: View) -> str:
    stated = language.name_in(view.blocks.get(_label(view), ""))
    return stated["name"] if stated else ""


def confirm(view: View, done: Return) -> list[Act]:
    """What to say after a memory tool succeeded."""
    label, old, new = _label_of(done), _given(done, "old"), _given(done, "new", "content")
    fact = language.fact_said(view.said)
    named = language.name_said(fact[0] if fact else view.said)
    if named:
        return [Say(_told_name(done, named, old, new))]
    if fact and done.name in INSERTING:
        english = f"I will remember that. It is in my memory block “{label}” now: {fact[0]}"
        return [Say(_said(fact[1], english, f"Das merke ich mir. Im Block „{label}“ steht jetzt: {new}"))]
    return [Say(f"`{done.name}` answered: {done.text.strip() or '(nothing)'}")]


def _told_name(done: Return, named: NameSaid, old: str, new: str) -> str:
    if done.name in REPLACING:
        english = f"Thank you, {named.new}. I changed “{old}” to “{new}” in my memory."
        return _said(
            named.language, english, f"Danke, {named.new}. Statt „{old}“ steht jetzt „{new}“ in meinem Gedächtnis."
        )
    english = f"Nice to meet you, {named.new}. I have noted your name."
    return _said(named.language, english, f"Schön, dich kennenzulernen, {named.new}. Deinen Namen habe ich notiert.")


def _label(view: View, mentioned: str = "") -> str:
    """The block about the person; else the one that mentions a word; else none."""
    for label in ABOUT_PERSON:
        if label in view.blocks:
            return label
    return next((label for label, text in view.blocks.items() if mentioned and mentioned in text), "")


def _line_with(text: str, word: str) -> str:
    found = re.search(rf"^.*\b{re.escape(word)}\b.*$", text, re.MULTILINE)
    return found[0] if found else ""


def _replace(view: View, label: str, old: str, new: str, thought: str) -> list[Act]:
    return _change(view, REPLACING, {"label": label, "old": old, "new": new}, thought)


def _insert(view: View, label: str, new: str, thought: str) -> list[Act]:
    return _change(view, INSERTING, {"label": label, "new": new}, thought)


def _change(view: View, names: tuple[str, ...], values: dict[str, str], thought: str) -> list[Act]:
    name = next((name for name in names if name in view.tools), "")
    if not name:
        lead = "I would change my memory now, but no tool for that is attached to me."
        return [Say(f"{lead} Attach `{names[0]}` and tell me again.")]
    return [Think(thought), Call(name, _arguments(view.tools[name], values))]


def _arguments(schema: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """Values under the schema's own names: the new text may be `new_string`, `new_str`, `new_content` or `content`."""
    chosen: dict[str, Any] = {}
    for name in schema.get("properties", {}):
        meaning = _meaning(name)
        if meaning in values:
            chosen[name] = values[meaning]
    return chosen


def _meaning(argument: str) -> str:
    if argument.endswith("label"):
        return "label"
    return "new" if argument == "content" else argument.partition("_")[0]


def _label_of(done: Return) -> str:
    return next((str(value) for name, value in done.arguments.items() if name.endswith("label")), "memory")


def _given(done: Return, *starts: str) -> str:
    return next((str(value) for name, value in done.arguments.items() if name.startswith(starts)), "")


def _no_block(spoken: Language) -> list[Act]:
    english = "I have no memory block about you to note that in. Add a block named “human” and tell me again."
    german = "Mir fehlt ein Block über dich. Lege einen Block „human“ an und sag es mir noch einmal."
    return [Say(_said(spoken, english, german))]


def _said(spoken: Language, english: str, german: str) -> str:
    return german if spoken == "de" else english
