"""Where a built Lares begins; a script, because PyInstaller takes no `python -m`."""

from app.__main__ import program

if __name__ == "__main__":
    program()
