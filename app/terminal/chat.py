"""`lares chat`: a conversation with an agent in the terminal, over the same link as the window's.

The loop runs only while there is something to wait for. Between two messages the terminal belongs to `input`, so that
its line editing and Ctrl-C work as everywhere.
"""

import asyncio
import contextlib
import importlib
import re
import select
import sys
import uuid
from collections.abc import Coroutine, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from app.config import Config
from app.domain.agent import Agent, AgentRow
from app.domain.conversation import Conversation
from app.domain.error import AppError, Conflict, Invalid, LinkError, NotFound
from app.domain.message import MessageDraft
from app.domain.page import ALL_AGENTS, BY_ACTIVITY, LARGEST, AgentFilter, PageRequest, every_page
from app.domain.run import Run
from app.link.client import Client
from app.link.launcher import ensure_engine
from app.link.spawn import Command, Start, engine_command
from app.terminal.commands.over_link import connect_found
from app.terminal.first_agent import first_draft, model_of_this_computer
from app.terminal.paper import BOLD, DIM, Paper, give_up_output, open_paper
from app.terminal.proposals import Proposals
from app.terminal.reply import ReplyPrinter

if TYPE_CHECKING:
    from app.link.client import Services

WITHOUT_MORE = ("/memory", "/undo", "/new", "/quit", "/exit", "/help", "/proposals")
"""Commands that take nothing behind them: with more on its line, a message begins that way."""
WITH_NUMBER = ("/accept", "/decline")
COMMANDS = ("/agents", *WITH_NUMBER, *WITHOUT_MORE)
HELP = """\
/agents [name]   show the agents, or talk to another one
/memory          show the memory blocks of this agent
/undo            undo the last memory change
/proposals       show the edits of memory that wait for your answer
/accept [n]      make the first of them, or the one with this number
/decline [n]     leave memory as it is
/new             start a new conversation
/quit            leave (Ctrl-D)
Ctrl-C clears the line, stops the reply, or leaves."""

AGENTS = PageRequest(limit=200, order="activity")
ALL_OF_THEM = PageRequest(limit=LARGEST)


def chat(
    config: Config,
    wanted: str = "",
    started: Start | None = None,
    *,
    model: str = "",
    command: Command = engine_command,
) -> int:
    """Until the person leaves or the input ends. The exit code is 1 if the last message could not be answered.

    `model`: the handle for a new agent, which `wanted` then names.
    """
    with asyncio.Runner() as runner:
        terminal = Chat(config, open_paper(), command)
        try:
            _converse(terminal, runner, terminal.open(wanted, started, model))
            runner.run(terminal.close())
        except KeyboardInterrupt:
            # The runner ends what still goes on, without waiting for the engine; how that fails is nobody's concern.
            runner.get_loop().set_exception_handler(lambda loop, context: None)
            return 130
        except OSError as error:
            give_up_output(error)
            return 1
    return 1 if terminal.failed else 0


def _converse(terminal: "Chat", runner: asyncio.Runner, opening: Coroutine[Any, Any, None]) -> None:
    try:
        runner.run(opening)
    except AppError as error:
        terminal.fail(error)
        return
    for line in _lines():
        if not _attempt(terminal, runner, line):
            return


def _attempt(terminal: "Chat", runner: asyncio.Runner, line: str) -> bool:
    """True: go on."""
    try:
        return runner.run(terminal.take(line))
    except AppError as error:
        terminal.fail(error)
        return True


def _lines() -> Iterator[str]:
    """What the person types, or the lines of a pipe."""
    if sys.stdin is None:
        return
    typed = is_typed()
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    if typed:
        with contextlib.suppress(ImportError):
            importlib.import_module("readline")
    while True:
        if typed and _has_ended():
            print()
            return
        try:
            line = input("> ") if typed else sys.stdin.readline()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            if not typed or not _is_half_typed():
                raise
            print()
            continue
        if not line and not typed:
            return
        if line.strip():
            yield line.strip()


def _has_ended() -> bool:
    """Whether Ctrl-D was pressed while nobody read. readline, which takes the terminal over, would not see it."""
    try:
        fcntl, termios = importlib.import_module("fcntl"), importlib.import_module("termios")
    except ImportError:
        return False
    if not select.select([sys.stdin], [], [], 0)[0]:
        return False
    waiting = fcntl.ioctl(sys.stdin, termios.FIONREAD, bytes(4))
    return not any(waiting)  # something to read, of no bytes: the end


