"""A slash in the composer: snippets with places to fill in, commands by their word, and everything else a message."""

from collections.abc import Callable

from PySide6.QtCore import Qt

from app.bootstrap import OpenEngine
from app.domain.snippet import SETTING
from tests.support.window.opened_window import CTRL, OpenedWindow

Play = Callable[..., None]


THANKS = {"name": "Thank-you", "text": "Thank {{who}} for {{what}}, {{agent}}."}


async def demo_alone(engine: OpenEngine) -> None:
    await engine.services.agents.create_demo()


def test_a_snippet_is_written_in_the_settings_and_used_in_the_composer(play_live: Play) -> None:
    async def person(live: OpenedWindow) -> None:
        live.view.commands.run("snippets")
        page = live.view.centre.page_named("settings").snippets
        await live.until(page.isVisible, "the settings do not open")
        page.add.click()
        await live.write("Thank-you")
        await live.press(Qt.Key.Key_Tab)
        assert live.focus is page.cards[0].text
        page.cards[0].text.insertPlainText(THANKS["text"])
        await live.press(Qt.Key.Key_Tab)
        assert live.focus is page.cards[0].delete
        await _one_word(live)
        page.add.click()
        page.cards[1].name.setText("thank-you")
        settings = live.services.settings
        await live.until(lambda: page.cards[1].name_field.error, "two of one name")
        assert page.cards[1].name_field.error == "Another snippet has this name."
        live.view.show_tab("chat")
        await live.rest()
        assert await settings.get(SETTING) == [THANKS]
        await _uses(live)
        await _commands(live)
        live.view.pages.settings("snippets")
        page.cards[0].delete.click()
        await live.until(lambda: live.view.view.toasts.toasts, "nothing is said")
        assert await settings.get(SETTING) == [{"name": "thank-you", "text": ""}]
        live.view.view.toasts.toasts[0].button.click()
        await live.until(lambda: len(page.cards) == 1 and page.cards[0].snippet.text, "it does not come back")

    play_live(demo_alone, person)


async def _one_word(live: OpenedWindow) -> None:
    page = live.view.centre.page_named("settings").snippets
    card = page.cards[0]
    await live.until(lambda: card.kept_name, "it is not stored")
    card.name.setText("Thank you")
    await live.until(lambda: card.name_field.error, "two words are a name")
    assert "is one word" in card.name_field.error
    assert "“Thank-you”" in card.name_field.error
    await live.rest()
    assert await live.services.settings.get(SETTING) == [THANKS], "what had a name is lost"
    card.name.setText("Thank-you")


async def _uses(live: OpenedWindow) -> None:
    chat = live.view.chat
    editor, slash = chat.composer.editor, chat.slash
    await live.until(lambda: slash.snippets, "the composer does not know it")
    chat.setFocus()
    await live.write("/th")
    assert slash.isVisible()
    assert [index.data() for index in [slash.model.index(0)]] == ["/Thank-you, Thank {{who}} for {{what}}, {{agent}}."]
    await live.press(Qt.Key.Key_Return)
    assert chat.composer.text == "Thank {{who}} for {{what}}, Vesta (demo)."
    assert editor.textCursor().selectedText() == "{{who}}"
    editor.insertPlainText("Ada 🌋")
    await live.press(Qt.Key.Key_Tab)
    assert editor.textCursor().selectedText() == "{{what}}"
    await live.write("tea")
    assert chat.composer.text == "Thank Ada 🌋 for tea, Vesta (demo)."
    assert not slash.isVisible()
    await live.press(Qt.Key.Key_Z, CTRL)
    assert chat.composer.text != "Thank Ada 🌋 for tea, Vesta (demo)."
    chat.composer.clear()


async def _commands(live: OpenedWindow) -> None:
    chat = live.view.chat
    slash = chat.slash
    await live.write("/")
    words = [index.data().split(",")[0] for index in map(slash.model.index, range(slash.model.rowCount()))]
    assert words[:3] == ["/Thank-you", "/new", "/retry"]
    await live.press(Qt.Key.Key_Escape)
    assert not slash.isVisible()
    assert chat.composer.text == "/"
    await live.write("etc/hosts")
    assert not slash.isVisible()
    chat.composer.clear()
    await live.write("/fin")
    await live.press(Qt.Key.Key_Return)
    assert chat.composer.text == ""
    assert chat.find_bar.isVisible()
    await live.press(Qt.Key.Key_Escape)
    before = live.view.workspace.conversation.id
    chat.setFocus()
    await live.write("/new")
    await live.press(Qt.Key.Key_Return)
    await live.until(lambda: live.view.workspace.conversation.id != before, "no new conversation")
