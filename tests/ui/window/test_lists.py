"""Lists say whose their rows are, can be searched, and change row by row."""

import asyncio

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLabel, QPlainTextEdit, QWidget

from app.domain.agent import AgentDraft, AgentPatch
from app.domain.block import BlockDraft, BlockPatch
from app.ui.chat.cards.card import Card
from app.ui.kit.markdown import MarkdownView
from app.ui.window.main_window import CENTRE
from tests.support.window.opened_window import CTRL, SHIFT, OpenedWindow
from tests.support.window.seeing import shown, texts
from tests.ui.window.conftest import Wait


def test_a_block_to_share_says_whose_it_is_and_is_found_by_that(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        services, memory = window.services, window.view.right.memory
        for name in ("Ada", "Bertha", "Old Ada"):
            draft = AgentDraft(name=name, model="demo/vesta", blocks=(BlockDraft(label="style", value=f"As {name}"),))
            agent = await services.agents.create(draft)
            if name == "Old Ada":
                await services.agents.delete(agent.id)
        archivist = next(row.agent for row in await services.agents.list() if row.agent.name == "Archivist")
        spare = await services.blocks.create(archivist.id, BlockDraft(label="spare", value="Nobody has it"))
        await services.blocks.detach(archivist.id, spare.id)
        await window.until(lambda: len(window.view.workspace.agents.rows) == 7, "the agents are not listed")
        memory.add_button.click()
        said = lambda: {(row.block.label, row.owner) for row in memory.share.model.rows}  # noqa: E731
        both = {("style", "of Ada"), ("style", "of Bertha")}
        await window.until(lambda: both | {("spare", "no agent has it")} <= said(), "not all blocks are offered")
        assert ("style", "of Old Ada") not in said()
        assert not any(label == "household" for label, _ in said()), "its own block is offered to it"
        await window.write("bertha")
        await window.until(lambda: said() == {("style", "of Bertha")}, "a block is not found by its owner")
        await window.press(Qt.Key.Key_Return)
        labels = lambda: [row.block.label for row in window.view.workspace.blocks.rows]  # noqa: E731
        await window.until(lambda: "style" in labels(), "it is not shared")
        memory.add_button.click()
        await window.until(lambda: ("style", "of Ada") in said(), "the other one is not listed")
        taken = next(row for row in memory.share.model.rows if row.owner == "of Ada")
        assert taken.taken
        assert "already has a block with this name" in memory.share.model.below(taken)
        await window.write("style")
        await window.until(lambda: said() == {("style", "of Ada")}, "the list is not searched")
        await window.press(Qt.Key.Key_Return)
        assert memory.share.isVisible()
        await window.press(Qt.Key.Key_Escape)
        assert not memory.share.isVisible()

    wait_for(person(), 15)


def test_the_centre_keeps_its_least_width_and_notices_take_room_of_the_column(
    window: OpenedWindow, wait_for: Wait
) -> None:
    async def person() -> None:
        main = window.window
        main.resize(1180, 800)
        for places in ((900, 0), (480, 500), (0, 1180)):
            for handle, place in zip((1, 2), places, strict=True):
                main.splitter.moveSplitter(place, handle)
            assert main.panes["centre"].width() >= CENTRE, places
        main.resize(1440, 900)
        scrolled = window.view.right.widget
        before = scrolled.height()
        window.view.view.tell("Backed up", "", "done")
        assert scrolled.height() < before
        host = window.view.view.toasts
        assert host.y() >= scrolled.mapTo(main, QPoint(0, scrolled.height())).y()
        window.view.view.toasts.clear()
        assert scrolled.height() == before

    wait_for(person(), 15)


def test_a_name_is_the_same_everywhere_after_it_changed(window: OpenedWindow, wait_for: Wait) -> None:
    """Of an agent, of a block, of a conversation: whatever page shows it when it is changed elsewhere."""

    async def person() -> None:
        view, services, agent = window.view, window.services, window.view.workspace.agent
        thread = await services.conversations.default_of(agent.id)
        names = iter(("Ottilie", "Philippa", "Quentin", "Rosalind"))
        last = "Zenobia"
        await services.agents.update(agent.id, AgentPatch(name=last))
        for page in ("chat", "history", "instructions", "chat"):
            if page == "instructions":
                view.commands.run("agent.instructions")
            else:
                view.show_tab(page)
            await window.rest()
            name = next(names)
            await services.agents.update(agent.id, AgentPatch(name=name))
            await services.conversations.rename(thread.id, f"Talk with {name}")
            await window.until(lambda name=name: name in written(window), f"{page} never says {name}")
            await window.rest()
            stale = [line for line in written(window).splitlines() if last in line and not line.startswith("Renamed")]
            assert not stale, f"{page} still says {last}"
            last = name
        human = view.workspace.blocks.rows[0].block
        await services.blocks.update(human.id, BlockPatch(label="person"))
        await window.until(lambda: "person" in texts(view.right.widget), "the card has its old name")

    wait_for(person(), 30)


def written(window: OpenedWindow) -> str:
    """What the window says by itself: neither what agents and people wrote nor what is typed."""
    root = window.window
    parts = [label.text() for label in shown(root, QLabel)] + [one.text() for one in shown(root, QAbstractButton)]
    parts += [one.accessibleName() for one in shown(root, QWidget) if not isinstance(one, MarkdownView | Card)]
    for rows in shown(root, QAbstractItemView):
        model = rows.model()
        for at in range(model.rowCount()):
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
                parts.append(str(model.index(at, 0).data(role) or ""))
    parts += [shown_text.placeholderText() for shown_text in shown(root, QPlainTextEdit)]
    return "\n".join(part for part in parts if "→" not in part and "was" not in part)


def test_a_hit_of_the_search_says_who_and_when_and_shows_its_words(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await window.press(Qt.Key.Key_F, CTRL | SHIFT)
        search = window.view.search.palette
        assert search.isVisible()
        await window.write("risotto")
        await window.until(lambda: any("risotto" in row.title.lower() for row in search.rows), "nothing is found")
        rows = [row for row in search.rows if row.found]
        assert rows
        assert all(row.place.startswith("Juno, ") and row.place[len("Juno, ") :] for row in rows)
        assert all("risotto" in row.title.lower()[:40] for row in rows), "the hit is cut off"
        theme = window.session.theme
        chosen = search.list.visualRect(search.list.currentIndex())
        picture = search.list.viewport().grab(chosen).toImage()
        inks = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 2) for y in range(picture.height())}
        assert theme.color("accent").name() in inks, "the words are not marked"
        await window.press(Qt.Key.Key_Escape)

    wait_for(person(), 15)


