"""What the conversation says of the model, and what its buttons do: cut requests, ways out of problems, images."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.domain.agent import AgentPatch
from app.domain.context import ContextAlarm, ContextOverview
from app.domain.fitness import FitReport
from app.ui.chat.problem_remedies import enlarged, missing_name
from app.ui.chat.transcript.row import Row
from app.ui.chat.view import ChatView
from app.ui.kit.wording import count
from app.ui.state.model_wording import report_words

if TYPE_CHECKING:
    from app.ui.window.assembly import Assembly

CUT = "cut"


class ProblemActions(QObject):
    def __init__(self, window: "Assembly", chat: ChatView) -> None:
        super().__init__(chat)
        self._window, self._chat = window, chat
        self._shelf = window.desk.catalog
        self._closed: ContextAlarm | None = None
        self._alarm: ContextAlarm | None = None
        chat.context.signals.way.connect(self._go)
        chat.banner.closed.connect(self._banner_closed)
        window.workspace.opened.connect(lambda *_: self._agent_changed())
        window.workspace.agent_changed.connect(lambda *_: self._agent_changed())
        window.workspace.counted.connect(self._counted)
        window.right.context.fix_wanted.connect(self._serve)
        self._shelf.changed.connect(self._models_changed)
        self._shelf.got.connect(self._got)
        self._shelf.tested.connect(self._tested)
        self._models_changed()

    # The model of the open agent

    def _agent_changed(self) -> None:
        self._chat.banner.clear(CUT)
        self._alarm = None
        self._tell_blind()

    def _models_changed(self) -> None:
        before, now = self._chat.context.models, self._shelf.known
        self._chat.context.models = now
        self._tell_blind()
        problems = any(row.problem is not None and not row.problem.solved for row in self._chat.model.rows)
        if problems and (before.offers, before.recommended) != (now.offers, now.recommended):
            self._chat.area.refresh()

    def _tell_blind(self) -> None:
        """The composer warns before an image is sent to a model that cannot see it."""
        agent = self._window.workspace.agent
        model = self._shelf.known.model(agent.model) if agent is not None else None
        self._chat.composer.set_blind(model.name if model is not None and model.vision is False else "")

    def _got(self, provider_id: str, name: str) -> None:
        offers = self._shelf.known.offers
        server = next((offer.provider.name for offer in offers if offer.provider.id == provider_id), "")
        text = self.tr("“{}” is ready").format(name)
        self._window.desk.tell(text, self.tr("It is on {} now; agents can use it.").format(server), "done")

    def _tested(self, report: FitReport) -> None:
        text = self.tr("{}: {}").format(report.handle.partition("/")[2], report_words(report))
        self._window.desk.tell(text, report.sentence, "done" if report.verdict == "good" else "info")

    # Cut requests

    def _counted(self, overview: ContextOverview) -> None:
        alarm = self._alarm = overview.alarm
        if alarm is None or alarm == self._closed:
            self._chat.banner.clear(CUT)
            return
        agent = self._window.workspace.agent
        name = agent.model.partition("/")[0] if agent is not None else ""
        presets = self._shelf.known.presets
        server = next((preset.label for preset in presets if preset.name == name), name)
        fix = alarm.fix_window
        actions = ((self.tr("Serve {} tokens").format(count(fix)), lambda: self._serve(fix)),) if fix else ()
        title = self.tr("{} cut the last request and said nothing").format(server)
        self._chat.banner.show_message(CUT, title, "danger", alarm.sentence, actions)

    def _serve(self, tokens: int | None) -> None:
        if tokens:
            self._window.actions.patch(AgentPatch(context_window=tokens))

    async def _enlarge(self, agent_id: str, size: int | None, row: Row) -> None:
        """First the size, then the run again with it."""
        desk = self._window.desk
        await desk.services.agents.update(agent_id, AgentPatch(context_window=size), origin=desk.workspace.origin)
        self._chat.context.signals.retry.emit(row)

    def _banner_closed(self, key: str) -> None:
        """The status line still says so; the same cut is not told twice."""
        if key == CUT:
            self._closed = self._alarm

    # Ways out of a problem

    def _go(self, key: str, row: Row) -> None:
        pages, agent = self._window.pages, self._window.workspace.agent
        if agent is None or row.problem is None:
            return
        match key:
            case "get":
                offer = self._shelf.known.offer_of(agent.model)
                self._shelf.pull(missing_name(row.problem, agent.model), offer.provider if offer is not None else None)
                pages.models()
            case "enlarge":
                size = enlarged(row.problem, self._shelf.known, agent.model)
                self._window.desk.do(self._enlarge(agent.id, size, row), self)
            case "blocks":
                self._window.commands.run("agent.block")
            case "server":
                pages.servers()
            case "test":
                self._shelf.test(agent.model)
                pages.models()
            case _:
                return
