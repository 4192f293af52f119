"""The local API in the settings: its switch, where it serves, the token, programs to begin with, the last requests."""

from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.domain.address import is_here
from app.domain.api import ApiStatus
from app.domain.event import Changed
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.copying import copy_text
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, follow, frame_of, row_of
from app.ui.kit.markdown import MarkdownView
from app.ui.kit.number_field import NumberField
from app.ui.kit.segmented import Segmented
from app.ui.kit.switch import Switch
from app.ui.settings.api_request_table import RequestTable
from app.ui.settings.api_snippets import LANGUAGES, NEW_AGENT, Place, snippet
from app.ui.state.view_context import ViewContext

LOOK_MS = 1000
"""Requests have no event of their own: thousands may come a second, and nobody looks but here."""
LAST_PORT = 65535


class Snippet(MarkdownView):
    """As high as its text."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        self.setFixedHeight(self.height_for(self.width()))


class LocalApi(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._status: ApiStatus | None = None
        theme = view.theme
        self.switch = Switch(theme, self.tr("Local API"))
        self._state = Badge(theme, "")
        self.url = ElidedLabel(theme, "", "mono")
        self._copy_url = IconButton(theme, "copy", self.tr("Copy the address"), size=14, box=26)
        self.port = NumberField(theme)
        self.port.setRange(1, LAST_PORT)
        self.port.setGroupSeparatorShown(False)
        self.port.setAccessibleName(self.tr("Port"))
        self._reach = Label(theme, "", "base", "text2")
        self._problem = Label(theme, "", "label", "danger")
        self._origins = Label(theme, "", "label", "text2")
        self.token = QLineEdit()
        self._token_note = Label(theme, "", "label", "text2")
        self.make = Button(theme, self.tr("Create a token"), "", "key")
        self.show_token = Button(theme, self.tr("Show"), "ghost", "eye")
        self.copy_token = Button(theme, self.tr("Copy"), "ghost", "copy")
        self.free = Button(theme, self.tr("Turn off"), "ghost")
        self.programs = Switch(theme, self.tr("Programs may add programs"))
        self._programs_note = Label(theme, "", "label", "text2")
        self.language = Segmented(theme, LANGUAGES, "python", self.tr("Language of the example"))
        self.snippet = Snippet(theme)
        self.requests = RequestTable(theme)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._lay_out()
        self._connect()
        self._hide_token()

    # Parts

    def _lay_out(self) -> None:
        theme = self._view.theme
        for label in (self._problem, self._origins, self._token_note, self._programs_note):
            label.setWordWrap(True)
        for name, button in (
            (self.tr("Show the token"), self.show_token),
            (self.tr("Copy the token"), self.copy_token),
        ):
            button.setAccessibleName(name)
        column_of(
            theme,
            self._serving_card(),
            self._token_card(),
            self._programs_card(),
            self._snippet_card(),
            self.requests,
            parent=self,
            gap=12,
        )

    def _serving_card(self) -> QWidget:
        theme, card = self._view.theme, frame_of("card")
        about = Label(
            theme,
            self.tr(
                "Programs can use your agents through the Letta V1 API: letta-client for Python and TypeScript, "
                "or plain HTTP. You see what they do in this window at once."
            ),
            "base",
            "text2",
        )
        about.setWordWrap(True)
        self._reach.setWordWrap(True)
        place = row_of(theme, Label(theme, self.tr("Address"), "base", "muted"), self.url, self._copy_url, gap=8)
        place.addStretch(1)
        place.addWidget(Label(theme, self.tr("Port"), "base", "muted"))
        place.addWidget(self.port)
        head = row_of(theme, self.switch, self._state, None)
        column_of(
            theme,
            head,
            about,
            self._reach,
            place,
            self._problem,
            self._origins,
            parent=card,
            inset=(14, 10, 14, 12),
            gap=8,
        )
        return card

    def _token_card(self) -> QWidget:
        theme, card = self._view.theme, frame_of("card")
        title = Label(theme, self.tr("Token"), "base")
        title.set_weight(600)
        self.token.setReadOnly(True)
        self.token.setAccessibleName(self.tr("Token"))
        follow(theme, self.token, lambda: self.token.setFont(theme.font("mono")))
        self._no_token = QWidget()
        row = row_of(theme, self.token, self.show_token, self.copy_token, self.make, self.free, self._no_token, gap=6)
        row.setStretch(0, 1)
        row.setStretch(5, 1)
        column_of(theme, title, self._token_note, row, parent=card, inset=(14, 10, 14, 12), gap=6)
        return card

    def _programs_card(self) -> QWidget:
        theme, card = self._view.theme, frame_of("card")
        column_of(
            theme,
            row_of(theme, self.programs, None),
            self._programs_note,
            parent=card,
            inset=(14, 10, 14, 12),
            gap=6,
        )
        return card

    def _snippet_card(self) -> QWidget:
        theme, card = self._view.theme, frame_of("card")
        title = Label(theme, self.tr("An example program"), "base")
        title.set_weight(600)
        column_of(
            theme,
            row_of(theme, title, None, self.language),
            self.snippet,
            parent=card,
            inset=(14, 10, 14, 14),
            gap=8,
        )
        return card

    def _connect(self) -> None:
        view, do = self._view, self._do
        self.switch.clicked.connect(self._switched)
        self.port.editingFinished.connect(self._port_typed)
        self._copy_url.clicked.connect(lambda: copy_text(view.theme, self.url.whole_text, self._copy_url))
        self.make.clicked.connect(lambda: do(self._make_token()))
        self.free.clicked.connect(lambda: do(self._free()))
        self.show_token.clicked.connect(lambda: do(self._show_token()))
        self.copy_token.clicked.connect(lambda: do(self._copy_token()))
        self.programs.clicked.connect(self._programs_switched)
        self.language.chosen.connect(lambda: self._show_snippet())
        self._timer.timeout.connect(lambda: view.run(self._read_requests(), self))
        view.workspace.changed.connect(self._on_changed)
        view.workspace.loaded.connect(lambda: self._read_if_seen())
        view.workspace.opened.connect(lambda: self._show_snippet())
        view.theme.changed.connect(self.snippet.restyle)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Where it cannot be done, the page shows how things stand then."""
        self._view.run(work, self, failed=lambda _: self.read())

    # What is shown

    def read(self) -> None:
        self._view.run(self._read(), self)

    async def _read(self) -> None:
        self._show(await self._view.services.api.status())
        if self._revealed and self._status is not None and self._status.has_token:
            self._reveal(await self._view.services.api.token() or "")
        await self._read_requests()

    async def _read_requests(self) -> None:
        self.requests.show_rows(await self._view.services.api.requests(), bool(self._status and self._status.running))

    def _show_programs(self, status: ApiStatus) -> None:
        self.programs.setChecked(status.adds_programs)
        self.programs.set_busy(False)
        self.programs.setEnabled(status.has_token)
        words = self.tr(
            "Tools with a source, sent over the API, run as code on this computer, in a sandbox. Off, they are refused."
        )
        self._programs_note.setText(
            words if status.has_token else self.tr("Create a token first: it is needed for this.")
        )

    def _programs_switched(self) -> None:
        self.programs.set_busy(True)
        self._do(self._set_programs(self.programs.isChecked()))

    async def _set_programs(self, allowed: bool) -> None:
        self._show(await self._view.services.api.set_adds_programs(allowed))

    def _on_changed(self, event: Changed) -> None:
        if event.kind == "setting":
            self._read_if_seen()

    def _read_if_seen(self) -> None:
        if self.isVisible():
            self.read()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self._hide_token()

    def _show(self, status: ApiStatus) -> None:
        self._status = status
        self.switch.setChecked(status.running)
        self.switch.set_busy(False)
        if status.running and status.token_error:
            self._state.set_badge(self.tr("Refuses all"), "danger", "warning")
        elif status.running:
            self._state.set_badge(self.tr("Serving"), "ok", "check")
        elif status.error:
            self._state.set_badge(self.tr("Cannot serve"), "danger", "warning")
        else:
            self._state.set_badge(self.tr("Off"), "", "")
        self._show_programs(status)
        self.url.set_text(status.url or self.tr("Off. The address would be {}").format(_address(status)))
        self.url.set_kind("text" if status.running else "muted")
        self._copy_url.setEnabled(status.running)
        if not self.port.hasFocus():
            self.port.setValue(status.port)
        here = is_here(_address(status))
        self._reach.setText(
            self.tr("Only this computer can reach it.")
            if here
            else self.tr("settings.toml lets other computers reach it, at {}.").format(status.host)
        )
        self._reach.set_kind("text2" if here else "warn")
        self._problem.setText(f"{status.error} {status.hint}".strip())
        self._problem.setVisible(bool(status.error))
        origins = self.tr("Web pages that may use it (settings.toml): {}").format(", ".join(status.origins))
        self._origins.setText(origins)
        self._origins.setVisible(bool(status.origins))
        self._show_token_part(status)
        self._show_snippet()

    def _show_token_part(self, status: ApiStatus) -> None:
        has_token, lost = status.has_token, bool(status.token_error)
        if lost:
            words = f"{status.token_error} {status.token_hint}".strip()
        elif has_token:
            words = self.tr(
                "Every request must carry it, as Authorization: Bearer … It is stored with your other keys."
            )
        elif status.shared:
            words = self.tr(
                "No token is needed, and other people have accounts on this computer: each of them may use your "
                "agents and read everything they know. Create a token."
            )
        else:
            words = self.tr("No token needed: every program on this computer may use your agents. Web pages may not.")
        self._token_note.setText(words)
        self._token_note.set_kind("danger" if lost else "warn" if status.shared and not has_token else "text2")
        for widget in (self.token, self.show_token, self.copy_token):
            widget.setVisible(has_token)
        self.free.setVisible(has_token or lost)
        self.make.setText(self.tr("Create a new one") if has_token or lost else self.tr("Create a token"))
        self.make.setAccessibleName(self.make.text())
        self._no_token.setVisible(not has_token)
        if not has_token:
            self._hide_token()

    def _show_snippet(self) -> None:
        status, agent = self._status, self._view.workspace.agent
        if status is None:
            return
        language = self.language.current
        place = Place(_address(status), agent.id if agent is not None else NEW_AGENT, _asks(status))
        self.snippet.set_markdown(f"```{language}\n{snippet(language, place)}```")
        self.snippet.fit()

    # What is done

    async def _turn(self, on: bool, port: int) -> None:
        self.switch.set_busy(True)
        self._show(await (self._view.services.api.start(port) if on else self._view.services.api.stop()))

    def _switched(self, on: bool) -> None:
        self._do(self._turn(on, self.port.value()))

    def _port_typed(self) -> None:
        status = self._status
        if status is not None and status.running and self.port.value() != status.port:
            self._do(self._turn(True, self.port.value()))

    async def _make_token(self) -> None:
        if self._status is not None and self._status.has_token:
            title = self.tr("Create a new token?")
            text = self.tr("Programs that still use the old one will be refused.")
            answers = (("cancel", self.tr("Cancel"), "ghost"), ("make", self.tr("Create a new one"), "primary"))
            if (await self._view.ask.ask(title, text, answers))[0] != "make":
                return
        self._reveal(await self._view.services.api.make_token())
        await self._read()

    async def _free(self) -> None:
        self._show(await self._view.services.api.set_token(None))

    async def _show_token(self) -> None:
        if self._revealed:
            self._hide_token()
        else:
            self._reveal(await self._view.services.api.token() or "")

    @property
    def _revealed(self) -> bool:
        return self.token.echoMode() == QLineEdit.EchoMode.Normal

    def _reveal(self, token: str) -> None:
        self.token.setText(token)
        self.token.setCursorPosition(0)
        self.token.setEchoMode(QLineEdit.EchoMode.Normal)
        self.show_token.setText(self.tr("Hide"))

    def _hide_token(self) -> None:
        self.token.setText("•" * 24)
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.show_token.setText(self.tr("Show"))

    async def _copy_token(self) -> None:
        copy_text(self._view.theme, await self._view.services.api.token() or "", self.copy_token)


def _address(status: ApiStatus) -> str:
    """Where it serves, or would."""
    host = f"[{status.host}]" if ":" in status.host else status.host
    return status.url or f"http://{host}:{status.port}"


def _asks(status: ApiStatus) -> bool:
    """Whether programs must carry a token, be it one that cannot be read at the moment."""
    return status.has_token or bool(status.token_error)
