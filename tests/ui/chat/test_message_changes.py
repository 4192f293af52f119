"""What a person does to one message: sees its time, rates a reply, writes it anew, deletes it, and takes all back."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.ui.chat.cards.reply_card import AssistantCard
from app.ui.chat.cards.user_card import UserCard
from app.ui.kit.buttons import IconButton
from app.ui.kit.labels import Label
from app.ui.kit.wording import moment
from tests.support.window.chat_stage import Stage


def card_of(stage: Stage, kind: str) -> UserCard | AssistantCard:
    at = next(at for at, row in enumerate(stage.view.model.rows) if row.kind == kind)
    card = stage.view.area.show_row(at, focus=True)
    assert isinstance(card, UserCard | AssistantCard)
    card._show_tools()
    return card


def tool(card: UserCard | AssistantCard, name: str) -> IconButton:
    return next(button for button in card.findChildren(IconButton) if button.accessibleName() == name)


def test_one_message_at_a_time(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.say("Hello there")
        reply = stage.rows("assistant")[0]
        card = card_of(stage, "assistant")
        times = [label.text() for label in card._tools.findChildren(Label)]
        assert times == [moment(reply.at).strftime("%H:%M")]
        await _rates(stage)
        await _rewrites(stage, reply.text)
        await _deletes(stage)

    stage.play(story)


async def _rates(stage: Stage) -> None:
    step_id = stage.rows("assistant")[0].message.step_id
    for name, expected in (("Good reply", "positive"), ("Bad reply", "negative"), ("Bad reply", None)):
        QTest.mouseClick(tool(card_of(stage, "assistant"), name), Qt.MouseButton.LeftButton)
        await stage.until(lambda expected=expected: stage.rows("assistant")[0].feedback == expected)
        given = (await stage.services.steps.get(step_id)).feedback
        assert (given[step_id].feedback if step_id in given else None) == expected
        thumbs = card_of(stage, "assistant")
        assert tool(thumbs, "Good reply").isChecked() == (expected == "positive")
        assert tool(thumbs, "Bad reply").isChecked() == (expected == "negative")


async def _rewrites(stage: Stage, before: str) -> None:
    card = card_of(stage, "assistant")
    QTest.keyClick(card, Qt.Key.Key_E)
    assert card.editing
    QTest.keyClick(card.editor.field, Qt.Key.Key_Escape)
    assert not card.editing
    QTest.keyClick(card, Qt.Key.Key_E)
    QTest.keyClick(card.editor.field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(card.editor.field, "Said otherwise")
    QTest.keyClick(card.editor.field, Qt.Key.Key_Return)
    await stage.until(lambda: stage.rows("assistant")[0].text == "Said otherwise")
    edited = card_of(stage, "assistant")
    assert edited.row.state == "edited"
    assert edited.switcher.count.text() == "2 of 2"
    assert edited.rect().contains(edited.switcher.geometry())
    QTest.mouseClick(tool(edited, "Previous version of this message"), Qt.MouseButton.LeftButton)
    await stage.until(lambda: stage.rows("assistant")[0].text == before)


async def _deletes(stage: Stage) -> None:
    QTest.keyClick(card_of(stage, "user"), Qt.Key.Key_Delete)
    await stage.until(lambda: not stage.rows("user"))
    assert len(stage.rows("assistant")) == 1
    notice, undo = stage.ways_back[-1]
    assert notice.text == "The message was deleted"
    undo()
    await stage.until(lambda: len(stage.rows("user")) == 1)


def test_while_a_reply_is_written_nothing_is_deleted_and_the_person_is_told(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        await stage.say("Hello there")
        stage.server.hold()
        stage.type("And now?")
        stage.press(Qt.Key.Key_Return)
        await stage.until(lambda: stage.view.replying and len(stage.rows("user")) == 2)
        QTest.keyClick(card_of(stage, "user"), Qt.Key.Key_Delete)
        await stage.until(lambda: stage.told)
        assert stage.told[0][2] == "error"
        assert len(stage.rows("user")) == 2
        stage.server.release()
        await stage.until(lambda: not stage.view.replying)

    stage.play(story)
