"""A data folder whose engine ends with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Config
from tests.support.processes.lares_process import end_engine


@pytest.fixture
def config(data_folder: Path) -> Iterator[Config]:
    data_folder.mkdir(parents=True)
    (data_folder / "settings.toml").write_text("[engine]\nidle_seconds = 1\n[servers]\nfind = false\n")
    config = Config.load()
    yield config
    end_engine(config)
