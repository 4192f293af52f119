"""Panes that give way to one at a time, and rows of widgets that go on in a further row."""

import gc
import itertools
import random
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

from app.ui.kit.flow import Flow
from app.ui.kit.panes import Pane, Panes
from app.ui.theme import Theme

SIDE = ((0, 200), (1200, 300))


def _panes(theme: Theme) -> tuple[Panes, dict[str, QWidget]]:
    shown: dict[str, QWidget] = {key: QLabel(key) for key in ("list", "text", "why")}
    panes = (
        Pane("list", "List", shown["list"], SIDE, "Width of the list"),
        Pane("text", "Text", shown["text"]),
        Pane("why", "Why", shown["why"], SIDE, "Width of the reasons"),
    )
    return Panes(theme, panes, "list", "Part of the view", 800), shown


def _resize(panes: QWidget, width: int) -> None:
    panes.resize(width, 300)
    QApplication.processEvents()


def _seen(shown: dict[str, QWidget]) -> set[str]:
    return {key for key, widget in shown.items() if widget.isVisible()}


def test_a_narrow_window_shows_one_pane_and_a_wide_one_all_at_their_widths(theme: Theme, show: Callable) -> None:
    panes, shown = _panes(theme)
    turns: list[bool] = []
    panes.narrowed.connect(turns.append)
    _resize(show(panes), 1000)
    assert _seen(shown) == {"list", "text", "why"}
    assert not panes.row.isVisible()
    assert (shown["list"].width(), shown["why"].width()) == (200, 200)
    _resize(panes, 1300)
    assert (shown["list"].width(), shown["why"].width()) == (300, 300)
    _resize(panes, 700)
    assert _seen(shown) == {"list"}
    assert shown["list"].width() == 700
    panes.row.button("why").click()
    assert _seen(shown) == {"why"}
    panes.show_pane("text")
    assert (_seen(shown), panes.current) == ({"text"}, "text")
    panes.set_present("text", False)
    assert _seen(shown) == {"list"}, "a pane that is not there was the one to see"
    _resize(panes, 1000)
    assert _seen(shown) == {"list", "why"}
    assert turns[-2:] == [True, False]


def test_a_border_stays_where_a_person_drew_it(theme: Theme, show: Callable) -> None:
    panes, shown = _panes(theme)
    _resize(show(panes), 1000)
    panes.splitter.moveSplitter(260, 1)
    assert shown["list"].width() == 260
    _resize(panes, 1040)
    assert shown["list"].width() == 260
    _resize(panes, 1300)
    assert shown["list"].width() == 300, "for another room its own width holds"


def test_a_flow_outlives_widgets_that_come_and_go(theme: Theme, show: Callable) -> None:
    dice = random.Random(7)
    holder = QWidget()
    column = QVBoxLayout(holder)
    box = QWidget()
    flow, labels = Flow(box), []
    column.addWidget(box)
    show(holder)
    for _ in range(1500):
        turn = dice.random()
        if turn < 0.35 or not labels:
            labels.append(QLabel("x" * dice.randint(1, 20)))
            flow.addWidget(labels[-1])
        elif turn < 0.45:
            labels.pop(dice.randrange(len(labels))).deleteLater()
        elif turn < 0.5:
            flow.removeWidget(labels[0])
            labels.pop(0).deleteLater()
        elif turn < 0.7:
            dice.choice(labels).setVisible(dice.random() < 0.5)
        elif turn < 0.8:
            holder.resize(dice.randint(50, 600), dice.randint(50, 400))
        elif turn < 0.81:
            gc.collect(1)
        elif turn < 0.82:
            box.deleteLater()
            box, labels = QWidget(), []
            flow = Flow(box)
            column.addWidget(box)
        else:
            QApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            assert flow.count() == len(labels)
    assert labels
    for one in labels:
        one.show()
    holder.resize(300, 400)
    QApplication.processEvents()
    rows = [one.geometry() for one in labels]
    assert all(not first.intersects(second) for first, second in itertools.pairwise(rows))
