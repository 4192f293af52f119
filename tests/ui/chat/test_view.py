"""The conversation view over a real engine: speaking, stopping, branching, undoing, finding, coming back."""

import base64

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTextEdit

from app.domain.error import AppError, LinkError
from app.domain.message import ImagePart, MessageDraft
from app.ui.chat.attachment import png_of
from app.ui.chat.cards.user_card import UserCard
from tests.support.window.chat_stage import Stage
from tests.support.window.conversation_showcase import Scene
from tests.support.window.looks import nameless

NAME = "My name is Brad, not Chad."


def test_a_name_is_corrected_undone_and_corrected_again(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.say(NAME)
        assert [kind for kind, _ in stage.shown()] == ["user", "reasoning", "tool", "assistant"]
        assert await stage.block("human") == "Name: Brad."
        tool = stage.rows("tool")[0].tool
        assert tool is not None
        assert (tool.changes[0].before, tool.changes[0].after) == ({"value": "Name: Chad."}, {"value": "Name: Brad."})
        card = stage.view.area.card(stage.rows("tool")[0].key)
        assert card is not None
        card.undo()
        await stage.until(lambda: stage.rows("tool")[0].tool.state == "undone")
        assert await stage.block("human") == "Name: Chad."
        _notice, way_back = stage.ways_back[0]
        way_back()
        await stage.until(lambda: stage.rows("tool")[0].tool.state == "done")
        assert await stage.block("human") == "Name: Brad."

    stage.play(story)


def test_what_is_typed_leaves_the_field_and_shows_at_once(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        stage.server.hold()
        stage.type("Hello there my friend")
        stage.press(Qt.Key.Key_Return)
        assert stage.view.composer.text == ""
        assert [row.state for row in stage.rows("user")] == ["sending"]
        await stage.until(lambda: stage.rows("assistant"))
        assert stage.rows("assistant")[0].state == "writing"
        assert stage.rows("user")[0].state == "done"
        stage.server.release()
        await stage.until(lambda: not stage.view.replying)
        assert stage.shown()[-1] == ("assistant", "You said: Hello there my friend")

    stage.play(story)


def test_escape_stops_the_reply(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        stage.server.hold()
        stage.type("Tell me a very long story please")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying and stage.rows("assistant"))
        stage.press(Qt.Key.Key_Escape)
        await stage.until(lambda: not stage.view.replying)
        [run] = [await stage.services.runs.get(one) for one in stage.runs]
        assert run.status == "cancelled"
        assert stage.view.composer.stop.isVisible() is False

    stage.play(story)


def test_a_message_typed_during_a_reply_is_sent_after_it(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        stage.server.hold()
        stage.type("First of two")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying and stage.rows("assistant"))
        for text in ("Second of two", "Never"):
            stage.type(text)
            stage.press(Qt.Key.Key_Return)
        assert [row.text for row in stage.rows("queued")] == ["Second of two", "Never"]
        stage.view.context.signals.discard.emit(stage.rows("queued")[1].key.removeprefix("sent:"))
        stage.server.release()
        await stage.until(lambda: len(stage.rows("assistant")) == 2 and not stage.view.replying)
        assert [text for _, text in stage.shown()] == [
            "First of two",
            "You said: First of two",
            "Second of two",
            "You said: Second of two",
        ]

    stage.play(story)


def test_what_waits_is_sent_although_another_agent_was_chosen_meanwhile(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        agent, conversation = stage.agent, stage.conversation
        stage.server.hold()
        stage.type("First of two")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying and stage.rows("assistant"))
        stage.type("Second of two")
        stage.press(Qt.Key.Key_Return)
        await stage.open_demo()
        assert stage.view.composer.text == ""
        assert stage.view.unsent
        stage.server.release()
        await stage.until(lambda: len(stage.runs) == 2 and not stage.view.unsent)
        await stage.until_idle()
        stage.agent = agent
        await stage.open(conversation)
        await stage.until(lambda: len(stage.rows("assistant")) == 2)
        assert stage.shown()[-2:] == [("user", "Second of two"), ("assistant", "You said: Second of two")]

    stage.play(story)


def test_who_comes_back_finds_what_waits(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        agent, conversation = stage.agent, stage.conversation
        stage.server.hold()
        stage.type("First of two")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying and stage.rows("assistant"))
        stage.type("Second of two")
        stage.press(Qt.Key.Key_Return)
        await stage.open_demo()
        stage.agent = agent
        await stage.open(conversation)
        assert [row.text for row in stage.rows("queued")] == ["Second of two"]
        await stage.open_demo()
        stage.view.put_away()
        assert stage.drafts.kept[conversation.id]["text"] == "Second of two"

    stage.play(story)


def test_until_a_conversation_is_read_nothing_of_the_last_one_is_shown_or_sent_to(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.say("Hello")
        first = stage.conversation
        demo = await stage.services.agents.create_demo()
        thread = await stage.services.conversations.default_of(demo.id)
        stage.view.open(demo, thread)
        assert (stage.view.model.rowCount(), stage.view.branch_id) == (0, "")
        assert not stage.view.welcome.isVisibleTo(stage.view)
        stage.type("My name is Brad.")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.rows("assistant") and not stage.view.replying)
        assert stage.rows("user")[0].text == "My name is Brad."
        page = await stage.services.messages.page(first.active_id, limit=50)
        assert all("Brad" not in message.text for message in page.messages)

    stage.play(story)


def test_a_message_that_cannot_be_sent_is_kept_and_sent_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(*_arguments: object, **_named: object) -> None:
        raise LinkError("The engine is restarting.", hint="Wait a moment.")

    async def story() -> None:
        await stage.open_agent()
        with monkeypatch.context() as patched:
            patched.setattr(stage.services.runs, "start", gone)
            stage.type("Hello")
            stage.press(Qt.Key.Key_Return)
            await stage.until(lambda: stage.rows("user") and stage.rows("user")[0].state == "not_sent")
        row = stage.rows("user")[0]
        assert row.problem is not None
        assert row.problem.message == "The engine is restarting. Wait a moment."
        stage.view.context.signals.send_again.emit(row.key.removeprefix("sent:"))
        await stage.until(lambda: stage.rows("assistant") and not stage.view.replying)
        assert [kind for kind, _ in stage.shown()] == ["user", "assistant"]

    stage.play(story)


def test_an_edited_message_makes_a_branch_and_can_take_memory_back(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.say(NAME)
        first = stage.view.branch_id
        stage.press(Qt.Key.Key_Up)
        card = stage.view.area.card(stage.rows("user")[0].key)
        assert isinstance(card, UserCard)
        assert card.editing is True
        await stage.until(lambda: card.editor is not None and card.editor.undo_memory.text())
        assert card.editor is not None
        assert card.editor.undo_memory.text() == "Also undo 1 memory change"
        QTest.keyClick(card.editor.field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(card.editor.field, "Good morning")
        QTest.keyClick(card.editor.field, Qt.Key.Key_Return)
        await stage.until(lambda: stage.shown()[-1:] == [("assistant", "You said: Good morning")])
        await stage.until(lambda: not stage.view.replying)
        assert [text for _, text in stage.shown()] == ["Good morning", "You said: Good morning"]
        assert stage.view.branch_id != first
        stage.view.context.signals.branch.emit(first)
        await stage.until(lambda: stage.view.branch_id == first and stage.rows("tool"))
        assert stage.shown()[0] == ("user", NAME)

    stage.play(story)


def test_an_edited_message_sent_during_a_reply_is_in_sight(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        for number in range(6):
            await stage.say(f"Number {number}. " + "Many words to fill the view. " * 12)
        stage.server.hold()
        stage.type("Long story. " * 40)
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying and stage.rows("assistant")[-1].state == "writing")
        first = stage.view.branch_id
        stage.view.edit_last()
        asked = stage.rows("user")[-1]
        assert stage.view.area.anchor() is not None
        stage.server.release()
        stage.view.context.signals.resend.emit(asked, "Short, please.", False)
        await stage.until(lambda: stage.view.branch_id != first and stage.shown()[-1][1].endswith("please."))
        await stage.until(lambda: not stage.view.replying)
        assert stage.view.area.anchor() is None

    stage.play(story)


def test_a_reply_that_came_after_trying_again_can_be_had_anew(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        stage.server.hold()
        stage.type("Tell me a very long story please")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying and stage.rows("assistant"))
        stage.view.stop()
        await stage.until(lambda: not stage.view.replying)
        stage.server.release()
        [stopped] = stage.runs
        stage.view.runs.go_on(stopped)
        await stage.until(lambda: len(stage.rows("assistant")) == 2 and not stage.view.replying)
        first = stage.view.branch_id
        stage.view.retry_last()
        await stage.until(lambda: stage.told or stage.view.branch_id != first)
        assert stage.told == []
        # The third run is there before the view replies, and after it: only its answer tells the two apart.
        await stage.until(lambda: len(stage.runs) == 3 and [kind for kind, _ in stage.shown()] == ["user", "assistant"])

    stage.play(story)


def test_retrying_a_reply_that_changed_memory_asks_first(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.say(NAME)
        stage.view.retry_last()
        await stage.until(lambda: stage.view.banner.isVisible())
        assert stage.view.banner.text.text() == "This reply changed memory: human"
        runs = len(stage.runs)
        keep = next(button for button in stage.view.banner.buttons if button.text() == "Keep the changes")
        QTest.mouseClick(keep, Qt.MouseButton.LeftButton)
        await stage.until(lambda: len(stage.runs) > runs and not stage.view.replying)
        assert stage.view.banner.isVisible() is False
        assert stage.shown()[0] == ("user", NAME)

    stage.play(story)


def test_a_link_is_shown_before_it_is_opened(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_rich()
        stage.view.context.signals.link.emit("javascript:alert(1)")
        assert stage.view.banner.isVisible() is False
        stage.view.context.signals.link.emit("https://example.org/risotto")
        assert stage.view.banner.detail.text() == "https://example.org/risotto"
        assert [button.text() for button in stage.view.banner.buttons] == ["Copy address", "Open"]

    stage.play(story)


def test_an_empty_conversation_offers_what_to_say(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_demo()
        await stage.until(lambda: stage.view.welcome.isVisible())
        QTest.mouseClick(stage.view.welcome.buttons[0], Qt.MouseButton.LeftButton)
        assert stage.view.composer.text == NAME
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.rows("assistant") and not stage.view.replying)
        assert stage.view.welcome.isVisible() is False

    stage.play(story)


def test_earlier_messages_come_when_one_scrolls_up(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        scene = Scene(stage.agent, stage.conversation)
        for number in range(400):
            scene.add("user" if number % 2 else "assistant", f"Message {number}")
        await scene.store(stage.engine)
        await stage.open(stage.conversation)
        await stage.until(lambda: stage.view.model.rowCount())
        assert stage.view.model.log.oldest_position == 351
        for _page in range(12):
            stage.view.area.verticalScrollBar().setValue(0)
            oldest = stage.view.model.log.oldest_position
            if oldest == 1:
                break
            await stage.until(lambda oldest=oldest: stage.view.model.log.oldest_position < oldest)
        assert stage.rows("assistant")[0].text == "Message 0"
        assert stage.view.model.log.has_later is True
        stage.view.area.go_below()
        await stage.until(lambda: stage.view.model.log.newest_position == 400)

    stage.play(story)


def test_a_message_from_elsewhere_appears(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.services.runs.start(stage.conversation.id, MessageDraft.of("From another window"), started_by="api")
        await stage.until(lambda: stage.rows("assistant") and not stage.view.replying)
        assert stage.shown() == [("user", "From another window"), ("assistant", "You said: From another window")]

    stage.play(story)


def test_coming_back_keeps_place_and_draft(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_rich()
        await stage.until(lambda: stage.view.model.rowCount())
        stage.view.set_connected(False)
        stage.type("Half a sent")
        stage.view.area.verticalScrollBar().setValue(200)
        place = stage.view.area.anchor()
        assert place is not None
        stage.press(Qt.Key.Key_Return)
        assert stage.view.composer.text == "Half a sent"
        stage.view.set_connected(True)
        await stage.open(stage.conversation)
        await stage.view._opening
        assert stage.view.area.anchor() == place
        assert stage.view.composer.text == "Half a sent"

    stage.play(story)


def test_every_hit_counts_and_is_walked_to(stage: Stage) -> None:
    long = "\n\n".join(f"Paragraph {n} of the herb garden." for n in range(900))
    texts = (
        "Sage, sage and SAGE.",
        "No herbs here.",
        f"{long}\n\nAt the very end grows sage 🌱 and [wild sage](http://sage).",
    )

    async def story() -> None:
        await stage.meet_agent()
        scene = Scene(stage.agent, stage.conversation)
        for text in texts:
            scene.add("assistant", text)
        await scene.store(stage.engine)
        await stage.open(stage.conversation)
        view, bar = stage.view, stage.view.find_bar
        view.find_text()
        QTest.keyClicks(bar.field, "sage")
        assert bar.count.text() == "6 of 6"
        marks = view.finder._marks
        card = next(card for card in view.area.cards() if "very end" in card.row.text)
        await stage.until(lambda: marks.text is not None and marked(marks.text) == ["sage", "sage"])
        text = marks.text
        assert card.isAncestorOf(text), "the fold of a long text hides its hit"
        seen = QRect(text.mapTo(view.area.viewport(), marks.current.topLeft()), marks.current.size())
        assert view.area.viewport().rect().contains(seen)
        QTest.keyClick(view, Qt.Key.Key_F3)
        assert bar.count.text() == "1 of 6"
        await stage.until(lambda: marks.text is not None and marked(marks.text) == ["Sage", "sage", "SAGE"])
        for count in ("2 of 6", "3 of 6"):
            QTest.keyClick(bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
            assert bar.count.text() == count
        QTest.keyClick(bar.field, Qt.Key.Key_Escape)
        assert bar.isVisible() is False
        assert marks.text is None

    stage.play(story)


def marked(text: QTextEdit) -> list[str]:
    return [mark.cursor.selectedText() for mark in text.extraSelections()]


def test_a_hit_opens_the_card_that_hides_it(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_rich()
        await stage.until(lambda: stage.rows("reasoning"))
        row = stage.rows("reasoning")[0]
        word = max(row.text.split(), key=len)
        stage.view.find_text()
        stage.view.find_bar.field.setText(word)
        finder = stage.view.finder
        place = next(at for at, hit in enumerate(finder._found) if hit.position == row.position)
        for _ in range(place + 1):
            QTest.keyClick(stage.view, Qt.Key.Key_F3)
        await stage.until(lambda: finder._marks.text is not None)
        await stage.until(lambda: stage.view.area.card(row.key) is not None and stage.view.area.card(row.key).opened)

    stage.play(story)


def test_a_jump_to_a_message_loads_what_is_around_it(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        scene = Scene(stage.agent, stage.conversation)
        wanted = [scene.add("user", f"Message {number}") for number in range(300)][20]
        await scene.store(stage.engine)
        await stage.open(stage.conversation)
        stage.view.show_message(wanted.id)
        await stage.until(lambda: stage.view.model.index_at(21) >= 0)
        await stage.until(lambda: stage.view.area.card(stage.view.model.row(stage.view.model.index_at(21)).key))
        assert stage.view.model.log.has_later is True

    stage.play(story)


def test_an_image_is_stored_once_and_sent_with_the_words(stage: Stage) -> None:
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(QColor(Qt.GlobalColor.red))
    content = png_of(image)

    async def story() -> None:
        await stage.open_agent()
        stage.view.composer.add_bytes("red.png", content)
        await stage.say("What is this?")
        said, _ = (await stage.services.messages.page(stage.conversation.active_id)).messages
        [picture] = [part for part in said.parts if isinstance(part, ImagePart)]
        assert (picture.width, picture.height, picture.media_type) == (8, 6, "image/png")
        assert base64.b64decode(await stage.services.blobs.get(picture.sha256)) == content
        assert stage.rows("user")[0].images == (picture,)
        assert stage.view.composer.attachments == ()

    stage.play(story)


def test_an_undo_that_would_overwrite_later_changes_is_told(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.say(NAME)
        await stage.say("My name is Bill, not Brad.")
        card = stage.view.area.card(stage.rows("tool")[0].key)
        assert card is not None
        card.undo()
        await stage.until(lambda: stage.told)
        assert "changed again" in stage.told[0][0]

    stage.play(story)


def test_a_failed_read_is_told_and_the_view_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_arguments: object, **_named: object) -> None:
        raise AppError("The disk is full.", code="disk_full")

    async def story() -> None:
        await stage.open_agent()
        await stage.say("Hello")
        with monkeypatch.context() as patched:
            patched.setattr(stage.services.messages, "page", broken)
            stage.view.open(stage.agent, stage.conversation)
            await stage.until(lambda: stage.errors)
        assert stage.rows("assistant")
        await stage.say("Again")
        assert stage.shown()[-1] == ("assistant", "You said: Again")
        assert {str(error) for error in stage.errors} == {"The disk is full."}
        stage.errors.clear()

    stage.play(story)


def test_view_modes_and_names_of_everything(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_rich()
        await stage.until(lambda: stage.view.model.rowCount())
        stage.view.area.verticalScrollBar().setValue(0)
        for mode in ("simple", "interactive", "debug"):
            QTest.mouseClick(stage.view.modes.button(mode), Qt.MouseButton.LeftButton)
            assert stage.view.model.mode == mode
            assert nameless(stage.view) == []
        stage.view.set_mode("simple")
        assert stage.rows("tool") == []

    stage.play(story)
