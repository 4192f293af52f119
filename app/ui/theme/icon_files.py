"""Icons as files, for the few places where a stylesheet can only name a path."""

from pathlib import Path

from PySide6.QtCore import QTemporaryDir

from app.resources import read_resource


class IconFiles:
    """Tinted copies in a folder that vanishes with the application."""

    def __init__(self) -> None:
        self._folder = QTemporaryDir()

    def url(self, name: str, color: str) -> str:
        path = Path(self._folder.path()) / f"{name}-{color.lstrip('#')}.svg"
        if not path.exists():
            path.write_text(read_resource("icons", f"{name}.svg").replace("currentColor", color), encoding="utf-8")
        return f'url("{path.as_posix()}")'
