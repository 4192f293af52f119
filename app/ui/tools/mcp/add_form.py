"""Adding a server, or changing one: a pasted block, or a form. Nothing of it starts anything."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.domain.error import AppError
from app.domain.mcp import McpDraft, McpPaste, McpServer
from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label, breakable
from app.ui.kit.layout import column_of, empty, frame_of, row_of, scrolled
from app.ui.kit.segmented import Segmented
from app.ui.kit.wording import counted
from app.ui.state.view_context import ViewContext
from app.ui.theme import Theme

READ_MS = 250
"""After the last key a block is read anew."""
KEPT = "••••••"
"""In place of a value that is stored; whoever leaves it keeps the value."""

EXAMPLE = """{
  "mcpServers": {
    "files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/a/folder"]}
  }
}"""
"""Of a block as others write it."""


class AddForm(QWidget):
    added = Signal(str)
    """The id of the server that was added last, or changed."""
    closed = Signal()

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, theme = view, view.theme
        self._changing: McpServer | None = None
        self._paste = McpPaste()
        self.way = Segmented(
            theme, (("paste", self.tr("Paste")), ("form", self.tr("Form"))), "paste", self.tr("How to add")
        )
        self.title = Label(theme, "", "strong")
        self.block = _text(theme, self.tr("A block from Claude Desktop, Cursor or VS Code"), 150)
        self.block.setFont(theme.font("mono"))
        self.block.setPlaceholderText(EXAMPLE)
        self.understood = Label(theme, "", "label", "muted")
        self.understood.setWordWrap(True)
        self._cards = QVBoxLayout()
        self.asks: dict[str, QLineEdit] = {}
        self._pasting, self._filling = QWidget(), QWidget()
        words = Label(theme, self.tr("Paste a block from Claude Desktop, Cursor or VS Code"), "label", "text2")
        column_of(theme, words, self.block, self.understood, self._cards, parent=self._pasting)
        self._build_form()
        self.cancel = Button(theme, self.tr("Cancel"), "ghost")
        self.add = Button(theme, self.tr("Add"), "primary")
        content, foot = frame_of("surface"), frame_of("panel")
        head = row_of(theme, self.title, None, self.way)
        column_of(theme, head, self._pasting, self._filling, None, parent=content, inset=(20, 14, 20, 14), gap=12)
        row_of(theme, None, self.cancel, self.add, parent=foot, inset=(20, 10, 20, 10))
        column_of(theme, scrolled(content, self.tr("Add MCP servers")), foot, parent=self, gap=0)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(READ_MS)
        self._wait.timeout.connect(lambda: self._view.run(self._read(), self))
        self.block.textChanged.connect(self._wait.start)
        self.way.chosen.connect(lambda: self._show_way())
        self.transport.chosen.connect(lambda: self._show_way())
        self.cancel.clicked.connect(lambda: self.closed.emit())
        self.add.clicked.connect(lambda: self._view.run(self._add(), self))
        self.begin()

    def _build_form(self) -> None:
        theme = self._view.theme
        choices = (
            ("stdio", self.tr("A program here")),
            ("streamable_http", self.tr("An address")),
            ("sse", self.tr("An older address (SSE)")),
        )
        self.transport = Segmented(theme, choices, "stdio", self.tr("Where the server is"))
        self.name, self.command, self.folder = QLineEdit(), QLineEdit(), QLineEdit()
        self.args, self.env = _text(theme, self.tr("Arguments"), 84), _text(theme, self.tr("Variables"), 64)
        self.url, self.token, self.headers = QLineEdit(), QLineEdit(), _text(theme, self.tr("Headers"), 64)
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        rows = (
            (self.name, self.tr("Name"), ""),
            (self.command, self.tr("Command"), "stdio"),
            (self.args, self.tr("Arguments, one on each line"), "stdio"),
            (self.folder, self.tr("Folder (your home folder if empty)"), "stdio"),
            (self.env, self.tr("Variables, as NAME=value on each line; values go to the keyring"), "stdio"),
            (self.url, self.tr("Address"), "http"),
            (self.token, self.tr("Token (goes to the keyring)"), "http"),
            (self.headers, self.tr("Headers, as Name: value on each line; values go to the keyring"), "http"),
        )
        column = column_of(theme, row_of(theme, self.transport, None), parent=self._filling, gap=4)
        self._rows: list[tuple[str, QWidget]] = []
        for field, words, kind in rows:
            label = Label(theme, words, "label", "text2")
            field.setAccessibleName(words)
            column.addWidget(label)
            column.addWidget(field)
            self._rows += [(kind, label), (kind, field)]

    def begin(self, server: McpServer | None = None) -> None:
        """For new servers, or to change one."""
        self._changing = server
        self.title.setText(self.tr("Add MCP servers") if server is None else self.tr("Change {}").format(server.name))
        self.way.setVisible(server is None)
        self.way.set_current("paste" if server is None else "form")
        self.block.setPlainText("")
        self._fill(McpDraft(name="") if server is None else server.draft, server)
        self._show_paste(McpPaste())
        self._show_way()
        (self.block if server is None else self.command).setFocus()

    def _fill(self, draft: McpDraft, server: McpServer | None) -> None:
        self.transport.set_current(draft.transport)
        for field, text in (
            (self.name, draft.name),
            (self.command, draft.command),
            (self.folder, draft.folder),
            (self.url, draft.url),
            (self.token, KEPT if server is not None and server.has_token else ""),
        ):
            field.setText(text)
        self.args.setPlainText("\n".join(draft.args))
        self.env.setPlainText("\n".join(f"{name}={KEPT}" for name in draft.env))
        self.headers.setPlainText("\n".join(f"{name}: {KEPT}" for name in draft.headers))

    def _show_way(self) -> None:
        pasting = self.way.current == "paste"
        self._pasting.setVisible(pasting)
        self._filling.setVisible(not pasting)
        program = self.transport.current == "stdio"
        for kind, widget in self._rows:
            widget.setVisible(not kind or (kind == "stdio") == program)
        self.add.setText(self.tr("Save") if self._changing is not None else self.tr("Add"))
        self.add.setEnabled(not pasting or bool(self._paste.drafts))

    # Pasting

    async def _read(self) -> None:
        text = self.block.toPlainText()
        found = await self._view.services.mcp_servers.parse(text)
        if text == self.block.toPlainText():
            self._show_paste(found)

    def _show_paste(self, found: McpPaste) -> None:
        theme, self._paste = self._view.theme, found
        self.asks.clear()
        empty(self._cards)
        number = len(found.drafts)
        said = counted(number, self.tr("{} server understood"), self.tr("{} servers understood")) if number else ""
        secrets = sum(len(one.env) + len(one.headers) + bool(one.token) for one in found.drafts)
        if secrets:
            values = counted(secrets, self.tr("{} value goes"), self.tr("{} values go"))
            said = self.tr("{0}. {1} to the keyring.").format(said, values)
        self.understood.setText(" ".join((found.problem or said, *(found.notes if number else ()))))
        self.understood.set_kind("danger" if found.problem else "ok")
        for draft in found.drafts:
            self._cards.addWidget(launch_card(self._view, draft))
        for ask in found.asks:
            field = QLineEdit()
            field.setAccessibleName(ask.title)
            if ask.secret:
                field.setEchoMode(QLineEdit.EchoMode.Password)
            self._cards.addWidget(Label(theme, ask.title, "label", "text2"))
            self._cards.addWidget(field)
            self.asks[ask.text] = field
        self._show_way()

    # Adding

    async def _add(self) -> None:
        servers, last = self._view.services.mcp_servers, ""
        try:
            if self._changing is not None:
                last = (await servers.update(self._changing.id, self._draft(), self._changing.version)).id
            elif self.way.current == "form":
                last = (await servers.add(self._draft())).id
            else:
                for draft in self._paste.drafts:
                    inputs = {name: self.asks[name].text() for name in draft.inputs if name in self.asks}
                    last = (await servers.add(draft.model_copy(update={"inputs": inputs}))).id
        except AppError as error:
            self._view.tell_error(error)
            return
        self.added.emit(last)

    def _draft(self) -> McpDraft:
        token = self.token.text()
        before = {} if self._changing is None else dict.fromkeys(self._changing.launch.input_names)
        return McpDraft(
            name=self.name.text(),
            transport=self.transport.current,  # pyright: ignore[reportArgumentType]
            command=self.command.text(),
            args=tuple(line for line in self.args.toPlainText().split("\n") if line),
            folder=self.folder.text(),
            env=_named(self.env.toPlainText(), "="),
            url=self.url.text(),
            headers=_named(self.headers.toPlainText(), ":"),
            token=None if token == KEPT else token,
            inputs=before,
        )


def launch_card(view: ViewContext, draft: McpDraft) -> QWidget:
    """What would be started, whole: command and arguments, folder, names of variables."""
    theme, launch, card = view.theme, draft.launch, frame_of("card")
    command = Label(theme, breakable(launch.written), "mono")
    command.setWordWrap(True)
    column = column_of(theme, Label(theme, draft.name, "strong"), command, parent=card, inset=(12, 10, 12, 10), gap=4)
    facts = list[str]()
    if launch.transport == "stdio":
        facts.append(card.tr("Folder: {}").format(launch.folder or card.tr("your home folder")))
    if names := (*launch.env_names, *launch.header_names):
        facts.append(card.tr("Variables and headers: {}").format(", ".join(names)))
    for fact in facts:
        label = Label(theme, fact, "label", "muted")
        label.setWordWrap(True)
        column.addWidget(label)
    return card


def _text(theme: Theme, name: str, height: int) -> QPlainTextEdit:
    field = QPlainTextEdit()
    field.setAccessibleName(name)
    field.setTabChangesFocus(True)
    field.setFixedHeight(theme.px(height))
    return field


def _named(text: str, sign: str) -> dict[str, str | None]:
    """Names and values, one pair on each line."""
    pairs = (line.partition(sign) for line in text.split("\n") if line.strip())
    return {name.strip(): None if value.strip() == KEPT else value.strip() for name, _, value in pairs}
