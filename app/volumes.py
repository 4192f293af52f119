"""Whether a folder is on a network volume, where SQLite's locks cannot be trusted."""

import ctypes
import subprocess
import sys
from pathlib import Path

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "davfs", "9p", "afs", "ceph", "glusterfs"}
)
MOUNTS = Path("/proc/mounts")
_REMOTE_DRIVE = 4


def on_network_volume(folder: Path) -> bool:
    """False also where the system does not say."""
    try:
        if sys.platform == "win32":
            return bool(ctypes.windll.kernel32.GetDriveTypeW(f"{folder.anchor}") == _REMOTE_DRIVE)
        if sys.platform == "darwin":
            listed = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=False).stdout
            return kind_of(folder, _mac_mounts(listed)) in NETWORK
        return kind_of(folder, _linux_mounts(MOUNTS.read_text("utf-8", "replace"))) in NETWORK
    except (OSError, subprocess.SubprocessError):
        return False


def kind_of(folder: Path, mounts: dict[str, str]) -> str:
    """The kind of file system of the deepest mount above a folder; `fuse.sshfs` counts as its last half."""
    above = [str(place) for place in (folder, *folder.parents)]
    kind = next((mounts[place] for place in above if place in mounts), "")
    return "nfs" if kind == "fuse.sshfs" else kind.removeprefix("fuse.")


def _linux_mounts(text: str) -> dict[str, str]:
    """Lines of /proc/mounts: `device place kind options`; blanks in a place are written \\040."""
    fields = [line.split() for line in text.splitlines()]
    return {field[1].replace("\\040", " "): field[2] for field in fields if len(field) > 2}


def _mac_mounts(text: str) -> dict[str, str]:
    """Lines of `mount`: `device on place (kind, options)`."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        place, bracket, kinds = line.partition(" on ")[2].rpartition(" (")
        if bracket:
            found[place] = kinds.partition(",")[0].rstrip(")")
    return found