def test_nothing_false_is_shown_while_another_agent_is_read(window: OpenedWindow, wait_for: Wait) -> None:
    """Neither “No memory blocks” of an agent that has some, nor the history of the one that was shown before."""

    async def person() -> None:
        view, memory = window.view, window.view.right.memory
        rows = {row.agent.name: row.agent for row in view.workspace.agents.rows}
        owned = {name: set(rows[name].block_ids) for name in ("Juno", "Archivist", "Vesta (demo)")}
        assert all(owned.values())
        view.show_tab("history")
        history = view.centre.page_named("history")
        await window.until(lambda: history._model.events, "no history")
        for name in ("Archivist", "Juno", "Vesta (demo)"):
            agent = rows[name]
            of_agent = {event.seq for event in await window.services.history.of_agent(agent.id, limit=200)}
            view.workspace.open(agent.id)
            for _turn in range(30):
                await asyncio.sleep(0.002)
                assert not memory._empty.isVisible(), f"{name} has blocks"
                if view.workspace.agent.id == agent.id == history._agent_id:
                    assert {event.seq for event in history._model.events} <= of_agent, f"not the history of {name}"
            await window.until(lambda agent=agent: view.workspace.blocks_of == agent.id, "its blocks are not read")

    wait_for(person(), 30)


def test_several_agents_are_tagged_deleted_and_brought_back_together(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        services, agents, workspace = window.services, window.view.left.agents, window.view.workspace
        for name in ("Ada", "Bertha", "Carl"):
            await services.agents.create(AgentDraft(name=name, model="demo/vesta"))
        await window.until(lambda: len(workspace.agents.rows) == 8, "the agents are not listed")
        opened = workspace.agent
        assert opened is not None
        place = {row.agent.name: at for at, row in enumerate(workspace.agents.rows)}
        rows = lambda: tuple(row.agent.name for row in agents.list.rows)  # noqa: E731
        agents.list.setFocus()
        click(agents.list, place["Ada"])
        await window.until(lambda: workspace.agent and workspace.agent.name == "Ada", "a click does not open an agent")
        agents.list.setFocus()
        click(agents.list, place["Carl"], SHIFT)
        assert rows() == ("Ada", "Bertha", "Carl")
        click(agents.list, place["Bertha"], CTRL)
        assert rows() == ("Ada", "Carl")
        await window.press(Qt.Key.Key_A, CTRL)
        assert len(rows()) == 8
        await window.press(Qt.Key.Key_Escape)
        assert rows() == ("Ada",)
        await window.press(Qt.Key.Key_Down, SHIFT)
        assert rows() == ("Ada", "Bertha")
        assert workspace.agent.name == "Ada", "selecting opens another agent"
        assert agents.several.isVisible()
        agents.tag.click()
        await window.write("#garden")
        await window.press(Qt.Key.Key_Return)
        tagged = lambda: [row.agent.name for row in workspace.agents.rows if row.agent.tags == ("garden",)]  # noqa: E731
        await window.until(lambda: tagged() == ["Ada", "Bertha"], "they have no tag")
        await window.press(Qt.Key.Key_Escape)
        assert rows() == ("Ada", "Bertha"), "the change of an agent ends the selection"
        badges = window.view.left.settings.tags.shown
        await window.until(lambda: [one.text() for one in badges()] == ["garden"], "the open agent's tag is not shown")
        QTest.mouseClick(window.view.left.settings.tags.shown()[0], Qt.MouseButton.LeftButton)
        assert agents.list.model().rowCount() == 2
        agents.clear_filter()
        agents.list.setFocus()
        await window.press(Qt.Key.Key_Down, SHIFT)
        await window.press(Qt.Key.Key_Delete)
        await window.until(lambda: len(workspace.agents.rows) == 6, "they were not deleted")
        assert window.view.view.toasts.toasts[-1].text.text() == "2 agents were deleted"
        window.view.commands.run("undo")
        await window.until(lambda: tagged() == ["Ada", "Bertha"], "they were not brought back, with their tags")

    wait_for(person())


def click(view: QAbstractItemView, place: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    at = view.visualRect(view.model().index(place, 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, at)
