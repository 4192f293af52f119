"""The form of one model server: name, address, key; a test makes a real call and says what came of it."""

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit

from app.domain.address import is_here, place_of, web_address
from app.domain.error import AppError
from app.domain.model import Provider, ProviderDraft, ProviderKind, ProviderModels, ServerPreset
from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.field import Field
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, reveal, row_of
from app.ui.kit.segmented import Segmented
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import counted
from app.ui.theme import Theme

NAME = re.compile(r"[\w][\w .-]*")
EXAMPLE = "http://127.0.0.1:8080/v1"
OLLAMA_EXAMPLE = "http://127.0.0.1:11434"


class ServerForm(QFrame):
    test_wanted = Signal(object, str)
    """ProviderDraft, and the id of the server it changes or an empty text."""
    save_wanted = Signal(object, str)
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self._provider_id = ""
        self._had_key = False
        self._secrets = ""
        self._title = Label(theme, "", "strong")
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("For example local"))
        self.url = QLineEdit()
        self.url.setPlaceholderText(EXAMPLE)
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self._name_field = Field(theme, self.tr("Name"), self.name, self.tr("The first part of its models’ names"))
        self._url_field = Field(theme, self.tr("Address"), self.url, self.tr("Usually ends with /v1"))
        self._key_field = Field(theme, self.tr("Key"), self.key)
        kinds = (("ollama", self.tr("Ollama")), ("openai", self.tr("OpenAI-compatible")))
        self.kind = Segmented(theme, kinds, "openai", self.tr("The protocol it speaks"))
        self._far = Label(theme, "", "label", "info")
        self._far.setWordWrap(True)
        self._page = Button(theme, self.tr("Open its website"), "link", "jump")
        self._result = Label(theme, "", "base")
        self._result.setWordWrap(True)
        self._result.hide()
        self.test = Button(theme, self.tr("Test"), "", "plug")
        self.save = Button(theme, self.tr("Save server"), "primary")
        cancel = Button(theme, self.tr("Cancel"), "ghost")
        column_of(
            theme,
            self._title,
            row_of(theme, self.kind, None),
            row_of(theme, self._name_field, self._url_field, gap=12),
            self._far,
            self._key_field,
            row_of(theme, self._page, None),
            self._result,
            row_of(theme, self.test, None, cancel, self.save),
            parent=self,
            inset=(14, 12, 14, 12),
            gap=10,
        )
        self.kind.chosen.connect(self._kind_chosen)
        self.url.textChanged.connect(lambda: self._tell_far())
        self._page.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(self._page.toolTip())))
        self.test.clicked.connect(lambda: self._send(self.test_wanted, self.test))
        self.save.clicked.connect(lambda: self._send(self.save_wanted, self.save))
        cancel.clicked.connect(lambda: self.end())
        for edit in (self.name, self.url, self.key):
            edit.returnPressed.connect(lambda: self._send(self.save_wanted, self.save))

    def show_secrets(self, where: str) -> None:
        """Which store keeps the key: `keyring` or `file`."""
        self._secrets = where
        self._tell_key()

    def _tell_key(self) -> None:
        store = (
            self.tr("Kept in the key store of this system, never in the database.")
            if self._secrets == "keyring"
            else self.tr(
                "This system has no key store that answers, so the key is kept in a file that only you can read."
            )
        )
        stored = self.tr("A key is stored; leave this empty to keep it.") if self._had_key else ""
        self._key_field.set_hint(f"{stored} {store}".strip())

    def _kind_chosen(self, kind: str) -> None:
        self.url.setPlaceholderText(OLLAMA_EXAMPLE if kind == "ollama" else EXAMPLE)
        hint = self.tr("Without a path") if kind == "ollama" else self.tr("Usually ends with /v1")
        self._url_field.set_hint(hint)
        if self.url.text() in (EXAMPLE, OLLAMA_EXAMPLE):
            self.url.setText(self.url.placeholderText())

    def _tell_far(self) -> None:
        address = web_address(self.url.text())
        place = place_of(address) if address is not None and not is_here(address) else None
        words = self.tr("Not local: what an agent reads and writes goes to {}.")
        self._far.setText(words.format(place[0]) if place is not None else "")
        self._far.setVisible(place is not None)

    def begin_with(self, preset: ServerPreset, taken: Sequence[str]) -> None:
        """A new server like this one; `taken`: names that others have."""
        self.begin(None)
        name, number = preset.name, 2
        while name in taken:
            name, number = f"{preset.name} {number}", number + 1
        self.name.setText(name)
        self.kind.set_current(preset.kind)
        self._kind_chosen(preset.kind)
        self.url.setText(preset.base_url)
        words = self.tr("Download {}") if preset.local else self.tr("Create a key at {}")
        self._page.setText(words.format(preset.label))
        set_tip(self._page, preset.page)
        self._page.setVisible(bool(preset.page))
        (self.name if preset.local else self.key).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def begin(self, provider: Provider | None) -> None:
        self._provider_id = provider.id if provider is not None else ""
        self._had_key = provider is not None and provider.has_key
        words = self.tr("Change server {}").format(provider.name) if provider is not None else self.tr("New server")
        self._title.setText(words)
        self.setAccessibleName(words)
        self.name.setText(provider.name if provider is not None else "")
        self.kind.set_current("ollama" if provider is not None and provider.kind == "ollama" else "openai")
        self._kind_chosen(self.kind.current)
        self.url.setText(provider.base_url if provider is not None else EXAMPLE)
        self._tell_far()
        self._page.hide()
        self.key.clear()
        self._result.hide()
        for field in (self._name_field, self._url_field):
            field.set_error("")
        self._tell_key()
        self.show()
        reveal(self)
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def end(self) -> None:
        self._idle()
        self.key.clear()
        self.closed.emit()
        self.hide()

    def _idle(self) -> None:
        self.test.set_busy(False)
        self.save.set_busy(False)

    def _send(self, signal: object, button: Button) -> None:
        name, url = self.name.text().strip(), self.url.text().strip()
        named, placed = bool(NAME.fullmatch(name)), url.startswith(("http://", "https://"))
        self._name_field.set_error("" if named else self.tr("Give it a short name of letters and digits."))
        self._url_field.set_error("" if placed else self.tr("An address must begin with http:// or https://."))
        if not (named and placed) or button.busy:
            return
        key = self.key.text().strip()
        kind: ProviderKind = "ollama" if self.kind.current == "ollama" else "openai"
        draft = ProviderDraft(name=name, kind=kind, base_url=url, key=key or (None if self._had_key else ""))
        self._result.hide()
        button.set_busy(True)
        signal.emit(draft, self._provider_id)  # type: ignore[attr-defined]

    def show_result(self, offer: ProviderModels) -> None:
        self._idle()
        if offer.error:
            self._say(f"{offer.error} {offer.hint}".strip(), "danger")
            return
        names = ", ".join(model.name for model in offer.models[:4])
        number = len(offer.models)
        if number:
            one, many = self.tr("It answers and has {0} model: {1}"), self.tr("It answers and has {0} models: {1}")
            self._say(counted(number, one, many, names), "ok")
        else:
            self._say(self.tr("It answers, but has no models. Load one there and test again."), "warn")

    def show_problem(self, error: AppError) -> None:
        self._idle()
        if error.code == "name_taken":
            self._name_field.set_error(error.message)
        elif error.code == "server_known":
            self._url_field.set_error(f"{error.message} {error.hint}")
        else:
            self._say(f"{error.message} {error.hint}".strip(), "danger")

    def _say(self, words: str, kind: str) -> None:
        self._result.setText(words)
        self._result.set_kind(kind)
        self._result.show()
        announce(self._result, words, urgent=kind == "danger")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
            return
        super().keyPressEvent(event)
