"""What the conversation says of its model, and what its buttons do: cut requests, ways out of problems, images."""

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from app.domain.agent import Agent, AgentPatch
from app.domain.context import ContextAlarm, ContextOverview
from app.domain.error import AppError
from app.domain.fitness import FitReport
from app.domain.model import ModelHandle
from app.ui.chat.problem_remedies import enlarged, missing_name
from app.ui.chat.transcript.row import Row
from app.ui.chat.view import ChatView
from app.ui.kit.wording import count
from app.ui.models.consent import ask_consent
from app.ui.state.model_entries import ModelsKnown
from app.ui.state.model_wording import fit_result
from app.ui.state.view_context import ViewContext

CUT = "cut"


class ProblemActions(QObject):
    patched = Signal(object)
    """AgentPatch for the open agent."""
    models_wanted = Signal()
    servers_wanted = Signal()
    blocks_wanted = Signal()

    def __init__(self, view: ViewContext, chat: ChatView) -> None:
        super().__init__(chat)
        self._view, self._chat = view, chat
        self._workspace, self._catalog = view.workspace, view.catalog
        self._closed: ContextAlarm | None = None
        self._alarm: ContextAlarm | None = None
        chat.context.signals.remedy.connect(self._go)
        chat.banner.closed.connect(self._banner_closed)
        self._model = ""
        """Of the agent that is shown."""
        self._workspace.opened.connect(self._opened)
        self._workspace.agent_changed.connect(self._agent_changed)
        self._workspace.counted.connect(self._counted)
        self._catalog.changed.connect(self._models_changed)
        self._catalog.got.connect(self._got)
        self._catalog.tested.connect(self._tested)
        self._models_changed()

    # The model of the open agent

    def _opened(self, agent: Agent) -> None:
        self._model = agent.model
        self._chat.banner.clear(CUT)
        self._alarm = None
        self._tell_blind()

    def _agent_changed(self, agent: Agent) -> None:
        """What is known of a request stays true while the agent is set otherwise; of another model nothing is known."""
        if agent.model != self._model:
            self._opened(agent)
        else:
            self._tell_blind()

    def _models_changed(self) -> None:
        before, now = self._chat.context.models, self._catalog.known
        self._chat.context.models = now
        self._tell_blind()
        problems = any(row.problem is not None and not row.problem.solved for row in self._chat.model.rows)
        if problems and _for_remedies(before) != _for_remedies(now):
            self._chat.area.refresh()

    def _tell_blind(self) -> None:
        """The composer warns before an image is sent to a model that cannot see it."""
        agent = self._workspace.agent
        model = self._catalog.known.model(agent.model) if agent is not None else None
        self._chat.composer.set_blind(model.name if model is not None and model.vision is False else "")

    def _got(self, provider_id: str, name: str) -> None:
        offers = self._catalog.known.offers
        server = next((offer.provider.name for offer in offers if offer.provider.id == provider_id), "")
        text = self.tr("“{}” is ready").format(name)
        self._view.tell(text, self.tr("{} has it now, and agents can use it.").format(server), "done")

    def _tested(self, report: FitReport) -> None:
        text = self.tr("{}: {}").format(ModelHandle.parse(report.handle).name, fit_result(report))
        self._view.tell(text, report.sentence, "done" if report.verdict == "good" else "info")

    # Cut requests

    def _counted(self, overview: ContextOverview) -> None:
        alarm = self._alarm = overview.alarm
        if alarm is None or alarm == self._closed:
            self._chat.banner.clear(CUT)
            return
        agent = self._workspace.agent
        name = ModelHandle.parse(agent.model).provider if agent is not None else ""
        presets = self._catalog.known.presets
        server = next((preset.label for preset in presets if preset.name == name), name)
        fix = alarm.fix_window
        patch = AgentPatch(context_window=fix)
        serve = (self.tr("Serve {} tokens").format(count(fix or 0)), lambda: self.patched.emit(patch))
        title = self.tr("{} cut the last request without saying so").format(server)
        self._chat.banner.show_message(CUT, title, "danger", alarm.sentence, (serve,) if fix else ())

    def _banner_closed(self, key: str) -> None:
        """The status line still says so; the same cut is not told twice."""
        if key == CUT:
            self._closed = self._alarm

    # Ways out of a problem

    def _go(self, key: str, row: Row) -> None:
        agent = self._workspace.agent
        if agent is None or row.problem is None:
            return
        match key:
            case "get":
                offer = self._catalog.known.offer_of(agent.model)
                server = offer.provider if offer is not None else None
                self._catalog.pull(missing_name(row.problem, agent.model), server)
                self.models_wanted.emit()
            case "enlarge":
                size = enlarged(row.problem, self._catalog.known, agent.model)
                self._enlarge(agent.id, size, row)
            case "blocks":
                self.blocks_wanted.emit()
            case "server":
                self.servers_wanted.emit()
            case "start":
                self._start(agent.model, row)
            case "download":
                QDesktopServices.openUrl(QUrl(self._page_of("ollama")))
            case "allow":
                self._view.run(self._allow(agent.model, row), self)
            case "test":
                self._catalog.test(agent.model)
                self.models_wanted.emit()
            case _:
                return

    def _page_of(self, preset: str) -> str:
        return next((one.page for one in self._catalog.known.presets if one.name == preset), "")

    def _start(self, handle: str, row: Row) -> None:
        """The server of this computer, then the run again."""
        offer, context = self._catalog.known.offer_of(handle), self._chat.context
        if offer is None or row.key in context.underway:
            return
        context.underway[row.key] = self.tr("Starting Ollama. The reply goes on as soon as it answers.")
        self._chat.area.refresh()

        def done(_: object) -> None:
            context.underway.pop(row.key, None)
            self._chat.area.refresh()
            context.signals.retry.emit(row)

        def failed(error: AppError) -> None:
            context.underway.pop(row.key, None)
            self._chat.area.refresh()
            self._view.tell_error(error)

        self._view.run(self._view.services.servers.start(offer.provider.id), self, done=done, failed=failed)

    async def _allow(self, handle: str, row: Row) -> None:
        """First the question, then the run again. The server is read here: the catalog may still wait for its lists."""
        name = ModelHandle.parse(handle).provider
        provider = next((one for one in await self._view.services.providers.list() if one.name == name), None)
        if provider is not None and await ask_consent(self._view, provider):
            self._chat.context.signals.retry.emit(row)

    def _enlarge(self, agent_id: str, size: int | None, row: Row) -> None:
        """First the size, then the run again with it."""
        patch, origin = AgentPatch(context_window=size), self._workspace.origin
        self._view.run(
            self._view.services.agents.update(agent_id, patch, origin=origin),
            self,
            done=lambda _: self._chat.context.signals.retry.emit(row),
        )


def _for_remedies(known: ModelsKnown) -> tuple[object, ...]:
    """What the ways out of a problem depend on."""
    return known.offers, known.recommended, known.startable
