"""Where a built Lares begins; a script, because PyInstaller takes no `python -m`."""

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["--tool-child"]:
        # It is the Python of its tools too, which load nothing of ours but this.
        from app.adapters.tools.sandbox.child import main

        main(int(sys.argv[2]))
    else:
        from app.__main__ import program

        program()
