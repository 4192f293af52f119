"""How agents search the web: the engine, its address or its key. Stored by a press, since a key is typed in pieces."""

from typing import get_args

from PySide6.QtWidgets import QLineEdit, QWidget

from app.domain.web import NEEDS_ADDRESS, NEEDS_KEY, SearchEngine, WebSearchChoice
from app.ui.kit.buttons import Button
from app.ui.kit.field import Field
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, frame_of, row_of
from app.ui.kit.segmented import Segmented
from app.ui.state.view_context import Notice, ViewContext

OFF = "off"


class WebSearchSetting(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self._stored = WebSearchChoice()
        choices = (
            (OFF, self.tr("Off")),
            ("duckduckgo", "DuckDuckGo"),
            ("searxng", "SearXNG"),
            ("brave", "Brave Search"),
            ("tavily", "Tavily"),
            ("exa", "Exa"),
        )
        self.engine = Segmented(theme, choices, OFF, self.tr("Search engine"))
        self.address = QLineEdit()
        self.address.setPlaceholderText("http://127.0.0.1:8888")
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self._address_field = Field(theme, self.tr("Address"), self.address, self.tr("Where your SearXNG runs."))
        self._key_field = Field(theme, self.tr("Key"), self.key, self.tr("Stored with your other keys."))
        self.save = Button(theme, self.tr("Save"), "primary")
        about = Label(
            theme,
            self.tr(
                "Agents with the tool web_search ask this engine. What they look for leaves this computer. "
                "DuckDuckGo needs no key."
            ),
            "base",
            "text2",
        )
        about.setWordWrap(True)
        self.problem = Label(theme, "", "label", "danger")
        self.problem.setWordWrap(True)
        card = frame_of("card")
        column_of(
            theme,
            Label(theme, self.tr("Web search"), "strong"),
            about,
            row_of(theme, self.engine, None),
            self._address_field,
            self._key_field,
            self.problem,
            row_of(theme, self.save, None),
            parent=card,
            inset=(18, 16, 18, 16),
            gap=10,
        )
        column_of(theme, card, parent=self)
        self.engine.chosen.connect(self._fill)
        self.address.textChanged.connect(self._offer)
        self.key.textChanged.connect(self._offer)
        self.save.clicked.connect(lambda _checked=False: self._save())
        self._fill()

    @property
    def _chosen(self) -> SearchEngine | None:
        return next((one for one in get_args(SearchEngine) if one == self.engine.current), None)

    def read(self) -> None:
        self._view.run(self._view.services.web_search.choice(), self, done=self._show)

    def _show(self, choice: WebSearchChoice) -> None:
        self._stored = choice
        self.engine.set_current(choice.engine or OFF)
        self.address.setText(choice.address)
        self.key.clear()
        self._fill()

    def _fill(self) -> None:
        chosen = self._chosen
        kept = chosen == self._stored.engine and self._stored.has_key
        self._address_field.setVisible(chosen in NEEDS_ADDRESS)
        self._key_field.setVisible(chosen in NEEDS_KEY)
        self.key.setPlaceholderText(self.tr("A key is stored") if kept else "")
        self._tell("")
        self._offer()

    def _offer(self) -> None:
        """There is something to save only where something differs from what is stored."""
        stored, chosen = self._stored, self._chosen
        moved = chosen in NEEDS_ADDRESS and self.address.text().strip().rstrip("/") != stored.address
        self.save.setEnabled(chosen != stored.engine or moved or (chosen in NEEDS_KEY and bool(self.key.text())))

    def _tell(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def _save(self) -> None:
        def done(choice: WebSearchChoice) -> Notice:
            self._show(choice)
            return Notice(self.tr("Web search is on") if choice.engine else self.tr("Web search is off"))

        work = self._view.services.web_search.choose(self._chosen, self.address.text(), self.key.text() or None)
        self._view.run(work, self, done=done, failed=lambda error: self._tell(f"{error.message} {error.hint}".strip()))
