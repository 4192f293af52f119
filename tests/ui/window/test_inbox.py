"""The inbox of memory in the window: cards by the keyboard, the count, a change met by a later one."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt

from app.domain.block import BlockPatch
from app.domain.history import Actor, Origin
from app.ui.kit.buttons import Button
from app.ui.memory.inbox.view import InboxView
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.sample import furnish_sample
from tests.support.window.seeing import texts

AGENT = Origin(actor=Actor(kind="agent", name="Juno"), run_id="run-1", tool_name="memory_replace")
STRANGE = AGENT.model_copy(update={"run_id": "run-2", "sources": ("reply of another agent, Ledger",)})
SHIFT = Qt.KeyboardModifier.ShiftModifier


async def written(engine: Any) -> None:
    """Two that were looked at, and four that wait: after a stranger's text, two of one run, one edited again since."""
    services = engine.services
    juno = await furnish_sample(services)
    await services.inbox.keep_all()
    blocks = {block.label: block for block in await services.blocks.of_agent(juno.id)}
    texts = (
        ("human", "Name: Brad.", STRANGE),
        ("household", "Fridge holds two crates.", AGENT),
        ("plans", "Risotto.", AGENT),
        ("persona", "I am Juno.", AGENT.model_copy(update={"run_id": "run-3"})),
    )
    for label, text, origin in texts:
        await services.blocks.update(blocks[label].id, BlockPatch(value=text), origin=origin)
    await services.blocks.update(blocks["persona"].id, BlockPatch(value="I am Juno, and kind."))


def test_what_agents_wrote_is_looked_at_by_the_keyboard(play_live: Callable[..., None]) -> None:
    async def story(window: OpenedWindow) -> None:
        window.view.show_tab("memory")
        tabs = window.view.tabs._rows["memory"]
        await window.until(lambda: tabs.button("inbox").text() == "Inbox 4", "the count is not shown")
        while window.view.centre.page != "inbox":
            before = window.view.centre.page
            await window.press(Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
            assert window.view.centre.page != before, "there is no further segment"
        page = window.view.centre.page_named("inbox")
        assert isinstance(page, InboxView)
        await window.until(lambda: len(page.cards) == 4, "no cards")
        await window.rest()
        labels = lambda: [card.waiting.event.label for card in page.cards]  # noqa: E731
        assert labels() == ["human", "persona", "plans", "household"], "what a stranger may have caused comes first"
        page.setFocus()
        await window.press(Qt.Key.Key_Down)
        await window.press(Qt.Key.Key_K)
        await window.until(lambda: labels() == ["persona", "plans", "household"], "not kept")
        await window.until(lambda: tabs.button("inbox").text() == "Inbox 3", "the count stayed")
        assert page.cards[0].hasFocus()
        assert not page.cards[0].undo.isVisible()
        await window.press(Qt.Key.Key_U)
        assert page.cards[0].since.isVisible(), "a change met by a later one shows both"
        await window.press(Qt.Key.Key_Down)
        await window.press(Qt.Key.Key_K, SHIFT)
        await window.until(lambda: labels() == ["persona"], "the changes of one run were not kept together")
        await window.until(lambda: page.cards[0].hasFocus(), "the card that is left has no keyboard")
        await window.press(Qt.Key.Key_E)
        assert page.cards[0].editor.toPlainText() == "I am Juno, and kind."
        page.cards[0].editor.setPlainText("I am Juno. Kind.")
        page.cards[0].save.click()
        await window.until(lambda: page._pages.currentIndex() == 1, "it still waits")
        assert page.looked.text() == "6 looked at: 5 kept, 1 edited"
        await window.until(lambda: tabs.button("inbox").text() == "Inbox", "the count stayed")

    play_live(written, story)


def test_undo_in_the_inbox_takes_the_change_back_and_its_notice_redoes_it(play_live: Callable[..., None]) -> None:
    async def story(window: OpenedWindow) -> None:
        window.view.show_tab("inbox")
        page = window.view.centre.page_named("inbox")
        assert isinstance(page, InboxView)
        await window.until(lambda: len(page.cards) == 4, "no cards")
        card = page.cards[2]
        block_id = card.waiting.event.target_id
        page.cards[0].never.click()
        await window.until(window.view.view.ask.isVisible, "nobody asks for the rule")
        window.view.view.ask._field.setText("Never store what was cooked.")
        window.view.view.ask.answer("ok")
        rules = lambda: [row.block for row in window.view.workspace.blocks.rows if row.block.label == "memory_rules"]  # noqa: E731
        await window.until(rules, "the rule is nowhere")
        assert rules()[0].read_only
        await window.rest()
        page.cards[2].undo.click()
        await window.until(lambda: len(page.cards) == 3, "it still waits")
        assert (await window.services.blocks.get(block_id)).value == (card.waiting.event.before or {})["value"]

    play_live(written, story)


async def ailing(engine: Any) -> None:
    juno = await furnish_sample(engine.services)
    value = "Call Mia tomorrow.\nThe password of the NAS: Tr0ub4dor&3\n5 found: Mia eats no meat"
    block = next(one for one in await engine.services.blocks.of_agent(juno.id) if one.label == "household")
    await engine.services.blocks.update(block.id, BlockPatch(value=value))


def test_the_doctor_shows_what_it_found_and_mends_it(play_live: Callable[..., None]) -> None:
    async def story(window: OpenedWindow) -> None:
        window.view.show_tab("inbox")
        page = window.view.centre.page_named("inbox")
        assert isinstance(page, InboxView)
        doctor = page.doctor
        await window.until(lambda: doctor.seen is not None, "memory was not looked through")
        kinds = lambda: [one.kind for one in doctor.seen.findings] if doctor.seen else []  # noqa: E731
        assert {"secret", "date", "echo"} <= set(kinds())
        await window.rest()
        assert "Tr0ub4dor" not in texts(doctor), "a secret is shown"
        doctor.mend_all.click()
        await window.until(lambda: not {"date", "echo"} & set(kinds()), "not mended")
        toasts = window.view.view.toasts
        await window.until(lambda: toasts.toasts and toasts.toasts[-1].button is not None, "no way back")
        toasts.toasts[-1].button.click()
        await window.until(lambda: {"date", "echo"} <= set(kinds()), "one undo does not take all back")
        button = lambda words: next(one for one in doctor.findChildren(Button) if one.text() == words)  # noqa: E731
        button("It is no secret").click()
        await window.until(lambda: "secret" not in kinds(), "it is told again")
        await window.until(lambda: toasts.toasts[-1].button is not None, "no way back")
        toasts.toasts[-1].button.click()
        await window.until(lambda: "secret" in kinds(), "the finding never came back")
        await window.rest()
        button("Move to the keyring…").click()
        await window.until(window.view.view.ask.isVisible, "nobody asks for its name")
        window.window.activateWindow()
        await window.until(lambda: window.focus is not None, "the question has no keyboard")
        await window.write("NAS")
        await window.press(Qt.Key.Key_Return)
        await window.until(lambda: "secret" not in kinds(), "the secret is still in memory")
        agent_id = window.view.workspace.agent.id
        assert (await window.services.agents.get(agent_id)).extras.secret_names == ("NAS",)
        value = next(one.value for one in await window.services.blocks.of_agent(agent_id) if one.label == "household")
        assert "The password of the NAS: (in the keyring as “NAS”)" in value

    play_live(ailing, story)
