"""The studio: a tool is written from the template, a fault is named and mended, tried, saved, given to the agent."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.domain.page import ToolFilter
from app.domain.tool import Tool
from app.ui.tools.page import ToolsPage
from app.ui.tools.tool_list import ToolRow
from tests.support.window.looks import nameless
from tests.support.window.opened_window import OpenedWindow

Wait = Callable[..., Any]

SOURCE = '''from typing import Literal

def pantry_stock(item: str, unit: Literal["g", "ml"] = "g", low: int = 0) -> dict:
    """Say how much of an item is in the pantry.

    Args:
        item: What to look for, singular.
        unit: The unit to answer in.
        low: Warn when less than this is left.
    """
    print("looked for", item)
    open("note.txt", "w").write(item)
    return {"amount": 840 if item == "rice" else 0, "unit": unit, "low": low}
'''


async def opened(window: OpenedWindow) -> ToolsPage:
    window.view.show_tab("tools")
    page = window.view.centre.page_named("tool studio")
    assert isinstance(page, ToolsPage)
    await window.until(lambda: page.list.rows and page.trial.form._entries, "the page never got ready")
    return page


async def allowed(window: OpenedWindow, page: ToolsPage) -> None:
    """A person lets the tool use the network, a folder, and a key of its own."""
    access = page.access
    page.to_access.click()
    assert access.isVisible()
    assert nameless(access) == []

    async def known() -> Tool:
        return (await window.services.tools.list(ToolFilter(names=("pantry_stock",))))[0]

    async def until(met: Callable[[Tool], bool], why: str) -> None:
        async def holds() -> bool:
            return met(await known())

        await window.until(holds, why)

    access.network.click()
    await until(lambda tool: tool.access.network, "the network stayed off")
    access.others.click()
    await until(lambda tool: tool.access.other_agents, "it may not use other agents")
    access.give_folder(str(Path.home()))
    await until(lambda tool: bool(tool.access.folders), "the folder was not given")
    await window.until(lambda: access._folders.count() == 1, "the folder is not shown")
    access.give_folder("notes")
    toasts = window.view.view.toasts
    await window.until(lambda: toasts.toasts, "nobody said why that is no folder")
    access.packages.setText("https://example.org/evil.whl")
    access.keep_packages.click()
    await window.until(lambda: len(toasts.toasts) > 1, "an address was taken for a package")
    access.packages.setText("lares-sample == 1.0")
    access.keep_packages.click()
    await until(lambda tool: [one.told for one in tool.pip_requirements] == ["lares-sample==1.0"], "not required")
    await window.until(lambda: not access.install.isHidden(), "nothing offers to install it")
    access.packages.clear()
    access.keep_packages.click()
    await until(lambda tool: tool.pip_requirements == (), "still required")
    access.variables.name.setText("API_KEY")
    access.variables.value.setText("s3cret")
    QTest.keyClick(access.variables.value, Qt.Key.Key_Return)
    await until(lambda tool: tool.secret_names == ("API_KEY",), "the variable was not kept")
    await window.until(lambda: access.variables.value.text() == "", "the value is still shown")
    if where := os.environ.get("LARES_TEST_PICTURES"):
        await window.rest()
        window.window.grab().save(f"{where}/access.png")
    access.back.click()
    assert page.panes.isVisible()


async def costs_are_seen(page: ToolsPage, window: OpenedWindow) -> None:
    """What a tool that comes with Lares costs is listed as it is told beside its schema."""
    page.kinds.setCurrentIndex(page.kinds.findData("memory"))
    page.order.setCurrentIndex(page.order.findData("tokens"))
    rows = [row for row in page.list.rows if isinstance(row, ToolRow)]
    costs = [row.use.tokens for row in rows if row.use.tool.set_up]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] > 0
    if where := os.environ.get("LARES_TEST_PICTURES"):
        await window.rest()
        window.window.grab().save(f"{where}/costs.png")
    page.rows.setCurrentIndex(page.list.index(1))
    await window.until(lambda: page._tokens.text().startswith(f"{costs[0]} tokens"), "its cost is not told")
    for choice in (page.kinds, page.order):
        choice.setCurrentIndex(0)
    page.new.click()
    await window.until(lambda: page.trial.form._entries, "the template is not read")


def test_a_tool_is_written_tried_saved_and_given(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        page = await opened(window)
        assert page.editor.toPlainText().startswith("def my_tool(")
        await costs_are_seen(page, window)
        page.editor.setPlainText(SOURCE.replace("item: str", "item"))
        await window.until(page.problem.isVisible, "no fault was told")
        assert "Line 3" in page.problem.text()
        assert not page.save.isEnabled()
        page.save_now()
        assert page.editor.textCursor().blockNumber() == 2, "the line that is wrong is not shown"
        page.editor.setPlainText(SOURCE)
        await window.until(page._fine.isVisible, "the fault stayed")
        assert '"enum"' in page.schema.toPlainText()
        entries = page.trial.form._entries
        page.run_now()
        assert entries["item"].field.error == "This is needed."
        entries["item"].field.editor.setText("rice")
        QTest.keyClick(page.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await window.until(page.trial.shown.isVisible, "nothing came of it", 30)
        assert '"amount": 840' in page.trial.shown.toPlainText()
        page.trial.part._choose("printed")
        assert page.trial.shown.toPlainText() == "looked for rice\n"
        assert "note.txt" in page.trial._files.text()
        QTest.keyClick(page.editor, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        await window.until(lambda: any(_named(row, "pantry_stock") for row in page.list.rows), "it was not saved")
        if where := os.environ.get("LARES_TEST_PICTURES"):
            await window.rest()
            window.window.grab().save(f"{where}/studio.png")
        page.attach.click()

        async def given() -> bool:
            agent = await window.services.agents.get(window.view.workspace.agent.id)
            return "pantry_stock" in agent.tool_names

        await window.until(given, "it was not given")
        await window.until(lambda: "Take from" in page.attach.text(), "the button did not turn")
        await allowed(window, page)
        page.editor.appendPlainText("# more")
        assert window.view.unsaved == ["source of the tool pantry_stock"]
        await window.until(lambda: page.save.isEnabled(), "a change is not seen")
        page.save_now()
        await window.until(lambda: not page.changed, "the change was not saved")
        assert window.view.unsaved == []
        page.write_new(SOURCE)
        await window.until(page.save.isEnabled, "the second of that name is not read")
        page.save_now()
        toasts = window.view.view.toasts.toasts
        await window.until(lambda: toasts and "already" in toasts[-1].text.text(), "the other one was replaced")
        place = next(at for at, row in enumerate(page.list.rows) if _named(row, "pantry_stock"))
        page.rows.setCurrentIndex(page.list.index(place))
        await window.until(lambda: page.editor.toPlainText().endswith("# more"), "the first is not opened again")
        page.delete.click()
        await window.until(window.view.view.ask.isVisible, "nobody asked")
        window.view.view.ask.answer("delete")
        await window.until(lambda: not any(_named(row, "pantry_stock") for row in page.list.rows), "it is still there")
        agent = await window.services.agents.get(window.view.workspace.agent.id)
        assert "pantry_stock" not in agent.tool_names

    wait_for(person(), 60)


def _named(row: object, name: str) -> bool:
    return isinstance(row, ToolRow) and row.use.tool.name == name


def test_keys_of_the_editor(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        page = await opened(window)
        editor = page.editor
        editor.setPlainText("")
        editor.setFocus()
        QTest.keyClicks(editor, "def f(x")
        assert editor.toPlainText() == "def f(x)"
        QTest.keyClicks(editor, "):")
        QTest.keyClick(editor, Qt.Key.Key_Return)
        QTest.keyClicks(editor, "return x")
        assert editor.toPlainText() == "def f(x):\n    return x"
        QTest.keyClick(editor, Qt.Key.Key_Return)
        QTest.keyClick(editor, Qt.Key.Key_Backspace)
        assert editor.toPlainText().endswith("return x\n")
        editor.selectAll()
        QTest.keyClick(editor, Qt.Key.Key_Tab)
        assert editor.toPlainText().startswith("    def f(x):\n        return x")
        QTest.keyClick(editor, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
        assert editor.toPlainText().startswith("def f(x):\n    return x")
        QTest.keyClick(editor, Qt.Key.Key_Escape)
        QTest.keyClick(editor, Qt.Key.Key_Tab)
        assert not editor.hasFocus(), "the keyboard cannot leave"
        page.trial.how._choose("json")
        page.trial.form.json.setPlainText("{")
        page.run_now()
        assert "not JSON" in page.trial.form._json_field.error

    wait_for(person(), 40)
