"""Every rule about the source finds what it forbids: shown on a small tree that breaks it, and it alone."""

import subprocess
from pathlib import Path

import pytest

import tests.test_architecture as rules
import tests.test_words as words
from tests.support.guards.source import looking_at

LONG = "\n".join(["def long():", *["    pass"] * 61])
LAYERS = """
[tool.importlinter]
root_package = "app"
[[tool.importlinter.contracts]]
name = "inward"
type = "layers"
layers = ["app.engine", "app.domain"]
"""
# Split, so that the rules do not find them here.
MARK, HOME = "TO" + "DO", "/ho" + "me/jo/x"

BROKEN: list[tuple[str, dict[str, str], str]] = [
    ("imports_point_inward", {"pyproject.toml": LAYERS, "app/__init__.py": "", "app/engine/__init__.py": "",
                              "app/domain/__init__.py": "import app.engine"}, "app.domain -> app.engine"),
    ("only_the_application_takes_the_whole_window", {"app/ui/chat/x.py": "from app.ui.window.assembly import Assembly"},
     "take the two or three values"),
    ("the_window_loads_no_heavy_library", {"app/__init__.py": "", "app/ui/x.py": "import app.services",
                                           "app/services/__init__.py": ""}, "app/ui loads app.services"),
    ("pure_modules_import_nothing_of_the_world", {"app/domain/x.py": "import os"}, "may not import os"),
    ("domain_models_are_frozen", {"app/domain/x.py": "from pydantic import BaseModel"}, "build on app.domain.base"),
    ("coroutines_start_only_where_somebody_waits_for_them", {"app/ui/x.py": "asyncio.create_task(f())"},
     "create_task outside"),
    ("modules_are_short", {"app/x.py": "x = 1\n" * 601}, "601 lines"),
    ("functions_are_short", {"app/x.py": LONG}, "long has 62 lines"),
    ("functions_take_few_positional_arguments", {"app/x.py": "def f(a, b, c, d, e, f, g, h, i): ..."},
     "9 positional arguments"),
    ("modules_say_what_they_are_for", {"app/x.py": "x = 1"}, "begin with a docstring"),
    ("names_say_what_things_are", {"app/x.py": "class BlockManager: ..."}, "instead of manager"),
    ("names_say_what_things_are", {"app/x.py": "def read_v2(): ..."}, "instead of numbering"),
    ("nothing_is_left_open", {"app/x.py": f"x = 1  # {MARK}: more"}, "finish it"),
    ("nothing_is_left_open", {"app/x.py": "raise NotImplementedError"}, "no stubs"),
    ("nothing_names_a_folder_of_one_machine", {"app/x.py": f"x = '{HOME}'"}, "a path of one machine"),
    ("nothing_names_a_folder_of_one_machine", {"README.md": HOME}, "README.md:1"),
    ("the_lock_file_names_only_the_public_registry", {"uv.lock": 'url = "https://mirror.example/x"'}, "mirror.example"),
    ("the_packaging_folder_does_not_shadow_a_library", {"packaging/__init__.py": ""}, "remove it"),
    ("what_another_room_imports_is_described", {"app/engine/x.py": "def f(): ...\nclass A: ...\nclass B: ...",
                                                "app/services/y.py": "from app.engine.x import f"}, "f is imported"),
    ("what_another_room_imports_is_described", 
     {"app/engine/x.py": "LIMIT = 3", "app/ui/y.py": "from app.engine.x import LIMIT"}, "LIMIT is imported"),
    ("methods_of_ports_are_described", {"app/ports/x.py": "class P(Protocol):\n    def get(self): ..."},
     "P.get is a contract"),
    ("numbers_of_the_engine_say_why_they_are_what_they_are", {"app/engine/x.py": "_MOST = 3 * 4"}, "_MOST: a doc"),
    ("services_keep_their_signatures_to_the_last_line_of_the_window", {"app/ui/x.py": "def f(services: Any): ..."},
     "services: Any is a guess"),
    ("services_are_passed_and_not_plucked", {"app/ui/x.py": "self._agents = view.services.agents"}, "is a copy"),
    ("no_nested_event_loop", {"app/ui/x.py": "dialog.exec()"}, "stops other coroutines"),
    ("no_web_engine_no_qml_no_undo_stack", {"app/ui/x.py": "from PySide6.QtQml import QQmlEngine"},
     "not part of the design"),
    ("colours_live_in_the_theme", {"app/ui/x.py": "x = '#ff0000'"}, "the colour '#ff0000'"),
    ("colours_live_in_the_theme", {"app/ui/x.py": "QColor(1, 2, 3)"}, "made of numbers"),
    ("colours_live_in_the_theme", {"app/ui/x.py": "Qt.GlobalColor.red"}, "Qt's colour red"),
    ("the_style_template_names_tokens_only", {"resources/theme.qss": "QLabel { color: #fff; }"}, "instead of a token"),
    ("widgets_are_styled_by_the_theme", {"app/ui/x.py": "w.setStyleSheet('')"}, "setStyleSheet on a widget"),
    ("tooltips_go_through_the_one_place_that_keeps_them_plain", {"app/ui/x.py": "w.setToolTip(name)"}, "as HTML"),
    ("command_ids_and_shortcuts_are_unique", {"app/ui/x.py": "Command('a', 't', f)\nCommand('a', 'u', g)"},
     "already taken"),
    ("command_ids_and_shortcuts_are_unique",
     {"app/ui/x.py": "Command('a', 't', f, ('Ctrl+K',))\nCommand('b', 'u', g, ('Ctrl+K',))"},
     "shortcut Ctrl\\+K is already taken"),
    ("icons_take_the_colour_of_their_text", {"resources/icons/x.svg": "<svg fill='#123456'/>"}, "currentColor only"),
    ("tests_wait_for_events_instead_of_sleeping", {"tests/x.py": "time.sleep(0.01)"}, "no sleeping"),
    ("tests_wait_for_events_instead_of_sleeping", {"tests/x.py": "qtbot.wait(5)"}, "no sleeping"),
    ("tests_wait_for_events_instead_of_sleeping", {"tests/x.py": "asyncio.sleep(1)"}, "no sleeping"),
    ("tests_replace_nothing_of_ours_by_mocks", {"tests/x.py": "from unittest.mock import Mock"}, "no mocks"),
    ("test_folders_are_no_packages", {"tests/rest/__init__.py": ""}, "remove it"),
    ("links_between_pages_lead_somewhere", {"README.md": "[a](gone.md)"}, "gone.md does not exist"),
    ("the_architecture_page_names_every_package", {"app/ARCHITECTURE.md": "", "app/attic/x.py": ""}, "app/attic/"),
    ("the_top_level_holds_what_it_is_said_to_hold", {"notes.txt": ""}, "notes.txt: it belongs"),
    ("the_tests_lie_beside_the_rooms_they_test", {"tests/attic/test_x.py": ""}, "there is no app/attic"),
    ("the_window_says_it_in_plain_english", {"app/ui/chat/x.py": "tr('Take it away')"}, "say Undo, Remove"),
    ("errors_say_it_in_plain_english", {"app/domain/x.py": "x = 'This is no file at all'"}, "say is not a"),
    ("private_words_do_not_come_back", {"app/x.py": "def open_bench(): ..."}, "open_bench"),
    ("private_words_do_not_come_back", {"app/x.py": "# The newest change can be taken back."}, "taken back"),
    ("what_the_engine_works_with_is_called_deps", {"app/x.py": "def f(ports: EngineDeps): ..."}, "call it deps"),
]  # fmt: skip
"""The rule (without `test_`), the files of the tree, and part of what it says. Files not named here are missing."""