def _is_half_typed() -> bool:
    """Whether something stood on the line that was just interrupted."""
    readline = sys.modules.get("readline")
    return readline is not None and bool(readline.get_line_buffer().strip())


def is_typed() -> bool:
    """True: a person sits there; False: lines come from a pipe or a file."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


class Chat:
    def __init__(self, config: Config, paper: Paper, command: Command = engine_command) -> None:
        self._config = config
        self._command = command
        self._client: Client | None = None
        self._agent: Agent | None = None
        self._thread_id = ""
        self.paper = paper
        self._proposals = Proposals(paper)
        self.failed = False

    async def open(self, wanted: str, started: Start | None = None, model: str = "") -> None:
        self._client = await ensure_engine(self._config, "terminal", started, command=self._command)
        await connect_found(self._config, self._services)
        if model:
            await self._switch(await self._create(model, wanted))
        elif not wanted and not await self._services.agents.count():
            await self._switch(await self._first())
        else:
            await self._switch(await self._pick(wanted))
        if is_typed():
            self.paper.line("/help shows what else you can do.", DIM)

    async def _first(self) -> Agent:
        """Somebody to talk with where there is nobody yet."""
        offers = await self._services.models.list()
        models = self._services.models
        model = model_of_this_computer(offers, await models.recommended(), await models.too_slow())
        if model is None:
            self.paper.line("No agents yet, so here is Vesta, a scripted demo (no AI, no network).", DIM)
            return await self._services.agents.create_demo()
        self.paper.line(f"No agents yet, so here is a new one on {model.handle}, a model of this computer.", DIM)
        return await self._create(model.handle, "")

    async def _create(self, handle: str, name: str) -> Agent:
        model = await self._services.models.find(handle)
        starter = (await self._services.starters.list())[0]
        return await self._services.agents.create(first_draft(handle, model, starter, name))

    def fail(self, error: AppError) -> None:
        self.failed = True
        self.paper.error(error)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    @property
    def _services(self) -> "Services":
        assert self._client is not None
        return self._client.services

    async def take(self, line: str) -> bool:
        """One line of the person; False when it asks to leave."""
        self.failed = False
        await self._reconnect()
        word, _, rest = line.partition(" ")
        if word not in (*WITH_NUMBER, "/proposals", "/quit", "/exit"):
            await self._proposals.show_new(self._services, await self._branch_id())
        match "" if _says_more(word, rest.strip()) else word:
            case "/quit" | "/exit":
                return False
            case "/help":
                self.paper.line(HELP)
            case "/agents":
                await self._agents(rest.strip())
            case "/memory":
                await self._memory()
            case "/undo":
                await self._undo()
            case "/new":
                await self._new()
            case "/proposals":
                await self._proposals.show_all(self._services, await self._branch_id())
            case "/accept" | "/decline":
                await self._proposals.answer(self._services, await self._branch_id(), word, rest.strip())
            case _ if _is_mistyped(word, rest) and not self._is_demo:
                raise Invalid(f"There is no command {word}.", hint="/help shows them.")
            case _:
                await self._say(line)
        return True

    async def _reconnect(self) -> None:
        """The engine may have ended while nobody typed; without the loop the link has not heard of it yet."""
        if self._client is None:
            return
        try:
            await self._services.system.status()
        except LinkError as error:
            if error.code != "engine_gone":
                raise
            await self._client.close()
            self._client = await ensure_engine(self._config, "terminal", command=self._command)

    @property
    def _is_demo(self) -> bool:
        """The demo agent has commands of its own."""
        return self._agent is not None and self._agent.model.startswith("demo/")

    async def _agents(self, wanted: str) -> None:
        if wanted:
            await self._switch(await self._pick(wanted))
            return
        async for rows in every_page(self._agent_page, lambda row: row.agent.id, AGENTS):
            for agent in (row.agent for row in rows):
                here = "*" if self._agent is not None and agent.id == self._agent.id else " "
                self.paper.line(f"{here} {agent.name}  ({agent.model})  {agent.id}")

    async def _agent_page(self, page: PageRequest) -> tuple[AgentRow, ...]:
        return await self._services.agents.list(ALL_AGENTS, page)

    async def _pick(self, wanted: str) -> Agent:
        """The agent of this id or name (the beginning is enough if only one begins so); the first if none is named."""
        listing = self._services.agents
        if not wanted:
            return (await listing.list(ALL_AGENTS, BY_ACTIVITY))[0].agent
        name = wanted.casefold()
        rows = await listing.list(AgentFilter(search=wanted), ALL_OF_THEM) or await listing.list(
            AgentFilter(ids=(name,))
        )
        agents = [row.agent for row in rows]
        exact = [agent for agent in agents if name in (agent.id, agent.name.casefold())]
        found = exact or [agent for agent in agents if agent.name.casefold().startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(agent.name for agent in found)
            raise Invalid(f"Several agents have this name: {names}.", hint="Use the id; /agents shows it.")
        names = ", ".join(row.agent.name for row in await listing.list()) or "none yet"
        more = " and others" if await listing.count() > BY_ACTIVITY.limit else ""
        raise NotFound(f"There is no agent “{wanted}”. There are: {names}{more}.", hint="Use one of these names.")

    async def _switch(self, agent: Agent) -> None:
        thread = await self._services.conversations.default_of(agent.id)
        self._agent = agent
        self._show(thread)
        self.paper.line(f"{agent.name} ({agent.model})", BOLD)

    def _show(self, conversation: Conversation) -> None:
        self._thread_id = conversation.root_id

    async def _memory(self) -> None:
        blocks = await self._services.blocks.of_agent(self._agent_id)
        if not blocks:
            self.paper.line("This agent has no memory blocks.", DIM)
        for block in blocks:
            locked = ", read-only" if block.read_only else ""
            self.paper.line(f"{block.label} ({len(block.value)} of {block.limit} characters{locked})", BOLD)
            self.paper.line(block.value or "(empty)")

    @property
    def _agent_id(self) -> str:
        assert self._agent is not None
        return self._agent.id

    async def _undo(self) -> None:
        events = await self._services.history.of_agent(self._agent_id)
        newest_first = sorted(events, key=lambda event: event.seq, reverse=True)
        last = next(
            (event for event in newest_first if event.op == "update" and not event.undoes and not event.undone_by), None
        )
        if last is None:
            self.paper.line("There is no memory change to undo.", DIM)
            return
        self.paper.change(await self._services.history.undo(last.seq))

    async def _new(self) -> None:
        self._show(await self._services.conversations.create(self._agent_id))
        self.paper.line("A new conversation. Memory stays, the earlier messages are kept.", DIM)

    async def _say(self, text: str) -> None:
        # With an id of its own it is not said twice, however often it is sent.
        draft = MessageDraft.of(text).model_copy(update={"otid": str(uuid.uuid4())})
        try:
            run = await self._start(draft)
        except LinkError as error:
            if error.code != "engine_gone":
                raise
            await self._reconnect()
            run = await self._start(draft)
        printer = ReplyPrinter(self.paper)
        try:
            await self._follow(run, printer)
        except asyncio.CancelledError:
            # Ctrl-C: the runner cancels once. The run is stopped and its end shown; a second Ctrl-C leaves.
            _uncancel()
            self.paper.line("Stopping; Ctrl-C again leaves.", DIM)
            await self._services.runs.cancel(run.id)
            await self._follow(run, printer)
        self.paper.end_line()
        self.failed = printer.failed

    async def _start(self, draft: MessageDraft) -> Run:
        try:
            return await self._services.runs.start(await self._branch_id(), draft, started_by="terminal")
        except Conflict as error:
            if error.code != "busy":
                raise
            raise Conflict(
                "This agent is still replying to somebody else.", code="busy", hint="Wait a moment, then write again."
            ) from error

    async def _branch_id(self) -> str:
        """Asked anew each time: a window may show another branch by now."""
        return (await self._services.conversations.get(self._thread_id)).active_id

    async def _follow(self, run: Run, printer: ReplyPrinter) -> None:
        """Writes the run's events until its end, through a restart of the engine too."""
        while True:
            try:
                async for event in self._services.runs.subscribe(run.id, after_seq=printer.seq):
                    printer.take(event)
            except LinkError as error:
                if error.code == "too_slow":
                    continue
                if error.code != "engine_gone":
                    raise
                self.paper.line("The engine stopped and is being restarted.", DIM)
                await self._reconnect()
            else:
                return


def _says_more(word: str, rest: str) -> bool:
    """Whether a line that begins like a command is a message."""
    return bool(rest) and (word in WITHOUT_MORE or (word in WITH_NUMBER and not rest.isdecimal()))


def _is_mistyped(word: str, rest: str) -> bool:
    """Whether a line was meant as a command. A path, or a sentence that begins with a slash, is a message."""
    if word in COMMANDS or re.fullmatch(r"/[a-zA-Z]+", word) is None:
        return False
    return not rest.strip() or bool(get_close_matches(word.lower(), COMMANDS, n=1, cutoff=0.75))


def _uncancel() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
