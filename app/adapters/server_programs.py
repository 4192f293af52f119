"""Model servers that are installed on this computer: where they are, and starting one. No shell, fixed arguments."""

import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.detached import child_environment, detached
from app.domain.error import ModelError, NotFound

OLLAMA = "ollama"
WELL_KNOWN = (
    Path("/usr/local/bin/ollama"),
    Path("/opt/homebrew/bin/ollama"),
    Path("/Applications/Ollama.app/Contents/Resources/ollama"),
    Path("/snap/bin/ollama"),
    Path(os.environ.get("LOCALAPPDATA", "/nowhere")) / "Programs" / "Ollama" / "ollama.exe",
)
"""Where Ollama's installers put it. A window that was started by a click often has a shorter PATH than a terminal."""
OUTPUT_BYTES = 1024 * 1024
LAST_BYTES = 2000


class InstalledServers:
    """See `app.ports.system.ServerPrograms`."""

    def __init__(self, logs: Path, well_known: Sequence[Path] = WELL_KNOWN) -> None:
        """`logs`: the folder for what a started program says."""
        self._logs, self._well_known = logs, well_known

    def installed(self) -> tuple[str, ...]:
        return (OLLAMA,) if self._program() is not None else ()

    def start(self, name: str, host: str, port: int) -> "StartedServer":
        program = self._program() if name == OLLAMA else None
        if program is None:
            raise NotFound(
                "Lares did not find Ollama on this computer.",
                hint="Start it yourself, or install it from https://ollama.com/download.",
            )
        output = self._logs / "ollama.log"
        environment = child_environment(os.environ) | {"OLLAMA_HOST": f"{host}:{port}"}
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
            fresh = output.exists() and output.stat().st_size > OUTPUT_BYTES
            with output.open("wb" if fresh else "ab") as said:
                begun = said.tell()
                process = subprocess.Popen(
                    [str(program), "serve"],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    cwd=Path.home(),
                    env=environment,
                    close_fds=True,
                    **detached(),
                )
        except OSError as problem:
            raise ModelError(
                f"Ollama could not be started: {problem.strerror or problem}.",
                code="server_down",
                hint=f"Start it yourself. The program is {program}.",
            ) from problem
        return StartedServer(process, output, begun)

    def _program(self) -> Path | None:
        on_path = shutil.which("ollama")
        if on_path is not None:
            return Path(on_path)
        return next((path for path in self._well_known if path.is_file() and os.access(path, os.X_OK)), None)


class StartedServer:
    """See `app.ports.system.StartedProgram`."""

    def __init__(self, process: "subprocess.Popen[Any]", output: Path, begun: int) -> None:
        """`begun`: where in `output` its words begin."""
        self._process, self._output, self._begun = process, output, begun
        # Waited for to the end, so that no dead process stays in the table.
        threading.Thread(target=process.wait, name="server-wait", daemon=True).start()

    def last_words(self) -> str | None:
        if self._process.returncode is None:
            return None
        with self._output.open("rb") as said:
            said.seek(max(self._begun, self._output.stat().st_size - LAST_BYTES))
            lines = said.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
