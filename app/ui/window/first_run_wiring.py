"""Connects the first run with the rest of the window."""

from typing import TYPE_CHECKING

from app.ui.first_run.page import FirstRun

if TYPE_CHECKING:
    from app.ui.window.assembly import Assembly


def make_first_run(window: "Assembly") -> FirstRun:
    page = FirstRun(window.desk)
    page.show_folder(window.data_folder)
    page.demo_wanted.connect(window.actions.make_demo)
    page.server_wanted.connect(window.pages.add_server)
    page.made.connect(window.pages.agent_made)
    return page
