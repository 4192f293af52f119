"""Words that window and errors must not say again: translations of a thought, where English has a word of its own."""

import ast
import re
from pathlib import Path

import pytest

WINDOW = sorted(str(room) for room in Path("app/ui").iterdir() if room.is_dir() and any(room.glob("*.py")))
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


def texts_of(source: str) -> list[str]:
    """Every text that is given to a person: the arguments of `tr` and `translate`."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in ("tr", "translate"):
            found += [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return found


def wrong_in(text: str) -> list[str]:
    return [f"“{text}”: say {better}" for wrong, better in FORBIDDEN.items() if re.search(wrong, text, re.IGNORECASE)]


def sentences_of(source: str) -> list[str]:
    """Every string of three words or more that is no docstring: errors, hints and notices are among them."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs)
    return [node.value for node in strings if isinstance(node.value, str) and node.value.count(" ") > 1]


def test_the_window_says_it_in_plain_english() -> None:
    modules = [module for room in WINDOW for module in sorted(Path(room).rglob("*.py"))]
    texts = [
        text for module in (*modules, Path("app/ui/application.py")) for text in texts_of(module.read_text("utf-8"))
    ]
    assert len(texts) > 800, "texts were not found, so nothing was looked at"
    assert [wrong for text in texts for wrong in wrong_in(text)] == []


@pytest.mark.parametrize("room", SPOKEN)
def test_errors_say_it_in_plain_english(room: str) -> None:
    modules = [module for module in sorted(Path(room).rglob("*.py")) if "demo" not in module.parts]
    texts = [text for module in modules for text in sentences_of(module.read_text("utf-8"))]
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
