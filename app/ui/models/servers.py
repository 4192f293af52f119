"""The model servers: what each offers or why it does not answer; adding, changing, testing, taking away."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.domain.address import is_here
from app.domain.event import Changed
from app.domain.model import ModelHandle, Provider, ProviderDraft, ProviderModels, ServerPreset
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, follow, frame_of, row_of
from app.ui.kit.wording import counted
from app.ui.models.consent import ask_consent
from app.ui.models.server_form import ServerForm
from app.ui.models.server_presets import ServerPresets
from app.ui.state.view_context import ViewContext


class Servers(QWidget):
    changed = Signal()

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._services = view.services
        theme = view.theme
        about = Label(
            theme,
            self.tr(
                "Lares works with Ollama and any OpenAI-compatible server. With a server on this computer, "
                "everything stays here; with any other, what an agent reads and writes is sent there."
            ),
            "base",
            "text2",
        )
        about.setWordWrap(True)
        self._list = QWidget()
        self._rows: QVBoxLayout = column_of(theme, parent=self._list, gap=8)
        self.presets = ServerPresets(view)
        self.form = ServerForm(theme)
        self.form.hide()
        self.add_button = Button(theme, self.tr("Add a server"), "primary", "plus")
        self._look = Button(theme, self.tr("Look again"), "ghost", "refresh")
        column_of(
            theme,
            about,
            self._list,
            self.presets,
            self.form,
            row_of(theme, self.add_button, self._look, None),
            parent=self,
            gap=12,
        )
        self.add_button.clicked.connect(lambda: self._open_presets())
        self.presets.picked.connect(self.begin_with)
        self._look.clicked.connect(lambda: self.read(refresh=True))
        self.form.test_wanted.connect(self._test)
        self.form.save_wanted.connect(self._save)
        self.form.closed.connect(self._closed)
        view.workspace.changed.connect(self._on_changed)

    def read(self, refresh: bool = False) -> None:
        self._view.run(self._read(refresh), self)

    async def _read(self, refresh: bool = False) -> None:
        self._look.set_busy(True)
        try:
            offers = await self._services.models.list(refresh)
            status = await self._services.system.status()
        finally:
            self._look.set_busy(False)
        self.form.show_secrets(status.secrets)
        self._fill(offers)

    def _on_changed(self, event: Changed) -> None:
        if event.kind == "provider" and self.isVisible():
            self.read()

    def _fill(self, offers: Sequence[ProviderModels]) -> None:
        empty(self._rows)
        for offer in offers:
            self._rows.addWidget(self._card(offer))

    def _card(self, offer: ProviderModels) -> QWidget:
        theme, provider = self._view.theme, offer.provider
        card = frame_of("card")
        name = Label(theme, provider.name, "base")
        name.set_weight(600)
        demo = provider.kind == "demo"
        address = ElidedLabel(theme, self.tr("Built in, scripted") if demo else provider.base_url, "label", "muted")
        badges: list[QWidget] = [self._state(offer)]
        if not demo and not is_here(provider.base_url):
            badges.append(Badge(theme, self.tr("Not local"), "info", "upload"))
        if provider.variable:
            badges.append(Badge(theme, self.tr("From {}").format(provider.variable), "", "terminal"))
        elif provider.has_key:
            badges.append(Badge(theme, self.tr("Key stored"), "", "key"))
        buttons = [] if demo else self._buttons(provider)
        head = row_of(theme, Icon(theme, "flame" if demo else "server", "text2"), name, address, gap=8)
        head.setStretch(2, 1)
        strut = QWidget()
        follow(theme, strut, lambda: strut.setFixedSize(0, theme.px(26)))
        for widget in (*badges, *buttons, strut):
            head.addWidget(widget)
        column = column_of(theme, head, parent=card, inset=(12, 8, 0, 8), gap=2)
        said = f"{offer.error} {offer.hint}".strip() if offer.error else self._names(offer)
        if said:
            failed = bool(offer.error) and not provider.awaits_consent
            line = Label(theme, said, "label", "danger" if failed else "text2")
            line.setWordWrap(True)
            column.addLayout(row_of(theme, line, inset=(24, 0, 8, 0)))
        return card

    def _names(self, offer: ProviderModels) -> str:
        names = [model.name for model in offer.models]
        if len(names) <= 6:
            return ", ".join(names)
        return self.tr("{} and {} more").format(", ".join(names[:5]), len(names) - 5)

    def _state(self, offer: ProviderModels) -> Badge:
        if offer.provider.awaits_consent:
            return Badge(self._view.theme, self.tr("Not allowed yet"), "warn", "shield")
        if offer.error:
            return Badge(self._view.theme, self.tr("Does not answer"), "danger", "warning")
        number = len(offer.models)
        words = counted(number, self.tr("{} model"), self.tr("{} models"))
        return Badge(self._view.theme, words, "ok" if number else "warn", "check" if number else "warning")

    def _buttons(self, provider: Provider) -> list[QWidget]:
        theme = self._view.theme
        if provider.awaits_consent:
            allow = Button(theme, self.tr("Allow…"), "", "", "small")
            allow.setAccessibleName(self.tr("Allow server {}").format(provider.name))
            allow.clicked.connect(lambda: self._view.run(self._allow(provider), self))
            return [allow]
        if provider.variable:
            return []
        edit = IconButton(theme, "edit", self.tr("Change server {}").format(provider.name), size=14, box=26)
        delete = IconButton(theme, "trash", self.tr("Remove server {}").format(provider.name), size=14, box=26)
        edit.clicked.connect(lambda: self._begin(provider))
        delete.clicked.connect(lambda: self._view.run(self._delete(provider), self))
        return [edit, delete]

    async def _allow(self, provider: Provider) -> None:
        if await ask_consent(self._view, provider):
            await self._read(refresh=True)

    # Adding and changing

    def _open_presets(self) -> None:
        self.add_button.hide()
        self.presets.open()
        self._begin(None)

    def begin_with(self, preset: ServerPreset | None) -> None:
        """A new server, as one that is well known or as any other."""
        self.add_button.hide()
        self.presets.open()
        if preset is None:
            self._begin(None)
            return
        taken = [offer.provider.name for offer in self._view.catalog.known.offers]
        self.form.begin_with(preset, taken)

    def _begin(self, provider: Provider | None) -> None:
        self.add_button.hide()
        self.form.begin(provider)

    def _closed(self) -> None:
        self.presets.fold()
        self.add_button.show()
        focus = QApplication.focusWidget()
        if focus is not None and self.form.isAncestorOf(focus):
            self.add_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _test(self, draft: ProviderDraft, provider_id: str) -> None:
        work = self._services.providers.test(draft, provider_id or None)
        self._view.run(work, self.form, done=self.form.show_result, failed=self.form.show_problem)

    def _save(self, draft: ProviderDraft, provider_id: str) -> None:
        self._view.run(self._store(draft, provider_id), self.form, failed=self.form.show_problem)

    async def _store(self, draft: ProviderDraft, provider_id: str) -> None:
        if provider_id:
            await self._services.providers.update(provider_id, draft)
        else:
            await self._services.providers.add(draft)
        self.form.end()
        await self._read(refresh=True)

    async def _delete(self, provider: Provider) -> None:
        using = [row.agent.name for row in self._view.workspace.agents.rows if self._uses(row.agent.model, provider)]
        text = self.tr("Its key is deleted too. The server itself is not touched.")
        if using:
            text = self.tr("Agents that use it need another model: {}.").format(", ".join(using)) + " " + text
        answers = (
            ("cancel", self.tr("Cancel"), "ghost"),
            ("delete", self.tr("Remove {}").format(provider.name), "danger"),
        )
        key, _ = await self._view.ask.ask(self.tr("Remove “{}”?").format(provider.name), text, answers)
        if key == "delete":
            await self._services.providers.delete(provider.id)
            await self._read()

    def _uses(self, handle: str, provider: Provider) -> bool:
        return ModelHandle.parse(handle).provider == provider.name
