"""Search by meaning: which embedder reads what was said and stored, how far it is, and pausing it."""

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QWidget

from app.domain.embedding import BUILT_IN, USUAL_EMBEDDER, ChosenEmbedder, EmbeddingModel, IndexingProgress, OwnEmbedder
from app.domain.event import Changed
from app.ui.bridge.rereading import Rereading
from app.ui.kit.banner import Banner
from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.kit.layout import Choice, column_of, frame_of, hairline, row_of
from app.ui.kit.usage_bar import UsageBar
from app.ui.kit.wording import count, counted, locale
from app.ui.state.indexing import progress_words, tells_progress
from app.ui.state.view_context import ViewContext


class SearchByMeaning(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, self._services = view, view.services
        self._reading = Rereading(view.tasks, self)
        self._progress = IndexingProgress()
        theme = view.theme
        self.embedder = Choice(self.tr("Embedder"))
        self.about = Label(theme, "", "label", "muted")
        self.banner = Banner(theme)
        self.state = Label(theme, "", "base")
        self.problem = Label(theme, "", "label", "warn")
        self.bar = UsageBar(theme, self.tr("How far everything is read"))
        self.pause = Button(theme, "", "", "pause", "small")
        self.own = Label(theme, "", "label", "text2")
        for label in (self.about, self.problem, self.own):
            label.setWordWrap(True)
        self._lay_out()
        self.embedder.activated.connect(lambda: self._choose())
        self.pause.clicked.connect(lambda: self._pause())
        view.workspace.changed.connect(self._on_changed)
        view.workspace.loaded.connect(lambda: self._read_if_seen())

    def _lay_out(self) -> None:
        theme, card, who, how = self._view.theme, frame_of("card"), QWidget(), QWidget()
        text = self.tr(
            "Lares reads what was said and stored, so that you and your agents find it by its meaning. "
            "Words and names are found at once, also while it reads."
        )
        said = Label(theme, text, "base", "text2")
        said.setWordWrap(True)
        title = Label(theme, self.tr("Embedder"), "strong")
        head = row_of(theme, title, None, self.embedder)
        column_of(theme, head, self.about, parent=who, inset=(14, 10, 14, 10), gap=4)
        state = row_of(theme, self.state, None, self.pause)
        column_of(theme, state, self.bar, self.problem, parent=how, inset=(14, 10, 14, 12), gap=8)
        column_of(theme, who, hairline(), how, parent=card, gap=0)
        column_of(theme, said, self.banner, card, self.own, parent=self, gap=12)

    def read(self) -> None:
        self._reading.read("embedders", self._read)
        self._reading.read("progress", self._read_progress)

    def _on_changed(self, event: Changed) -> None:
        if not self.isVisible():
            return
        if tells_progress(event):
            self._reading.read("progress", self._read_progress)
        # Several events may have come as one.
        if event.kind in ("provider", "model", "agent", "archive") or USUAL_EMBEDDER in event.ids:
            self._reading.read("embedders", self._read)

    def _read_if_seen(self) -> None:
        if self.isVisible():
            self.read()

    async def _read(self) -> None:
        known, usual = await self._services.recall.embedders(), await self._services.recall.usual_embedder()
        own = await self._services.recall.own_embedders()
        self._show_choice(known, usual)
        self._show_own(own)

    async def _read_progress(self) -> None:
        self._show_progress(await self._services.recall.progress())

    # Showing

    def _show_choice(self, known: tuple[EmbeddingModel, ...], usual: ChosenEmbedder) -> None:
        handles = [one.handle for one in known]
        self.embedder.clear()
        for handle in (*handles, *(() if usual.handle in handles else (usual.handle,))):
            self.embedder.addItem(self.tr("Built in") if handle == BUILT_IN else handle, handle)
        self.embedder.setCurrentIndex(self.embedder.findData(usual.handle))
        self.about.setText("" if usual.model is None else self._about(usual.model))
        if usual.stood_in:
            text = self.tr("The embedder “{}” is not there; the built-in one stands in.").format(usual.handle)
            self.banner.show_message("embedder", text, "warn", closable=False)
        elif usual.model is None:
            text = self.tr("The server of “{}” does not answer, so only words are searched.").format(usual.handle)
            self.banner.show_message("embedder", text, "warn", closable=False)
        else:
            self.banner.clear("embedder")

    def _about(self, model: EmbeddingModel) -> str:
        numbers = self.tr("{} numbers for each text.").format(count(model.dimension)) if model.dimension else ""
        if not model.built_in:
            return self.tr("What is read goes to the server of this model. {}").format(numbers).strip()
        names = [QLocale.languageToString(QLocale(code).language()) for code in model.languages]
        words = self.tr("Works on this computer, without a network. It understands {0}. {1}")
        return words.format(locale().createSeparatedList(names), numbers).strip()

    def _show_own(self, own: tuple[OwnEmbedder, ...]) -> None:
        """Agents and archives that name an embedder themselves, one line for each embedder."""
        lines: list[str] = []
        for one in own:
            agents = counted(one.agents, self.tr("{} agent"), self.tr("{} agents")) if one.agents else ""
            archives = counted(one.archives, self.tr("{} archive"), self.tr("{} archives")) if one.archives else ""
            who = locale().createSeparatedList([part for part in (agents, archives) if part])
            if one.chosen.model is None:
                state = self.tr("its server does not answer")
            elif one.chosen.stood_in:
                state = self.tr("not there; the built-in one stands in")
            else:
                state = self.tr("there")
            lines.append(self.tr("“{0}”, asked for by {1}: {2}.").format(one.chosen.handle, who, state))
        self.own.setText("\n".join(lines))
        self.own.setVisible(bool(lines))

    def _show_progress(self, progress: IndexingProgress) -> None:
        self._progress = progress
        self.state.setText(progress_words(progress))
        whole = progress.done + progress.waiting
        self.bar.set_usage(progress.done if whole else 1, whole or 1, "teal")
        self.bar.setVisible(progress.looked and progress.waiting > 0)
        self.pause.setText(self.tr("Go on") if progress.paused else self.tr("Pause"))
        self.pause.set_icon("play" if progress.paused else "pause")
        self.pause.setVisible(progress.paused or progress.waiting > 0)
        self.problem.setText(progress.problem)
        self.problem.setVisible(bool(progress.problem))

    # Doing

    def _choose(self) -> None:
        handle = str(self.embedder.currentData())
        self._view.run(
            self._services.recall.choose_embedder(handle), self, done=lambda _: self.read(), failed=self._not_chosen
        )

    def _not_chosen(self, error: Exception) -> None:
        self._view.tell(str(error), "", "error")
        self.read()

    def _pause(self) -> None:
        self._view.run(self._services.recall.pause_indexing(not self._progress.paused), self, done=self._show_progress)
