"""Another look comes in portions: no turn of the loop grows with the widgets, and all look right at the end."""

import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.theme import Theme
from app.ui.theme.dressing import MANY, TOGETHER, Hearers
from app.ui.theme.tokens import DARK, LIGHT

WIDGETS = 160


@pytest.fixture
def patient(theme: Theme) -> Iterator[Theme]:
    theme.patient = True
    yield theme
    theme.patient = False
    theme.apply()


def page(theme: Theme) -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    for number in range(WIDGETS // 2):
        column.addWidget(Label(theme, f"Label {number}", kind="muted"))
        column.addWidget(Button(theme, f"Button {number}", "primary"))
    return made


@pytest.fixture
def stack(theme: Theme, show: Callable[[QWidget], QWidget]) -> QStackedWidget:
    """One page that is shown, and one that was and is hidden now."""
    made = QStackedWidget()
    for _ in range(2):
        made.addWidget(page(theme))
    made.setCurrentIndex(1)
    made.resize(400, 300)
    show(made)
    made.setCurrentIndex(0)
    return made


def ink(label: QWidget) -> QColor:
    return label.palette().color(label.foregroundRole())


def test_a_patient_change_takes_many_short_turns(patient: Theme, stack: QStackedWidget, qtbot: QtBot) -> None:
    steps = patient._dressing
    turns: list[float] = []
    go_on = steps._go_on

    def timed() -> None:
        begun = time.thread_time()
        go_on()
        turns.append(time.thread_time() - begun)

    steps._timer.timeout.disconnect()
    steps._timer.timeout.connect(timed)
    before = stack.grab().toImage()
    patient.set_mode("dark")
    assert patient.dark
    assert not stack.updatesEnabled(), "it is painted while half of it has the old look"
    hidden = stack.widget(1).findChild(Label)
    assert hidden is not None
    qtbot.waitUntil(lambda: not steps._timer.isActive(), timeout=20_000)
    steps._timer.timeout.disconnect()
    steps._timer.timeout.connect(go_on)
    assert max(turns) < sum(turns) / 3, "one turn does most of it"
    assert stack.updatesEnabled()
    assert stack.grab().toImage() != before
    assert ink(hidden) == QColor(DARK.muted)


def test_it_looks_as_if_it_had_come_at_once(patient: Theme, stack: QStackedWidget, qtbot: QtBot) -> None:
    patient.set_mode("dark")
    qtbot.waitUntil(lambda: not patient._dressing._timer.isActive(), timeout=20_000)
    gently = stack.grab().toImage()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    sheet = app.styleSheet()
    app.setStyleSheet("")
    app.setStyleSheet(sheet)
    assert stack.grab().toImage() == gently


def test_a_change_of_mind_halfway_ends_right(patient: Theme, stack: QStackedWidget, qtbot: QtBot) -> None:
    before = stack.grab().toImage()
    patient.set_mode("dark")
    patient.set_mode("light")
    qtbot.waitUntil(lambda: not patient._dressing._timer.isActive(), timeout=20_000)
    assert stack.updatesEnabled()
    assert stack.grab().toImage() == before
    hidden = stack.widget(1).findChild(Label)
    assert hidden is not None
    assert ink(hidden) == QColor(LIGHT.muted)
    assert hidden.testAttribute(Qt.WidgetAttribute.WA_WState_Polished)


def test_everybody_hears_of_it_once_in_portions_and_the_gone_are_forgotten(qapp: QApplication) -> None:
    hearers, heard = Hearers(qapp), list[int]()
    for number in range(3 * TOGETHER):
        hearers.signal().connect(lambda number=number: heard.append(number))
    portions = sum(1 for _ in hearers.tell())
    assert sorted(heard) == list(range(3 * TOGETHER))
    assert portions == 3
    for _ in range(2 * MANY * TOGETHER):
        gone = QObject()
        hearers.signal().connect(gone.deleteLater)
        del gone
    assert sum(1 for _ in hearers.tell()) <= MANY + 4
    hearers.deleteLater()
