"""Network volumes are recognised by what the system says of its mounts."""

from pathlib import Path

import pytest

from app.volumes import _linux_mounts, _mac_mounts, kind_of, on_network_volume

LINUX = """/dev/vda / ext4 rw,relatime 0 0
server:/data /data/zoë nfs4 rw 0 0
//nas/share /net/my\\040share cifs rw 0 0
zoë@host: /net/far fuse.sshfs rw 0 0
"""
MAC = """/dev/disk3s1 on / (apfs, local, journaled)
//zoë@nas/share on /Volumes/My share (smbfs, nodev, nosuid)
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/data/zoë/.local/share/lares", "nfs4"),
        ("/net/my share/lares", "cifs"),
        ("/net/far/lares", "nfs"),
        ("/data/other", "ext4"),
    ],
)
def test_the_deepest_mount_above_the_folder_counts(folder: str, kind: str):
    assert kind_of(Path(folder), _linux_mounts(LINUX)) == kind


def test_the_mounts_of_a_mac_are_read_too():
    assert kind_of(Path("/Volumes/My share/lares"), _mac_mounts(MAC)) == "smbfs"
    assert kind_of(Path("/Library/zoë"), _mac_mounts(MAC)) == "apfs"


def test_a_folder_of_this_computer_is_local(tmp_path: Path):
    assert not on_network_volume(tmp_path)
