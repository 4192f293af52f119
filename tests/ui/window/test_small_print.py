"""What gives way in a narrow column, and what says why it cannot be used."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QListView

from app.bootstrap import OpenEngine
from app.domain.agent import AgentDraft, AgentPatch
from app.domain.conversation import ConversationRow
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.wording import full_time
from tests.support.engine.filling import fill
from tests.support.window.looks import plain_theme
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.sample import furnish_sample
from tests.support.window.seeing import button, named, shown, texts

Wait = Callable[..., Any]


def test_the_id_goes_before_the_name_is_cut(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        settings = window.view.left.settings
        agent = window.view.workspace.agent
        assert named(settings, agent.id) is not None
        await window.services.agents.update(agent.id, AgentPatch(name="Juno of the long corridor"))
        await window.until(lambda: settings.name.label.text().endswith("corridor"), "the whole name is not shown")
        assert named(settings, agent.id) is None
        assert agent.id in button(settings, "Copy the id of this agent").toolTip()

    wait_for(person(), 15)


async def restoring_what_is_already_so_says_why_not(window: OpenedWindow) -> None:
    window.view.show_tab("history")
    why = window.view.centre.page_named("history").why
    await window.until(why.undo.isVisible, "no change was chosen")
    assert not why.restore.isEnabled()
    assert why.why_not_restore.isVisible()
    assert "already reads like this" in why.why_not_restore.text()
    assert why.restore.toolTip() == why.why_not_restore.text()


async def the_making_of_an_agent_offers_no_undo(window: OpenedWindow) -> None:
    window.view.show_tab("history")
    history = window.view.centre.page_named("history")
    await window.until(lambda: history.why.undo.isVisible(), "no change was chosen")
    await window.press(Qt.Key.Key_End)
    await window.until(lambda: "Created this agent" in texts(history.why), "the change is not shown")
    assert not history.why.undo.isVisible()
    assert "can be undone" not in texts(history.why)


def test_an_icon_keeps_its_distance_from_the_text(qapp: QApplication) -> None:
    theme = plain_theme(qapp)
    for scale in (1.0, 2.0):
        theme.set_scale(scale)
        button = Button(theme, "Undo", "", "undo")
        side = theme.px(16)
        wide = button.icon().pixmap(button.iconSize(), 1.0)
        assert wide.width() - side + 4 == theme.px(6)
        image = wide.toImage()
        assert any(image.pixelColor(x, y).alpha() for x in range(side) for y in range(side))
        assert not any(image.pixelColor(x, y).alpha() for x in range(side, wide.width()) for y in range(side))
        mirrored = Button(theme, "Undo")
        mirrored.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        mirrored.set_icon("undo")
        other = mirrored.icon().pixmap(mirrored.iconSize(), 1.0).toImage()
        assert not any(other.pixelColor(x, y).alpha() for x in range(wide.width() - side) for y in range(side))
        button.deleteLater()
        mirrored.deleteLater()
    theme.set_scale(1.0)


def test_the_list_of_agents_takes_room_that_nothing_else_needs(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        for number in range(12):
            await window.services.agents.create(AgentDraft(name=f"Agent {number}", model="demo/vesta"))
        await window.rest()
        left = window.view.left
        window.window.resize(1440, 760)
        await window.rest()
        assert left.agents.list.height() == left.agents.least_height
        window.window.resize(1440, 1200)
        await window.rest()
        assert left.agents.list.height() >= left.agents.least_height + 5 * left.agents.list.sizeHintForRow(0)
        assert left.agents.height() == left.agents.sizeHint().height()
        area = left.settings.parentWidget()
        assert left.settings.height() <= area.height()

    wait_for(person(), 15)


async def the_context_is_counted_again_after_a_plain_reply(window: OpenedWindow) -> None:
    """The engine says that a run changed, at each of its steps; nothing else tells of new messages."""
    counted: list[int] = []
    window.view.workspace.counted.connect(lambda overview: counted.append(overview.messages_in))
    conversation = window.view.workspace.conversation
    before = (await window.services.context.overview(conversation.active_id)).messages_in
    await window.write("Hello there.")
    await window.press(Qt.Key.Key_Return)
    await window.until(lambda: window.quiet and counted and counted[-1] == before + 2, "not counted again")


async def talked_to_for_long(engine: OpenEngine) -> None:
    juno = await furnish_sample(engine.services)
    conversation = await engine.services.conversations.default_of(juno.id)
    await fill(engine.storage, engine.clock, engine.ids, conversation.active_id, 60, 60)


def test_what_nobody_sees_does_not_live_through_a_change_of_the_theme(play_live: Callable[..., None]) -> None:
    """Each widget costs a quarter of a millisecond then: cards out of view go, the first run is there no more."""

    async def person(window: OpenedWindow) -> None:
        area = window.view.chat.area
        await window.until(lambda: area.mounted > len(area.in_view()) + 3, "nothing was mounted ahead")
        assert window.view.first_run is None
        theme = window.session.theme
        mounted: list[int] = []
        theme.changing.connect(lambda: mounted.append(area.mounted))
        theme.set_mode("dark")
        assert mounted == [len(area.in_view())]
        await window.until(lambda: area.mounted > mounted[0], "the others do not come back")

    play_live(talked_to_for_long, person)


async def a_narrow_history_shows_one_pane_at_a_time_and_can_undo(window: OpenedWindow) -> None:
    window.window.resize(760, 620)
    window.view.show_tab("history")
    history = window.view.centre.page_named("history")
    changes = next(view for view in history.findChildren(QListView) if view.accessibleName() == "Changes")
    await window.until(lambda: changes.currentIndex().isValid(), "no change was chosen")
    assert changes.isVisible()
    assert not history.why.isVisible()
    await window.press(Qt.Key.Key_Return)
    assert shown(history, DiffView)
    assert not changes.isVisible()
    history.panes.row.button("why").click()
    assert history.why.undo.isVisible()
    window.window.resize(1440, 900)
    await window.rest()
    assert changes.isVisible()
    assert shown(history, DiffView)
    assert history.why.isVisible()


def untitled_conversations_are_told_apart_by_their_time(window: OpenedWindow) -> None:
    main = window.view.workspace.conversation
    older, newer = (
        main.model_copy(update={"id": name, "is_default": False, "title": "", "created_at": at})
        for name, at in (("older", main.created_at - 120_000_000), ("newer", main.created_at))
    )
    titles = window.view.centre.conversations.popup.model
    said = [titles.title_of(ConversationRow(conversation=row)) for row in (main, older, newer)]
    assert said == ["Main conversation", *(f"Untitled, {full_time(row.created_at)}" for row in (older, newer))]
    assert len(set(said)) == 3


def the_list_of_conversations_reads_in_the_direction_of_the_window(window: OpenedWindow) -> None:
    button = window.view.centre.conversations
    assert button.popup.layoutDirection() == window.window.layoutDirection()


async def nothing_moves_when_the_composer_gets_or_loses_the_focus(window: OpenedWindow) -> None:
    composer = window.view.chat.composer
    places: list[tuple[object, object]] = []
    for target in (composer.editor, window.view.top.field, composer.editor):
        target.setFocus()
        await window.rest()
        places.append((composer.geometry(), composer.editor.geometry()))
    assert places[0] == places[1] == places[2]


def test_what_gives_way_and_what_is_told(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        untitled_conversations_are_told_apart_by_their_time(window)
        the_list_of_conversations_reads_in_the_direction_of_the_window(window)
        await nothing_moves_when_the_composer_gets_or_loses_the_focus(window)
        await the_context_is_counted_again_after_a_plain_reply(window)
        await a_narrow_history_shows_one_pane_at_a_time_and_can_undo(window)
        await restoring_what_is_already_so_says_why_not(window)
        await the_making_of_an_agent_offers_no_undo(window)

    wait_for(person(), 20)
