"""A child process: the whole `lares` command, which prints what its window says, and closes it as a person would."""

import asyncio
import sys

from app.__main__ import main
from app.ui.application import Session
from tests.support.window.seeing import texts, until

run = Session.run


async def run_and_read(session: Session) -> None:
    running = asyncio.ensure_future(run(session))
    await until(lambda: session.assembly.centre.page not in ("", "starting"), "the window to get ready", 30)
    sys.stdout.write(texts(session.window))
    session.preferences.set("seen", True)
    session.window.close()
    await running


if __name__ == "__main__":
    Session.run = run_and_read
    sys.exit(main(sys.argv[1:]))
