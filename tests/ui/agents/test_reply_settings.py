"""What an agent's reply settings say of themselves."""

from pytestqt.qtbot import QtBot

from app.ui.agents.reply_settings import ReplySettings
from app.ui.theme import Theme
from tests.support.values import samples


def test_the_memory_helper_says_why_it_does_nothing_for_the_demo(theme: Theme, qtbot: QtBot) -> None:
    settings = ReplySettings(theme)
    qtbot.addWidget(settings)
    agent = samples.agent()
    for model, able, said in (
        ("demo/vesta", False, "the scripted demo changes its memory by itself"),
        ("ollama/qwen3:8b", True, "Proposes edits of memory after a reply"),
    ):
        settings.show_agent(agent.model_copy(update={"model": model}))
        assert settings._proposals.isEnabled() is able
        assert said in settings._proposing.sentence.text()
