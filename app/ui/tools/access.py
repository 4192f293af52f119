"""What a tool may use of this computer: the network, folders, variables. Nothing until a person switches it on."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QVBoxLayout, QWidget

from app.domain.agent import Agent
from app.domain.error import AppError
from app.domain.sandbox import Enforced, PackageState
from app.domain.tool import NO_ACCESS, Requirement, Tool, ToolAccess, ToolFolder, ToolPatch
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, frame_of, hairline, row_of, scrolled
from app.ui.kit.segmented import Segmented
from app.ui.kit.switch import Switch
from app.ui.state.view_context import ViewContext
from app.ui.tools.variables import VariableList


class AccessPane(QWidget):
    closed = Signal()

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, theme = view, view.theme
        self._tool: Tool | None = None
        self._agent: Agent | None = None
        self._shown: ToolAccess | None = None
        self.setAccessibleName(self.tr("What the tool may use"))
        self.title = Label(theme, "", "strong")
        self.back = Button(theme, self.tr("Back to the tools"), "ghost", "chevron-left", "small")
        self.network = Switch(theme, self.tr("Network"))
        self._network_note = self._note(
            self.tr(
                "Python's own connections to public addresses. Never this computer or your own network; programs that "
                "the tool starts stay without."
            )
        )
        self.add_folder = Button(theme, self.tr("Add a folder"), "", "plus", "small")
        self._folders_note = self._note(self.tr("Without one a tool sees an empty folder of its own and nothing else."))
        self.others = Switch(theme, self.tr("Other agents"))
        self._others_note = self._note(
            self.tr(
                "A tool reads and changes the memory of the agent that calls it, through “client” and “agent_state”. "
                "With this also that of all other agents."
            )
        )
        self.packages = QLineEdit()
        self.packages.setPlaceholderText(self.tr("Packages, like requests==2.32.3, httpx"))
        self.packages.setAccessibleName(self.tr("Packages that the tool needs"))
        self.keep_packages = Button(theme, self.tr("Save"), "", "", "small")
        self.install = Button(theme, self.tr("Install"), "primary", "download", "small")
        self._packages_state = self._note("")
        self._python: PackageState | None = None
        self._not_held = Label(theme, "", "label", "warn")
        self._not_held.setWordWrap(True)
        self.variables = VariableList(theme, "")
        self.agent_variables = VariableList(theme, "")
        self._lay_out()
        self.back.clicked.connect(lambda _checked=False: self.closed.emit())
        self.network.clicked.connect(lambda _checked=False: self._save(network=self.network.isChecked()))
        self.packages.textChanged.connect(lambda: self._tell_packages())
        self.packages.returnPressed.connect(self._keep_packages)
        self.keep_packages.clicked.connect(lambda _checked=False: self._keep_packages())
        self.install.clicked.connect(lambda _checked=False: self._view.run(self._ask_install(), self))
        self.others.clicked.connect(lambda _checked=False: self._save(other_agents=self.others.isChecked()))
        self.add_folder.clicked.connect(lambda _checked=False: self._pick())
        self.variables.wanted.connect(self._keep_variables)
        self.agent_variables.wanted.connect(self._keep_agent_variables)

    def _note(self, text: str) -> Label:
        label = Label(self._view.theme, text, "label", "muted")
        label.setWordWrap(True)
        return label

    def _lay_out(self) -> None:
        theme = self._view.theme
        bar, body, rows = frame_of("panel"), QWidget(), QWidget()
        row_of(theme, self.back, self.title, None, parent=bar, inset=(10, 6, 10, 6))
        self._folders: QVBoxLayout = column_of(theme, parent=rows, gap=4)
        parts = (
            self._not_held,
            row_of(theme, self.network, None),
            self._network_note,
            hairline(),
            Label(theme, self.tr("Folders"), "strong"),
            self._folders_note,
            rows,
            row_of(theme, self.add_folder, None),
            hairline(),
            Label(theme, self.tr("Packages"), "strong"),
            self._packages_state,
            row_of(theme, self.packages, self.keep_packages, self.install, gap=6),
            hairline(),
            row_of(theme, self.others, None),
            self._others_note,
            hairline(),
            Label(theme, self.tr("Environment variables"), "strong"),
            self.variables,
            self.agent_variables,
            None,
        )
        column_of(theme, *parts, parent=body, inset=(16, 12, 16, 12), gap=10)
        column_of(theme, bar, hairline(), scrolled(body, self.accessibleName()), parent=self, gap=0)

    def show_tool(self, tool: Tool, agent: Agent | None) -> None:
        before, self._tool, self._agent = self._tool, tool, agent
        if before is None or (before.id, before.pip_requirements) != (tool.id, tool.pip_requirements):
            self.packages.setText(", ".join(one.told for one in tool.pip_requirements))
            self._python = None
            self._view.run(self._read_packages(tool.id), self)
        self.title.setText(self.tr("What “{}” may use").format(tool.name))
        self.network.setChecked(tool.access.network)
        self.network.set_busy(False)
        self.others.setChecked(tool.access.other_agents)
        if tool.access != self._shown:
            self._shown = tool.access
            self._fill_folders()
        self.variables.show_names(self.tr("For this tool, whoever calls it"), tool.secret_names)
        self.agent_variables.setVisible(agent is not None)
        if agent is not None:
            words = self.tr("For all tools of {}; they win over those of the tool").format(agent.name)
            self.agent_variables.show_names(words, agent.extras.secret_names)

    def show_enforced(self, enforced: Enforced) -> None:
        held = enforced.network and enforced.files
        words = self.tr("Not enforced here: a tool can use the network and your files whatever is set below. {}")
        self._not_held.setText("" if held else words.format(enforced.why))
        self._not_held.setVisible(not held)

    # Packages

    async def _read_packages(self, tool_id: str) -> None:
        state = await self._view.services.tools.packages(tool_id)
        if self._tool is not None and self._tool.id == tool_id:
            self._python = state
            self._tell_packages()

    def _tell_packages(self) -> None:
        state, tool = self._python, self._tool
        needed = tool is not None and bool(tool.pip_requirements)
        words = self.tr("Names from pypi.org, with an exact version or without, one after the other with commas.")
        if state is not None and not state.python:
            words = self.tr("No Python with pip was found on this computer, which packages need.")
        elif state is not None and needed:
            words = self.tr("Not installed yet. They would be loaded by Python {}.")
            words = self.tr("Installed for Python {}.") if state.installed else words
            words = words.format(state.python)
        self._packages_state.setText(words)
        self.keep_packages.setEnabled(tool is not None and self._wanted() != tool.pip_requirements)
        self.install.setVisible(needed and state is not None and bool(state.python) and not state.installed)

    def _wanted(self) -> tuple[Requirement, ...]:
        pieces = (one.strip().partition("==") for one in self.packages.text().split(",") if one.strip())
        return tuple(Requirement(name=name.strip(), version=version.strip() or None) for name, _, version in pieces)

    def _keep_packages(self) -> None:
        if self._tool is not None and self.keep_packages.isEnabled():
            work = self._view.services.tools.update(self._tool.id, ToolPatch(pip_requirements=self._wanted()))
            self._view.run(work, self, done=self._saved, failed=self._view.tell_error)

    async def _ask_install(self) -> None:
        tool = self._tool
        if tool is None:
            return
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("install", self.tr("Install"), "primary"))
        answer, _ = await self._view.ask.ask(
            self.tr("Install packages for “{}”?").format(tool.name),
            self.tr(
                "{} and what they need come from pypi.org. They are programs of strangers; they are installed and "
                "loaded in the sandbox."
            ).format(", ".join(one.told for one in tool.pip_requirements)),
            answers,
        )
        if answer != "install":
            return
        self.install.setEnabled(False)
        self._packages_state.setText(self.tr("Installing…"))
        try:
            self._python = await self._view.services.tools.install_packages(tool.id)
        except AppError as error:
            self._view.tell_error(error)
        finally:
            self.install.setEnabled(True)
            self._tell_packages()

    # Folders

    def _fill_folders(self) -> None:
        theme, access = self._view.theme, self._shown or NO_ACCESS
        empty(self._folders)
        for folder in access.folders:
            row = QWidget()
            path = ElidedLabel(theme, folder.path, "mono")
            choices = (("read", self.tr("Read")), ("write", self.tr("Read and write")))
            how = Segmented(
                theme,
                choices,
                "write" if folder.writable else "read",
                self.tr("What it may do in {}").format(folder.path),
            )
            remove = IconButton(theme, "trash", self.tr("Remove {}").format(folder.path), size=16, box=28)
            how.chosen.connect(partial(self._set_folder, folder))
            remove.clicked.connect(lambda _checked=False, folder=folder: self._drop_folder(folder))
            parts = (Icon(theme, "folder", "teal", 16), path, how, remove)
            row_of(theme, *parts, parent=row, gap=8).setStretch(1, 1)
            self._folders.addWidget(row)

    def _pick(self) -> None:
        dialog = QFileDialog(self, self.tr("A folder that the tool may use"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.give_folder)
        dialog.open()

    def give_folder(self, path: str) -> None:
        """Read only, until a person says otherwise."""
        folders = (self._shown or NO_ACCESS).folders
        path = str(Path(path))
        if path and all(one.path != path for one in folders):
            self._save(folders=(*folders, ToolFolder(path=path)))

    def _set_folder(self, folder: ToolFolder, how: str) -> None:
        folders = (self._shown or NO_ACCESS).folders
        changed = folder.model_copy(update={"writable": how == "write"})
        self._save(folders=tuple(changed if one == folder else one for one in folders))

    def _drop_folder(self, folder: ToolFolder) -> None:
        self._save(folders=tuple(one for one in (self._shown or NO_ACCESS).folders if one != folder))
        self.add_folder.setFocus()

    def _save(self, **fields: object) -> None:
        tool = self._tool
        if tool is None:
            return
        access = tool.access.model_copy(update=fields)
        self._view.run(
            self._view.services.tools.update(tool.id, ToolPatch(access=access)),
            self,
            done=self._saved,
            failed=self._failed,
        )

    def _saved(self, tool: Tool) -> None:
        self.show_tool(tool, self._agent)

    def _failed(self, error: AppError) -> None:
        self._shown = None
        if self._tool is not None:
            self.show_tool(self._tool, self._agent)
        self._view.tell_error(error)

    def _keep_variables(self, values: dict[str, str | None]) -> None:
        if self._tool is None:
            return

        def kept(tool: Tool) -> None:
            self.variables.added()
            self._saved(tool)

        work = self._view.services.tools.replace_variables(self._tool.id, values)
        self._view.run(work, self, done=kept, failed=self._view.tell_error)

    def _keep_agent_variables(self, values: dict[str, str | None]) -> None:
        agent = self._agent
        if agent is None:
            return

        def kept(changed: Agent) -> None:
            self.agent_variables.added()
            if self._tool is not None:
                self.show_tool(self._tool, changed)

        work = self._view.services.agent_secrets.replace(agent.id, values, self._view.workspace.origin)
        self._view.run(work, self, done=kept, failed=self._view.tell_error)
