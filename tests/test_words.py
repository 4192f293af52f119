"""Words that window and errors must not say again: translations of a thought, where English has a word of its own."""

import ast
import re

import pytest

from tests.support.guards.source import files_in, words_of

SPOKEN = ("app/services", "app/rest", "app/adapters", "app/engine", "app/domain", "app/link", "app/terminal")
"""Rooms whose errors and notices people read as they are."""

FORBIDDEN = {
    r"\btak(e|es|en|ing) (it |them |this |that )?(back|away)\b|\btook back\b": "Undo, Remove",
    r"\b(bring|brings|brought) back\b|\bbrought it back\b": "Restore",
    r"\b(get|got|getting) (it |them )?again\b|\bgo on getting\b": "Download again, Resume",
    r"\bwas made\b|\bmade (this agent|block)\b": "was created, Created",
    r"\bis no (PNG|image|file)\b": "is not a",
    r"\bas the model likes\b": "The model’s default",
    r"\bis called so\b|\bif it stays so\b": "say what it is called, if it does not change",
    r"\b(keep at|take off) the top\b": "Pin, Unpin",
    r"\bmost steps\b": "Step limit",
    r"\bmostly ends\b": "Usually ends",
    r"\bmade a change\b.*\bagain\b": "Redid a change to",
    r"\bwhat waited\b": "The queued message",
    r"\bnothing left this computer\b": "Nothing has left this computer",
    r"\bthrow away\b": "Discard",
    r"\bbelongs? into\b": "belongs in",
    r"\bby that filter\b": "matches this filter",
    r"\bat the right\b": "on the right",
    r"\bany more\b": "no longer",
    r"\bis no (web|model handle|setting|proxy|address|JSON|database)\b": "is not a",
    r"\blook whether\b": "Check that",
    r"\bfault of its own\b|\bstumbled\b": "an internal error, could not read",
    r"\bif it stays\b": "If it keeps happening",
    r"\bit lies where\b|\bask(ed)? for none\b|\bnone is asked for\b": "Stored with, Turn off, No token needed",
    r"\btaken up again\b|\bgoes on where\b|\blet it go on\b": "resumed, resumes, continue",
    r"\bengine.{0,12} start(s|ing|ed)? again\b|\bstarts the engine anew\b": "restart",
    r"\bcut .{0,30} and said nothing\b": "without saying so",
    r"\bnone of (the )?two\b": "neither of the two",
    r"\bare called so\b|\bhas characters\b": "have this name, contains characters",
    r"\b(on the disk, and|but only) .{0,40} are free\b": "is free",
    r"\bwhole database\b.*\bits form\b|\bbecome as they were\b": "its format, return to how they were",
    r"\bmade for chatting\b|\bmakes vectors\b": "is not a chat model, creates embeddings",
    r"\bthey can finish\b.*\ba stopped one\b|\bfind nobody there\b": "one sentence for one, one for many",
    r"\bfault of Lares\b|\bmake(s)? room on\b": "a bug in Lares, free some space",
    r"\bthe engine of lares\b": "The Lares engine",
    r"\bwaits for (its turn|the reply|the test)\b": "Waiting for",
}
"""What is looked for, in any case, and what is said instead."""


def texts_of(tree: ast.Module) -> list[str]:
    """Every text that is given to a person: the arguments of `tr` and `translate`."""
    found: list[str] = []
    for node in ast.walk(tree):
        name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in ("tr", "translate"):
            found += [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return found


def wrong_in(text: str) -> list[str]:
    return [f"“{text}”: say {better}" for wrong, better in FORBIDDEN.items() if re.search(wrong, text, re.IGNORECASE)]


def sentences_of(tree: ast.Module) -> list[str]:
    """Every string of three words or more that is no docstring: errors, hints and notices are among them."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs)
    return [node.value for node in strings if isinstance(node.value, str) and node.value.count(" ") > 1]


def test_the_window_says_it_in_plain_english() -> None:
    texts = [text for source in files_in("app/ui/") for text in texts_of(source.tree)]
    assert [wrong for text in texts for wrong in wrong_in(text)] == []
    assert len(texts) > 800, "texts were not found, so nothing was looked at"


@pytest.mark.parametrize("room", SPOKEN)
def test_errors_say_it_in_plain_english(room: str) -> None:
    texts = [
        text for source in files_in(f"{room}/") if "/demo/" not in source.name for text in sentences_of(source.tree)
    ]
    assert texts, "no sentence was found, so nothing was looked at"
    assert [wrong for text in texts for wrong in wrong_in(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Take away {}",
        "The change was taken back",
        "Get it again, {}",
        "“{0}” is no PNG, JPEG",
        "Keep at the top",
        "This run does not exist any more.",
        "The engine is starting again",
        "Look whether the server runs.",
        "ollama cut the last request and said nothing",
    ],
)
def test_what_was_said_once_is_found(text: str) -> None:
    assert wrong_in(text)


# Words of the code

PRIVATE_NAMES = {
    "bench": "trial", "desk": "context", "errand": "plan", "hopeless": "give_up", "shelf": "catalog, cache",
    "slips": "bad_replies", "errands": "plans", "margins": "blanks",
}  # fmt: skip
"""Words of names that only their author understood, and what is said instead."""
PRIVATE_PHRASES = re.compile(
    r"\b(tak(e|es|en|ing)|took) (it |them |this |that |these |this one )?back\b|_(take|taken|taking|took)_back\b", re.I
)
"""In comments, docstrings and names: it is undone."""


def test_private_words_do_not_come_back() -> None:
    sources = files_in("app/")
    found = [
        source.at(node, f"{name}: say {', '.join(PRIVATE_NAMES[word] for word in said)}")
        for source in sources
        if any(word in source.text.casefold() for word in PRIVATE_NAMES)
        for node, name in source.named()
        if (said := sorted(PRIVATE_NAMES.keys() & set(words_of(name))))
    ]
    found += [
        f"{source.name}:{number}: {line.strip()}: say undo"
        for source in sources
        for number, line in enumerate(source.text.splitlines(), 1)
        if PRIVATE_PHRASES.search(line)
    ]
    assert found == []


def test_what_the_engine_works_with_is_called_deps() -> None:
    """`ports` are the protocols; the value that holds them, and more, is `EngineDeps`."""
    found = [
        source.at(node, f"{node.arg} holds EngineDeps: call it deps")
        for source in files_in("app/", "tests/")
        if "EngineDeps" in source.text
        for node in source.nodes
        if isinstance(node, ast.arg) and node.annotation is not None and node.arg != "deps"
        if ast.unparse(node.annotation).strip("'\"") == "EngineDeps"
    ]
    assert found == []