ONE_BY_ONE = {
    "test_no_modules_import_each_other_in_a_circle": "needs an installed package; `_circles` is tried below",
    "test_what_was_said_once_is_found": "is itself what shows that forbidden words are found",
}


@pytest.mark.parametrize(("rule", "files", "said"), BROKEN)
def test_a_tree_that_breaks_a_rule_is_found(rule: str, files: dict[str, str], said: str, tmp_path: Path) -> None:
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    if rule.startswith("the_top_level"):
        for step in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *step], cwd=tmp_path, check=True, timeout=20)
    with looking_at(tmp_path), pytest.raises((AssertionError, pytest.fail.Exception), match=said):
        _check(rule)


def _check(rule: str) -> None:
    match rule:
        case "links_between_pages_lead_somewhere":
            rules.test_links_between_pages_lead_somewhere("README.md")
        case "errors_say_it_in_plain_english":
            words.test_errors_say_it_in_plain_english("app/domain")
        case _:
            (vars(rules) | vars(words))[f"test_{rule}"]()


def test_modules_in_a_circle_are_named() -> None:
    known = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str]()}
    assert list(rules._circles(known)) == [
        "a is in a circle of imports: b",
        "b is in a circle of imports: c",
        "c is in a circle of imports: b",
    ]


def test_no_rule_is_left_out() -> None:
    shown = {f"test_{rule}" for rule, _, _ in BROKEN} | ONE_BY_ONE.keys()
    assert {name for place in (rules, words) for name in vars(place) if name.startswith("test_")} == shown
