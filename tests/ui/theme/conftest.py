"""The theme that widgets under test are drawn with."""

import pytest
from PySide6.QtWidgets import QApplication

from app.ui.theme import Theme
from tests.support.looks import plain_theme


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return plain_theme(qapp)
