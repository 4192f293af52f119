#!/bin/sh
# Makes a root filesystem from Debian packages in which an ordinary user runs `lares serve`, without a window.
#
#     packaging/rootfs.sh TARGET [SUITE]          as root; SUITE is bookworm unless given
#
# Needs debootstrap and a way to Debian's mirror (MIRROR) and to PyPI (pip's own settings count, PIP_CERT too).
# Start it with whatever starts root filesystems: a container, systemd-nspawn, chroot, or without root
#     bwrap --bind TARGET / --dev /dev --proc /proc --unshare-user --uid 1000 --gid 1000 --setenv HOME /var/lib/lares lares serve
set -eu

TARGET=${1:?"usage: $0 TARGET [SUITE]"}
SUITE=${2:-bookworm}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
SOURCE=$(cd "$(dirname "$0")/.." && pwd)

[ "$(id -u)" = 0 ] || { echo "$0: run it as root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0: install debootstrap first" >&2; exit 1; }

# 1. Debian: an interpreter, its venv, certificates and time zones; no compiler, no display.
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates,tzdata "$SUITE" "$TARGET" "$MIRROR"

# 2. Lares itself.
mkdir -p "$TARGET/opt/lares"
for part in app resources pyproject.toml uv.lock LICENSE; do
    cp -R "$SOURCE/$part" "$TARGET/opt/lares/"
done
find "$TARGET/opt/lares" -name __pycache__ -prune -exec rm -rf {} +
rm -rf "$TARGET/opt/lares/resources/pictures"

# 3. Its libraries as uv.lock names them, but for those of the window.
chroot "$TARGET" python3 - <<'PYTHON'
import re, tomllib
from pathlib import Path

place = Path("/opt/lares")
window = ("pyside6", "shiboken6", "qasync")
wanted = tomllib.loads((place / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
locked = tomllib.loads((place / "uv.lock").read_text("utf-8"))["package"]
names = [re.split(r"[<>=!~ ;\[]", one)[0] for one in wanted]
(place / "requirements.txt").write_text("\n".join(one for one in names if not one.startswith(window)) + "\n")
versions = {}
for one in locked:
    versions.setdefault(one["name"], set()).add(one.get("version"))
pins = [f"{name}=={found.pop()}" for name, found in versions.items() if name != "lares" and len(found) == 1]
(place / "constraints.txt").write_text("\n".join(pins) + "\n")
PYTHON
cp -L /etc/resolv.conf "$TARGET/etc/resolv.conf"
if [ -n "${PIP_CERT:-}" ] && [ -r "$PIP_CERT" ]; then
    cp -L "$PIP_CERT" "$TARGET/tmp/pip-cert.pem"
    export PIP_CERT=/tmp/pip-cert.pem
    # They name files of the outside, and would win over it.
    unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE
fi
chroot "$TARGET" python3 -m venv /opt/lares/.venv
chroot "$TARGET" /opt/lares/.venv/bin/pip install --no-cache-dir --only-binary :all: \
    -r /opt/lares/requirements.txt -c /opt/lares/constraints.txt
chroot "$TARGET" /opt/lares/.venv/bin/pip uninstall -q -y pip setuptools
for place in "$TARGET"/opt/lares/.venv/lib/python3*/site-packages; do
    echo /opt/lares >"$place/lares.pth"
done
chroot "$TARGET" /opt/lares/.venv/bin/python -m compileall -q /opt/lares/app

# 4. The command, and the user that it runs as: everything that lasts is in /var/lib/lares.
cat >"$TARGET/usr/local/bin/lares" <<'SHELL'
#!/bin/sh
export LARES_DATA="${LARES_DATA:-/var/lib/lares}" PYTHONDONTWRITEBYTECODE=1
exec /opt/lares/.venv/bin/python -m app "$@"
SHELL
chmod 755 "$TARGET/usr/local/bin/lares"
chroot "$TARGET" useradd --system --uid 1000 --create-home --home-dir /var/lib/lares --shell /bin/sh lares
chmod 700 "$TARGET/var/lib/lares"

rm -rf "$TARGET"/tmp/pip-cert.pem "$TARGET"/var/cache/apt/* "$TARGET"/var/lib/apt/lists/* "$TARGET"/var/log/*.log
echo "Made $TARGET ($(du -sh "$TARGET" | cut -f1)). Inside, the user lares runs: lares serve"
