"""Fitness: can this model be an agent? Tested in about a minute, known by the model's digest from then on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import ValidationError

from app.domain.agent import AgentDraft, ModelSettings
from app.domain.error import Invalid, ModelError
from app.domain.event import Changed
from app.domain.fitness import FitProgress, FitReport, FitTask, FitTaskName, Verdict
from app.domain.model import Model, Provider
from app.domain.system import Setting
from app.engine.deps import EngineDeps
from app.ports.storage import Repositories
from app.ports.system import Computer
from app.services.fitness.tasks import (
    AS_JSON,
    EDIT,
    INSTRUCTIONS,
    OF,
    QUICK,
    RESTRAINT,
    SPEED,
    TOOL_CALL,
    TWO_STEPS,
    USABLE_SPEED,
    Ask,
    context_task,
    speed_of,
    speed_task,
    spoke,
    task,
    verdict_of,
)
from app.services.fitness.trial import EmptyStorage, Outcome, TrialEngine, open_trial
from app.services.models.cache import ModelCache
from app.services.models.recommended import advised_context

SETTING = "engine.fitness"
SECONDS_A_TASK = 90.0
LOADING_SECONDS = 600.0
"""For the first task, which may have to load the model."""
LONGEST_REPLY = 1024
MOST_FAILURES = 3
"""Failed tasks after which the verdict is known: more would only take minutes."""
SERVER_AT_FAULT = ("server_down", "server_died", "unauthorized", "model_missing", "loading", "wrong_address", "timeout")
LONG = "The quick brown fox jumps over the lazy dog while the kettle sings. "
LONG_TOKENS = 5_500
"""More than the 4,096 that many servers give by default."""
TOOLS = ("memory_insert", "memory_replace", "conversation_search")


@dataclass
class _Test:
    """A test under way."""

    model: Model
    provider: Provider
    window: int
    """Tokens of context that agents on this model get."""
    settings: ModelSettings
    """What has proven right so far."""
    tasks: list[FitTask] = field(default_factory=list[FitTask])
    speed: float | None = None
    served: int | None = None

    def passed(self, name: str) -> bool:
        return any(one.passed for one in self.tasks if one.name == name)


class Fitness:
    def __init__(self, deps: EngineDeps, cache: ModelCache, computer: Computer, empty: EmptyStorage) -> None:
        """`empty`: storage to test on."""
        self._deps = deps
        self._cache = cache
        self._computer = computer
        self._empty = empty

    async def known(self) -> tuple[FitReport, ...]:
        """What earlier tests found, as far as the models are still the same."""
        return await self._deps.storage.read(self._known)

    def verdict(self, repos: Repositories, handle: str) -> Verdict | None:
        """What the test found of a model; None where it was not tested. For any transaction."""
        return next((report.verdict for report in self._known(repos) if report.handle == handle), None)

    async def test(self, handle: str) -> AsyncGenerator[FitProgress, None]:
        """Tests a model; the last item has the report. Stops when nobody listens any more.

        Raises `Invalid` for a model that cannot be tested, `ModelError` when its server is at fault.
        """
        test = await self._begin(handle)
        yield FitProgress(of=OF)
        async with open_trial(self._deps, test.provider, self._empty) as trial:
            for number, (name, work) in enumerate(self._works(test, trial), 1):
                yield FitProgress(task=name, index=number, of=OF)
                done = await work()
                test.tasks.append(done)
                yield FitProgress(task=name, index=number, of=OF, passed=done.passed, sentence=done.sentence)
                if sum(not one.passed for one in test.tasks) >= MOST_FAILURES:
                    break
        report = await self._store(self._report(test))
        self._deps.publish(Changed(kind="model", ids=(test.provider.id,)))
        yield FitProgress(of=OF, report=report)

    async def _begin(self, handle: str) -> _Test:
        model = await self._cache.find(handle)
        if model is None:
            raise ModelError(f"The server of {handle} does not answer.", code="server_down", hint="Start it first.")
        if model.scripted:
            raise Invalid("The demo is scripted: there is no model to test.")
        if model.unfit:
            raise Invalid(model.unfit, code="unfit")
        total, _ = await asyncio.to_thread(self._computer.memory)

        def read(repos: Repositories) -> tuple[Provider | None, int | None]:
            return repos.providers.named(model.provider), repos.agents.largest_window(handle)

        provider, wanted = await self._deps.storage.read(read)
        assert provider is not None
        sizes = (wanted or advised_context(total), model.trained_context, model.context_window)
        window = min(size for size in sizes if size)
        return _Test(model, provider, window, ModelSettings(max_output_tokens=min(LONGEST_REPLY, window // 4)))

    def _works(
        self, test: _Test, trial: TrialEngine
    ) -> tuple[tuple[FitTaskName, Callable[[], Awaitable[FitTask]]], ...]:
        async def speed() -> FitTask:
            outcome = await self._ask(test, trial, SPEED, LOADING_SECONDS)
            test.speed = speed_of(outcome, self._deps.ledger.text)
            if test.model.reasoning and (test.speed or 0) < QUICK:
                test.settings = test.settings.model_copy(update={"reasoning": "off"})
            return speed_task(outcome, test.speed, USABLE_SPEED)

        async def as_json() -> FitTask:
            done = await plain(AS_JSON)
            if done.passed and not test.passed("tool call"):
                test.settings = test.settings.model_copy(update={"tool_calls": "json"})
            return done

        async def context() -> FitTask:
            return await self._context(test, trial)

        async def plain(ask: Ask) -> FitTask:
            return task(ask, await self._ask(test, trial, ask))

        return (
            ("speed", speed),
            ("tool call", partial(plain, TOOL_CALL)),
            ("json", as_json),
            ("memory edit", partial(plain, EDIT)),
            ("two steps", partial(plain, TWO_STEPS)),
            ("restraint", partial(plain, RESTRAINT)),
            ("context", context),
        )

    async def _context(self, test: _Test, trial: TrialEngine) -> FitTask:
        """By what the server says of itself; where it says nothing, by a request that is longer than many allow."""
        await self._cache.refresh(test.provider)
        test.served = self._deps.windows.served(test.model.handle)
        if test.served is not None or test.window < LONG_TOKENS + LONGEST_REPLY:
            return context_task(test.served, cut=False)
        filler = LONG * (LONG_TOKENS // max(1, self._deps.ledger.text(LONG)))
        ask = Ask("context", f"The code word is heron. {filler}\nWhat is the code word?", spoke, with_tools=False)
        outcome = await self._ask(test, trial, ask)
        return context_task(None, cut=any(step.truncated for step in outcome.steps))

    async def _ask(self, test: _Test, trial: TrialEngine, ask: Ask, seconds: float = SECONDS_A_TASK) -> Outcome:
        settings = test.settings.model_copy(update={"tool_calls": "json"}) if ask.as_json else test.settings
        draft = AgentDraft(
            name="Fit test",
            system=INSTRUCTIONS,
            model=test.model.handle,
            context_window=test.window,
            settings=settings,
            max_steps=6,
            tool_names=TOOLS if ask.with_tools else (),
            blocks=ask.blocks,
        )
        outcome = await trial.ask(draft, ask.text, seconds, "fit_test")
        failure = outcome.run.failure
        if failure is not None and failure.code in SERVER_AT_FAULT and not outcome.timed_out:
            raise ModelError(failure.message, code=failure.code, hint=failure.hint)
        return outcome

    def _report(self, test: _Test) -> FitReport:
        tasks = tuple(test.tasks)
        verdict, sentence = verdict_of(tasks)
        settings: dict[str, Any] = {"context_window": min(test.window, test.served or test.window)}
        follows = test.settings.model_dump(mode="json", include={"reasoning", "tool_calls"}, exclude_defaults=True)
        return FitReport(
            handle=test.model.handle,
            digest=test.model.digest,
            passed=sum(one.passed for one in tasks),
            of=OF,
            tasks=tasks,
            tokens_per_second=None if test.speed is None else round(test.speed, 1),
            context=test.served,
            verdict=verdict,
            sentence=sentence,
            settings=settings | ({"settings": follows} if follows else {}),
            tested_at=self._deps.clock.now(),
        )

    async def _store(self, report: FitReport) -> FitReport:
        def work(repos: Repositories) -> None:
            others = (one for one in _read(repos.settings.get(SETTING)) if one.handle != report.handle)
            kept = [one.model_dump(mode="json") for one in (*others, report) if self._holds(one)]
            repos.settings.set(SETTING, kept)

        await self._deps.storage.write(work)
        return report

    def _known(self, repos: Repositories) -> tuple[FitReport, ...]:
        return tuple(report for report in _read(repos.settings.get(SETTING)) if self._holds(report))

    def _holds(self, report: FitReport) -> bool:
        """A changed digest is another model; what cannot be seen now is taken to be the same."""
        model = self._cache.known(report.handle)
        return model is None or not model.digest or model.digest == report.digest


def _read(setting: Setting | None) -> tuple[FitReport, ...]:
    reports: list[FitReport] = []
    for row in setting.rows if setting is not None else ():
        with contextlib.suppress(ValidationError):
            reports.append(FitReport.model_validate(row))
    return tuple(reports)
