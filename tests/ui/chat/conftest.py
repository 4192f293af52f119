"""A conversation view on its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import qasync
from PySide6.QtWidgets import QApplication

from tests.support.window.chat_stage import Stage
from tests.support.window.household import Household


@pytest.fixture
def stage(
    qapp: QApplication, loop: qasync.QEventLoop, household: Household, data_folder: Path, wait_for: Callable[..., Any]
) -> Iterator[Stage]:
    engine = wait_for(household.open(data_folder))
    stage = Stage(qapp, loop, engine)
    yield stage
    stage.view.close()
    stage.view.deleteLater()
    wait_for(engine.close())
