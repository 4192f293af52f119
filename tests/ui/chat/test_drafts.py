"""What was typed, queued or attached and not sent: it stays with its conversation."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from app.ui.chat.attachment import png_of
from app.ui.chat.cards.user_card import UserCard
from tests.support.window.chat_stage import Stage


def test_each_conversation_has_its_own_draft(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        stage.type("For the first")
        other = await stage.services.conversations.create(stage.agent.id)
        await stage.open(other)
        assert stage.view.composer.text == ""
        stage.type("For the other")
        await stage.open(stage.conversation)
        assert stage.view.composer.text == "For the first"
        stage.view.drafts.keep()
        assert stage.drafts.draft(other.id)["text"] == "For the other"

    stage.play(story)


def test_write_as_system_stays_with_its_conversation(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        stage.view.toggle_role()
        stage.type("A quiet hint")
        other = await stage.services.conversations.create(stage.agent.id)
        await stage.open(other)
        assert stage.view.composer.role.current == "user"
        await stage.open(stage.conversation)
        assert stage.view.composer.role.current == "system"

    stage.play(story)


def test_a_queued_message_is_kept_as_a_draft_when_the_window_closes(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        stage.server.hold()
        stage.type("First")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying)
        stage.type("Then this")
        stage.press(Qt.Key.Key_Return)
        stage.type("and half of that")
        stage.view.put_away()
        assert [words[0] for words in stage.told] == ["A message was not sent"]
        stage.server.release()
        assert stage.drafts.kept[stage.conversation.id]["text"] == "Then this\n\nand half of that"
        await stage.until(lambda: not stage.view.replying)
        assert [text for kind, text in stage.shown() if kind == "user"] == ["First"]

    stage.play(story)


@pytest.mark.parametrize(
    ("queued", "typed", "role"),
    [
        ("user", "", "user"),
        ("system", "", "system"),
        ("user", "A quiet hint", "user"),
        ("system", "My own words", "user"),
    ],
)
def test_a_queued_message_keeps_its_role_and_never_becomes_one_of_the_system(
    stage: Stage, queued: str, typed: str, role: str
) -> None:
    async def story() -> None:
        await stage.open_agent()
        stage.server.hold()
        stage.type("First")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying)
        composer = stage.view.composer
        composer.role.set_current(queued)
        stage.type("Then this")
        stage.press(Qt.Key.Key_Return)
        stage.view.toggle_role()
        stage.type(typed)
        stage.view.put_away()
        stage.server.release()
        assert composer.role.current == role
        assert composer.text == "\n\n".join(filter(None, ("Then this", typed)))

    stage.play(story)


def test_images_of_a_draft_and_of_a_queued_message_stay_with_their_conversation(stage: Stage) -> None:
    def picture(color: Qt.GlobalColor) -> bytes:
        image = QImage(8, 6, QImage.Format.Format_RGB32)
        image.fill(QColor(color))
        return png_of(image)

    async def story() -> None:
        await stage.open_agent()
        stage.server.hold()
        composer = stage.view.composer
        stage.type("First.")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying)
        composer.add_bytes("queued.png", picture(Qt.GlobalColor.red))
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.rows("queued"))
        composer.add_bytes("typed.png", picture(Qt.GlobalColor.blue))
        other = await stage.services.conversations.create(stage.agent.id)
        await stage.open(other)
        assert composer.attachments == ()
        await stage.open(stage.conversation)
        assert {one.name for one in composer.attachments} == {"typed.png"}
        assert len(stage.rows("queued")[0].images) == 1
        stage.server.release()
        await stage.until(lambda: len(stage.rows("assistant")) == 2 and not stage.view.replying)
        await stage.say("Both.")
        await stage.open(other)
        await stage.open(stage.conversation)
        assert composer.attachments == ()

    stage.play(story)


def test_an_edit_that_was_not_sent_comes_back_as_a_draft(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.say("Good morning")
        await stage.until(lambda: not stage.view.replying)
        other = await stage.services.conversations.create(stage.agent.id)
        for words, kept in (("", ""), (" to you", "Good morning to you")):
            stage.press(Qt.Key.Key_Up)
            card = stage.view.area.card(stage.rows("user")[0].key)
            assert isinstance(card, UserCard)
            assert card.editor is not None
            QTest.keyClicks(card.editor.field, words)
            await stage.open(other)
            assert stage.view.composer.text == ""
            await stage.open(stage.conversation)
            assert stage.view.composer.text == kept
        assert [text for kind, text in stage.shown() if kind == "user"] == ["Good morning"]
        stage.view.edit_last()
        card = stage.view.area.card(stage.rows("user")[0].key)
        assert isinstance(card, UserCard)
        assert card.editor is not None
        QTest.keyClicks(card.editor.field, " again")
        stage.view.leave()
        assert not card.editing
        assert stage.drafts.draft(stage.conversation.id)["text"] == "Good morning again\n\nGood morning to you"

    stage.play(story)
