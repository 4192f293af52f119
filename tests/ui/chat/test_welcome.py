"""What an empty conversation says, in one piece also after its agent changed."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from app.ui.chat.welcome import Welcome
from app.ui.theme import Theme
from tests.support.values.samples import agent


def test_an_agent_that_changes_leaves_the_welcome_whole(theme: Theme, show: Callable[[QWidget], QWidget]) -> None:
    over = QWidget()
    over.resize(700, 600)
    welcome = Welcome(theme, over)
    welcome.show_agent(agent(model="demo/vesta"))
    welcome.show()
    show(over)
    welcome.place()
    whole = welcome.height()
    welcome.show_agent(agent(model="demo/vesta", max_steps=3))
    assert welcome.height() == whole
    assert all(welcome.rect().contains(button.geometry()) for button in welcome.buttons)


def test_a_long_name_is_not_cut_by_the_edges(theme: Theme, show: Callable[[QWidget], QWidget]) -> None:
    over = QWidget()
    over.resize(700, 600)
    welcome = Welcome(theme, over)
    welcome.show_agent(agent(name="Donaudampfschifffahrtsgesellschaftskapitänsmützenträgerverein e. V."))
    show(over)
    widest = max(welcome.title.text().split(), key=len)
    assert welcome.title.fontMetrics().horizontalAdvance(widest) <= welcome.width()
    assert welcome.title.text().endswith("schaftskapi…")
