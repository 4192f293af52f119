"""Packages of tools: each set is installed once, in the sandbox, from wheels, in a folder named by its content."""

import asyncio
import hashlib
import json
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from app.adapters.tools.sandbox.interpreters import find_python
from app.domain.error import Invalid
from app.domain.sandbox import MEGABYTE, SandboxLimits
from app.domain.tool import Requirement
from app.ports.sandbox import FoundPython, ReadyPackages, Sandbox, SandboxCall

INDEX = "https://pypi.org/simple"
LIMITS = SandboxLimits(
    seconds=600, memory=2_048 * MEGABYTE, file=1_024 * MEGABYTE, folder=1_024 * MEGABYTE, open_files=1_024
)
"""Of an installation: large libraries are hundreds of megabytes."""
NO_PYTHON = "No Python with pip was found on this computer, which tools with packages need."
INSTALL = """
def install(names: list, target: str, index: str) -> str:
    import io, os, sys, contextlib
    os.umask(0o022)
    os.environ["TMPDIR"] = os.path.join(target, "tmp")
    os.mkdir(os.environ["TMPDIR"])
    from pip._internal.cli.main import main
    from pip._vendor import certifi
    words = ["install", "--isolated", "--no-input", "--no-cache-dir", "--disable-pip-version-check"]
    words += ["--progress-bar", "off", "--no-warn-conflicts", "--only-binary", ":all:", "--index-url", index]
    words += ["--cert", certifi.where(), "--retries", "0", "--timeout", "20"]
    words += ["--target", os.path.join(target, "site"), "--", *names]
    return str(main(words))
"""


@dataclass
class PackageFolders:
    """As `app.ports.sandbox.Packages`."""

    home: Path
    """In whose folder `packages` the sets lie; it is made when the first one is."""
    sandbox: Sandbox
    index: str = INDEX
    _python: FoundPython | None = None
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def folder(self) -> Path:
        return self.home / "packages"

    async def python(self) -> FoundPython | None:
        self._python = self._python or await asyncio.to_thread(find_python)
        return self._python

    async def ready(self, wanted: tuple[Requirement, ...]) -> ReadyPackages | None:
        python = await self._needed_python()
        place = self.folder / _key(python, wanted)
        found = await asyncio.to_thread((place / "site").is_dir)
        return ReadyPackages(python=python, folder=place / "site") if found else None

    async def agree(self, wanted: tuple[Requirement, ...]) -> None:
        place = self.folder / f"{_key(await self._needed_python(), wanted)}.agreed"

        def work() -> None:
            self.folder.mkdir(parents=True, exist_ok=True)
            place.touch()

        await asyncio.to_thread(work)

    async def agreed(self, wanted: tuple[Requirement, ...]) -> bool:
        place = self.folder / f"{_key(await self._needed_python(), wanted)}.agreed"
        return await asyncio.to_thread(place.exists)

    async def install(self, wanted: tuple[Requirement, ...]) -> ReadyPackages:
        async with self._one:
            known = await self.ready(wanted)
            if known is not None:
                return known
            python = await self._needed_python()
            staging = await asyncio.to_thread(self._staged)
            try:
                await self._install(python, wanted, staging)
                await asyncio.to_thread(self._keep, staging, self.folder / _key(python, wanted))
            finally:
                await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)
            return ReadyPackages(python=python, folder=self.folder / _key(python, wanted) / "site")

    async def _install(self, python: FoundPython, wanted: tuple[Requirement, ...], staging: Path) -> None:
        call = SandboxCall(
            source=INSTALL,
            function="install",
            arguments={"names": _names(python, wanted), "target": str(staging), "index": self.index},
            network=True,
            packages=(await asyncio.to_thread(_alone, python.pip, staging),),
            python=python,
            target=staging,
            limits=LIMITS,
        )
        result = await self.sandbox.run(call)
        if result.ok and result.value == "0":
            return
        said = [line for line in f"{result.stderr}\n{result.stdout}".splitlines() if line.startswith("ERROR: ")]
        why = " ".join(line.removeprefix("ERROR: ") for line in said[-2:]) or result.error or "pip gave no reason."
        raise Invalid(
            f"The packages could not be installed: {why[:600]}",
            code="packages_failed",
            hint="Look at the names and versions, and whether this computer is online. Only wheels are taken.",
        )

    def _staged(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="new-", dir=self.folder))
        place.chmod(0o777)  # a root's calls are other people
        return place

    def _keep(self, staging: Path, place: Path) -> None:
        for name in ("tmp", "pip"):
            shutil.rmtree(staging / name, ignore_errors=True)
        staging.chmod(0o755)
        (staging / "site").mkdir(exist_ok=True)
        if not place.exists():
            staging.rename(place)

    async def _needed_python(self) -> FoundPython:
        python = await self.python()
        if python is None:
            raise Invalid(NO_PYTHON, hint="Install Python 3.10 or newer with pip.", code="no_python")
        return python


def _alone(pip: Path, staging: Path) -> Path:
    """A place with pip and nothing else: what lies beside it would count as installed, and be looked through."""
    if pip.is_file():
        return pip
    place = staging / "pip"
    place.mkdir()
    place.chmod(0o755)
    (place / "pip").symlink_to(pip / "pip")
    return place


def _names(python: FoundPython, wanted: tuple[Requirement, ...]) -> list[str]:
    """As pip reads them. A Python that is not Lares's own cannot load its pydantic."""
    names = [one.told for one in wanted]
    if not python.is_own and all(one.name.lower() != "pydantic" for one in wanted):
        names.append("pydantic")
    return sorted(names)


def _key(python: FoundPython, wanted: tuple[Requirement, ...]) -> str:
    told = [python.version.rpartition(".")[0], sys.platform, sysconfig.get_platform(), _names(python, wanted)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
