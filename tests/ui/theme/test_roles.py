"""Every text role that is named in the window exists: a wrong one would fail only where it is first shown."""

import ast
from pathlib import Path

from app.ui.theme.fonts import ROLES
from tests.support.guards.source import ROOT

LABELS = {"Label", "ElidedLabel", "FewLines"}


def named_roles(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        place = 2 if name in LABELS else 0 if name == "font" else None
        if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
            found.add(str(node.args[place].value))
    return found


def test_every_named_role_exists() -> None:
    wrong = {
        f"{path.name}: {role}"
        for path in (ROOT / "app" / "ui").rglob("*.py")
        for role in named_roles(path)
        if role not in ROLES
    }
    assert wrong == set()
