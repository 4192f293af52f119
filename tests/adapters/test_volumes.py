"""Network volumes are recognised by what the system says of its mounts."""

from pathlib import Path

import pytest

from app.adapters.volumes import _linux_mounts, _mac_mounts, kind_of, on_network_volume

LINUX = """/dev/vda / ext4 rw,relatime 0 0
server:/home /home/zoë nfs4 rw 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
zoë@host: /mnt/far fuse.sshfs rw 0 0
"""
MAC = """/dev/disk3s1 on / (apfs, local, journaled)
//zoë@nas/share on /Volumes/My share (smbfs, nodev, nosuid)
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/zoë/.local/share/lares", "nfs4"),
        ("/mnt/my share/lares", "cifs"),
        ("/mnt/far/lares", "nfs"),
        ("/home/other", "ext4"),
    ],
)
def test_the_deepest_mount_above_the_folder_counts(folder: str, kind: str):
    assert kind_of(Path(folder), _linux_mounts(LINUX)) == kind


def test_the_mounts_of_a_mac_are_read_too():
    assert kind_of(Path("/Volumes/My share/lares"), _mac_mounts(MAC)) == "smbfs"
    assert kind_of(Path("/Users/zoë"), _mac_mounts(MAC)) == "apfs"


def test_a_folder_of_this_computer_is_local(tmp_path: Path):
    assert not on_network_volume(tmp_path)
