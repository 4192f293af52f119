"""Words that the window must not say again: translations of a thought, where English has a word of its own."""

import ast
import re
from pathlib import Path

import pytest

ROOMS = ("kit", "context", "models", "agents", "memory", "chat")
"""Rooms of the window whose texts were read once by a native eye."""
ENGINE_ROOMS = ("engine", "adapters", "services", "rest", "link", "terminal", "domain")
"""Rooms whose sentences reach a person as errors, hints and lines of the terminal."""

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


def sentences_of(source: str) -> list[str]:
    """Every text of several words outside of docstrings: what errors say, and what the terminal prints."""
    tree = ast.parse(source)
    notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in notes)
    return [node.value for node in texts if isinstance(node.value, str) and " " in node.value]


def wrong_in(text: str) -> list[str]:
    return [f"“{text}”: say {better}" for wrong, better in FORBIDDEN.items() if re.search(wrong, text, re.IGNORECASE)]


@pytest.mark.parametrize("room", ROOMS)
def test_the_window_says_it_in_plain_english(room: str) -> None:
    modules = sorted(Path("app/ui", room).rglob("*.py"))
    texts = [text for module in modules for text in texts_of(module.read_text(encoding="utf-8"))]
    assert texts, "no text was found, so nothing was looked at"
    assert [wrong for text in texts for wrong in wrong_in(text)] == []


@pytest.mark.parametrize("room", ENGINE_ROOMS)
def test_errors_and_the_terminal_say_it_in_plain_english(room: str) -> None:
    modules = [module for module in sorted(Path("app", room).rglob("*.py")) if "migrations" not in module.parts]
    texts = [text for module in modules for text in sentences_of(module.read_text(encoding="utf-8"))]
    assert texts, "no text was found, so nothing was looked at"
    assert [wrong for text in texts for wrong in wrong_in(text)] == []


@pytest.mark.parametrize(
    "text",
    ["Take away {}", "The change was taken back", "Get it again, {}", "“{0}” is no PNG, JPEG", "Keep at the top"],
)
def test_what_was_said_once_is_found(text: str) -> None:
    assert wrong_in(text)
