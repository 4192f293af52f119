"""Where a built Lares begins; a script, because PyInstaller takes no `python -m`."""

import sys

from app.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
