"""A conversation view on its own."""

from collections.abc import Iterator

import pytest
import qasync
from PySide6.QtWidgets import QApplication

from tests.support.window.chat_stage import Stage


@pytest.fixture
def stage(qapp: QApplication, loop: qasync.QEventLoop) -> Iterator[Stage]:
    stage = Stage(qapp, loop)
    yield stage
    stage.view.close()
    stage.view.deleteLater()
