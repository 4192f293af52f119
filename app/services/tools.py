"""Tools: what agents can be given, those that come with Lares and those that people write."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.base import Micros
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.event import Changed
from app.domain.history import USER, Origin
from app.domain.page import ALL_TOOLS, OLDEST_FIRST, PageRequest, ToolFilter
from app.domain.sandbox import Enforced, PackageState, SandboxResult
from app.domain.search_text import query_terms, words_of
from app.domain.tool import (
    NO_ACCESS,
    Requirement,
    SourceFault,
    Tool,
    ToolAccess,
    ToolDraft,
    ToolPatch,
    ToolReading,
    ToolUse,
)
from app.engine.custom_tools.faults import SourceError
from app.engine.custom_tools.given_schema import inlined
from app.engine.custom_tools.source import LONGEST_NAME, NAMES_TAKEN, ODD_NAME, read_source
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.tools.custom import asks_lares, call_of, own_names, with_packages
from app.ports.sandbox import Answers, Packages, Sandbox
from app.ports.storage import Repositories
from app.services.changing import change
from app.services.tool_client import ToolClient, by_hand, nobody_answers
from app.services.tool_variables import ToolVariables

MOST_RETURN = 1_000_000
"""Characters of a return that a model may be given."""
MOST_NAMES = 20
MOST_FOLDERS = 20
MOST_PACKAGES = 50
PACKAGE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
"""PEP 508, and no longer than any that there is."""
PACKAGE_VERSION = re.compile(r"[0-9][A-Za-z0-9.!+_-]{0,60}")
"""Loosely PEP 440: pip reads it exactly, and nothing in it can be an option or a range."""


class Tools:
    def __init__(
        self, deps: EngineDeps, sandbox: Sandbox, variables: ToolVariables, client: ToolClient, packages: Packages
    ) -> None:
        self._deps = deps
        self._sandbox = sandbox
        self._packages = packages
        self.client = client
        """What calls may ask of Lares."""
        self.variables = variables
        """What calls get besides their arguments."""

    async def list(self, wanted: ToolFilter = ALL_TOOLS, page: PageRequest = OLDEST_FIRST) -> tuple[Tool, ...]:
        """A page of tools. Raises `NotFound` for a cursor that was never a tool."""
        return await self._deps.storage.read(lambda repos: repos.tools.list(wanted, page))

    async def count(self, wanted: ToolFilter = ALL_TOOLS) -> int:
        return await self._deps.storage.read(lambda repos: repos.tools.count(wanted))

    async def get(self, tool_id: str) -> Tool:
        """Raises `NotFound`."""
        return await self._deps.storage.read(lambda repos: repos.tools.get(tool_id))

    async def search(self, query: str = "", wanted: ToolFilter = ALL_TOOLS) -> tuple[Tool, ...]:
        """The tools that have words of the query in their name, tags or description, those with the most first.

        Without a query all of them, oldest first.
        """
        found = await self.list(wanted)
        terms = query_terms(query)
        if not terms:
            return found
        ranked = ((tool, _hits(tool, terms)) for tool in found)
        return tuple(tool for tool, hits in sorted(ranked, key=lambda one: -one[1]) if hits)

    async def in_use(self) -> tuple[ToolUse, ...]:
        """All tools, oldest first, with how many agents have each and what each costs in every request."""
        tools, use = await self._deps.storage.read(lambda repos: (repos.tools.list(), repos.tools.use()))
        cost = self._deps.ledger.tool

        def work() -> tuple[ToolUse, ...]:
            return tuple(ToolUse(tool=one, agents=use.get(one.id, 0), tokens=cost(one)) for one in tools)

        return await asyncio.to_thread(work)

    async def packages(self, tool_id: str) -> PackageState:
        """How it stands with the packages of a tool. Raises `NotFound`."""
        tool = await self.get(tool_id)
        python = await self._packages.python()
        if python is None or not tool.pip_requirements:
            return PackageState(python="" if python is None else python.version)
        ready = await self._packages.ready(tool.pip_requirements)
        return PackageState(python=python.version, installed=ready is not None)

    async def install_packages(self, tool_id: str) -> PackageState:
        """Installs what a tool requires, as a person wants. Raises `NotFound`, and `Invalid` with what went wrong."""
        tool = await self.get(tool_id)
        await self.agree_to_packages(tool.pip_requirements)
        await self._packages.install(tool.pip_requirements)
        return await self.packages(tool_id)

    async def agree_to_packages(self, wanted: tuple[Requirement, ...]) -> None:
        """These may be installed when they are first needed. Raises `Invalid` where no Python could load them."""
        if wanted:
            await self._packages.agree(_checked_requirements(wanted))

    async def users(self, tool_id: str) -> tuple[str, ...]:
        """Names of the agents that have it, at most `MOST_NAMES`."""

        def work(repos: Repositories) -> tuple[str, ...]:
            names: list[str] = []
            for agent_id in repos.tools.users(tool_id):
                try:
                    names.append(repos.agents.get(agent_id).name)
                except NotFound:  # it was deleted
                    continue
                if len(names) == MOST_NAMES:
                    break
            return tuple(names)

        return await self._deps.storage.read(work)

    async def examine(self, source: str) -> ToolReading:
        """What a source says of itself, or what is wrong with it. Nothing is stored or run."""

        def work() -> ToolReading:
            try:
                tool = _tool_of(ToolDraft(source_code=source), "", 0)
            except SourceError as error:
                return ToolReading(faults=tuple(SourceFault(line=one.line, text=one.text) for one in error.faults))
            return ToolReading(
                name=tool.name,
                description=tool.description,
                parameters=tool.parameters,
                tokens=self._deps.ledger.tool(tool),
            )

        return await asyncio.to_thread(work)

    async def enforced(self) -> Enforced:
        """What holds tools that are programs on this computer."""
        return await self._sandbox.enforced()

    async def write(self, draft: ToolDraft, *, new: bool = False) -> Tool:
        """A new tool, or a new version of the one of that name, which keeps its id.

        `new`: only a new one. Raises `SourceError` with the lines that are wrong, `Invalid`, and `Conflict` for the
        name of a built-in one, or of any other (`name_taken`) where it is to be new.
        """
        tool = await asyncio.to_thread(_tool_of, draft, self._deps.ids.new("tool"), self._deps.clock.now())

        await self._check_folders(draft.access)

        def work(repos: Repositories) -> Tool:
            known = next(iter(repos.tools.by_names((tool.name,))), None)
            update: dict[str, Any] = {}
            if known is not None and new:
                raise Conflict(
                    f"There is a tool named {tool.name} already.",
                    code="name_taken",
                    hint="Give this function another name, or open that tool and change it.",
                )
            if known is not None:
                access = known.access if draft.access is None else tool.access
                update = {"version": known.version + 1, "access": access, "secret_names": known.secret_names}
            stored = repos.tools.upsert(tool.model_copy(update=update))
            _note(repos, stored)
            return stored

        return await self._deps.storage.write(work)

    async def update(self, tool_id: str, patch: ToolPatch) -> Tool:
        """Changes a tool. A new source may not change its name: agents know it by that.

        Raises `NotFound`, `SourceError` and `Invalid`.
        """
        now = self._deps.clock.now()
        await self._check_folders(patch.access)

        def work(repos: Repositories) -> Tool:
            known = repos.tools.get(tool_id)
            _check_own(known)
            given = {name: value for name, value in patch if value is not None}
            renewed = _tool_of(_draft_of(known, given), known.id, now)
            if renewed.name != known.name:
                raise Invalid(
                    f"The source now defines “{renewed.name}”, but this tool is called “{known.name}”.",
                    hint=f"Name the last function “{known.name}”, or make a new tool of it.",
                )
            kept = {"created_at": known.created_at, "secret_names": known.secret_names}
            update = {"version": known.version + 1, **kept}
            stored = repos.tools.upsert(renewed.model_copy(update=update))
            _note(repos, stored)
            return stored

        return await self._deps.storage.write(work)

    async def _check_folders(self, access: ToolAccess | None) -> None:
        """Raises `Invalid` for a folder that cannot be shown to a tool."""
        closed = await self._sandbox.why_closed(_checked_access(access or NO_ACCESS).folders)
        if closed:
            raise Invalid(closed, code="closed_folder")

    async def delete(self, tool_id: str, origin: Origin = USER) -> None:
        """Forgets it; agents that had it lose it, which their history tells. Raises `NotFound` and `Invalid`."""

        def work(changes: Changes) -> Tool:
            tool = changes.repos.tools.get(tool_id)
            if tool.tool_type != "external_mcp":
                _check_own(tool)
            forget_tool(changes, tool)
            return tool

        await self.variables.forget(await change(self._deps, origin, work))

    async def replace_variables(self, tool_id: str, values: dict[str, str | None]) -> Tool:
        """Its own environment variables, as `ToolVariables.replace`."""
        return await self.variables.replace(tool_id, values)

    async def run_source(
        self, draft: ToolDraft, arguments: dict[str, Any], environment: Mapping[str, str], tool_id: str | None = None
    ) -> SandboxResult:
        """Tries a source without storing it. Raises `SourceError` and `Invalid`.

        `tool_id`: of the tool whose source it is to be; it may use what that one may, and has its variables.
        """
        tool = await asyncio.to_thread(_tool_of, draft, "", 0)
        if tool_id is not None:
            known = await self.get(tool_id)
            tool = tool.model_copy(update={"id": known.id, "secret_names": known.secret_names})
            tool = tool if draft.access is not None else tool.model_copy(update={"access": known.access})
        answers = nobody_answers if asks_lares(draft.source_code) else None
        variables = {**own_names(""), **await self.variables.of_call(tool), **environment}
        return await self._run(tool, arguments, variables, answers)

    async def run(self, agent_id: str, name: str, arguments: dict[str, Any]) -> SandboxResult:
        """Runs a tool of an agent, with its secrets, as the agent would. Raises `NotFound` and `Invalid`."""

        def work(repos: Repositories) -> Tool:
            agent = repos.agents.get(agent_id)
            if name not in agent.tool_names:
                raise NotFound(f"The agent has no tool named {name}.", details={"kind": "tool", "name": name})
            return repos.tools.by_names((name,))[0]

        tool = await self._deps.storage.read(work)
        given = await self.client.of_call(tool, by_hand(agent_id)) if asks_lares(tool.source_code or "") else None
        variables = {**own_names(agent_id), **await self.variables.of_call(tool, agent_id)}
        return await self._run(tool, arguments, variables, None if given is None else given.answers)

    async def _run(
        self,
        tool: Tool,
        arguments: dict[str, Any],
        environment: Mapping[str, str],
        answers: Answers | None = None,
    ) -> SandboxResult:
        if tool.tool_type != "custom" or not tool.set_up:
            why = tool.why_not_set_up or "Only tools with a source of their own are run by hand."
            raise Invalid(f"“{tool.name}” cannot be run. {why}", code="cannot_run")
        call = await with_packages(call_of(tool, arguments, environment), tool, self._packages)
        return await self._sandbox.run(call, answers=answers)


def _checked_requirements(wanted: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """Raises `Invalid` for whatever is more than a name and a version: an address, a path, an option, another index."""
    if len(wanted) > MOST_PACKAGES:
        raise Invalid(f"A tool may require at most {MOST_PACKAGES} packages.")
    for one in wanted:
        if not PACKAGE_NAME.fullmatch(one.name) or not (one.version is None or PACKAGE_VERSION.fullmatch(one.version)):
            raise Invalid(
                f"“{one.told[:200]}” is not the name of a package, with an exact version or without.",
                hint="Addresses, paths, options and other indexes are not taken. For example: requests==2.32.3",
                code="bad_requirement",
            )
    return wanted


def _checked_access(access: ToolAccess) -> ToolAccess:
    """Raises `Invalid` for a folder that no tool may have."""
    if len(access.folders) > MOST_FOLDERS:
        raise Invalid(f"A tool may use at most {MOST_FOLDERS} folders.")
    for one in access.folders:
        folder = Path(one.path)
        if not folder.is_absolute() or ".." in folder.parts or not one.path.isprintable():
            raise Invalid(
                f"“{one.path[:200]}” is not the whole path of a folder.", hint="Begin at the root of the disk."
            )
        if folder == Path(folder.anchor):
            raise Invalid("A tool cannot have all of this computer.", hint="Choose the folder that it needs.")
    return access


def _hits(tool: Tool, terms: tuple[str, ...]) -> int:
    """A word of the name says more than one of the description."""
    places = ((4, tool.name.replace("_", " ")), (2, " ".join(tool.tags)), (1, tool.description))
    known = [(weight, words_of(text)) for weight, text in places]
    return sum(weight for term in terms for weight, words in known if any(one.startswith(term) for one in words))


def forget_tool(changes: Changes, tool: Tool) -> None:
    """Deletes it; agents that had it lose it, which their history tells."""
    repos = changes.repos
    for agent_id in repos.tools.users(tool.id):
        try:
            agent = repos.agents.get(agent_id)
        except NotFound:  # it was deleted
            continue
        names = tuple(name for name in agent.tool_names if name != tool.name)
        changes.save_agent(agent, agent.model_copy(update={"tool_names": names}))
    repos.tools.delete(tool.id)
    _note(repos, tool)


def _check_own(tool: Tool) -> None:
    if tool.tool_type != "custom":
        raise Invalid(f"“{tool.name}” comes with Lares and cannot be changed.", hint="Write one of your own.")


def _note(repos: Repositories, tool: Tool) -> None:
    repos.changed(Changed(kind="tool", ids=(tool.id,)))


def _draft_of(tool: Tool, given: dict[str, Any]) -> ToolDraft:
    """What the tool would be written as, with the changes. What the old source said is read from the new one."""
    names = set(ToolDraft.model_fields) - {"name", "description", "parameters", "source_code"}
    kept = {name: getattr(tool, name) for name in names}
    anew = "source_code" in given
    told = {} if anew else {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    fields: dict[str, Any] = {"source_code": tool.source_code or "", **kept, **told, **given}
    return ToolDraft(**fields)


def _tool_of(draft: ToolDraft, tool_id: str, now: Micros) -> Tool:
    if not 1 <= draft.return_char_limit <= MOST_RETURN:
        raise Invalid(f"A return may have from 1 to {MOST_RETURN:,} characters.")
    schema = draft.parameters if draft.parameters is not None else draft.arguments_schema
    name, description, parameters = draft.name, draft.description, None if schema is None else inlined(schema)
    if draft.source_type == "python":
        found = read_source(draft.source_code, documented_elsewhere=parameters is not None)
        name = name or found.name
        description = found.description if description is None else description
        parameters = found.parameters if parameters is None else parameters
    if not name or parameters is None:
        raise Invalid(
            f"Lares reads no {draft.source_type}, so the tool's name and the schema of its arguments must be given.",
            hint="Send them as json_schema, with name, description and parameters.",
        )
    if len(name) > LONGEST_NAME or ODD_NAME.search(name):
        raise Invalid(f"“{name[:80]}” cannot be the name of a tool.", hint=f"{NAMES_TAKEN} At most {LONGEST_NAME}.")
    _checked_requirements(draft.pip_requirements)
    access = _checked_access(draft.access or NO_ACCESS)
    same = set(ToolDraft.model_fields) - {"name", "description", "parameters", "access"}
    return Tool(
        id=tool_id,
        name=name,
        tool_type="custom",
        description=description or "",
        parameters=parameters,
        access=access,
        **{field: getattr(draft, field) for field in same},
        created_at=now,
        updated_at=now,
    )
