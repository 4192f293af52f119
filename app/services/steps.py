"""Steps one by one: what they cost and took, and what people think of them."""

from app.domain.event import Changed
from app.domain.message import Message
from app.domain.page import StepPage
from app.domain.run import Step
from app.domain.turn import Feedback, StepFeedback
from app.engine.deps import EngineDeps
from app.ports.storage import Repositories


def step_page(repos: Repositories, steps: tuple[Step, ...]) -> StepPage:
    """Steps with what belongs to them."""
    if not steps:
        return StepPage()
    runs = repos.runs.many(tuple({step.run_id for step in steps}))
    agents = (repos.agents.find(agent_id) for agent_id in {step.agent_id for step in steps})
    return StepPage(
        steps=steps,
        feedback=repos.requests.feedback(tuple(step.id for step in steps)),
        runs={run.id: run for run in runs},
        providers={provider.name: provider for provider in repos.providers.list()},
        windows={agent.id: agent.context_window for agent in agents if agent is not None},
    )


class Steps:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def get(self, step_id: str) -> StepPage:
        """The step with its run and what was said of it."""

        def work(repos: Repositories) -> StepPage:
            return step_page(repos, (repos.runs.step(step_id),))

        return await self._deps.storage.read(work)

    async def messages(self, step_id: str) -> tuple[Message, ...]:
        """What the step said and what its tools returned."""

        def work(repos: Repositories) -> tuple[Message, ...]:
            of_run = repos.messages.of_run(repos.runs.step(step_id).run_id)
            return tuple(message for message in of_run if message.step_id == step_id)

        return await self._deps.storage.read(work)

    async def give_feedback(self, step_id: str, feedback: Feedback | None, tags: tuple[str, ...] | None) -> None:
        """Replaces what was said of a step; tags of None stay as they are."""

        def work(repos: Repositories) -> None:
            step = repos.runs.step(step_id)
            known = repos.requests.feedback((step_id,)).get(step_id, StepFeedback(step_id=step_id))
            kept = known.tags if tags is None else tags
            repos.requests.put_feedback(StepFeedback(step_id=step_id, feedback=feedback, tags=kept))
            repos.changed(Changed(kind="run", ids=(step.run_id,), agent_id=step.agent_id))

        await self._deps.storage.write(work)
