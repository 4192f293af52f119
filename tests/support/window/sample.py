"""A lived-in world for pictures and tests of the window: five agents, a household companion with a past."""

from collections.abc import Awaitable, Callable

from app.adapters.system import RandomIds
from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentDraft, AgentPatch, ModelSettings
from app.domain.block import BlockDraft, BlockPatch
from app.domain.history import Origin
from app.domain.message import MessageDraft
from app.domain.model import ProviderDraft
from app.services import Services

SYSTEM = (
    "You are Juno, the companion of one household. Keep what is true and lasting in your memory blocks, and correct "
    "a block as soon as it is wrong. Answer briefly. Say when you do not know."
)
HUMAN = """Name: Chad.
Partner: Mia, vegetarian.
Cooks on Saturdays.
Works from home on Mondays and Fridays.
Likes coriander.
Speaks German with the neighbours."""


async def furnish_sample(services: Services) -> Agent:
    """Returns Juno, who has a conversation and a memory with changes by everybody."""
    juno = await services.agents.create(
        AgentDraft(
            name="Juno",
            description="Household companion of Brad and Mia",
            system=SYSTEM,
            model="llama/qwen3:8b",
            settings=ModelSettings(temperature=0.7),
            blocks=(
                BlockDraft(label="human", value=HUMAN, limit=2000),
                BlockDraft(label="persona", value="I am Juno. I am brief, warm and exact.", limit=2000, read_only=True),
                BlockDraft(label="household", value="Oven: 60 cm, fan. No gas hob.", limit=4000),
                BlockDraft(label="plans", value="Sat 28 Nov: dinner for six, risotto.\n" * 31, limit=1200),
            ),
        )
    )
    for name, text in (
        ("Archivist", "Sleep-time agent of Juno"),
        ("Field notes", "Trail map for the Harz is saved"),
        ("Code review", "Reads what changed and says why"),
    ):
        await services.agents.create(AgentDraft(name=name, description=text, model="llama/ministral-3:8b"))
    await services.agents.create_demo()
    await _live(services, juno)
    return await services.agents.get(juno.id)


async def sampled(engine: OpenEngine) -> None:
    """Of a data folder: the sample lives in it."""
    await furnish_sample(engine.services)


def sampled_with_ollama(url: str) -> Callable[[OpenEngine], Awaitable[None]]:
    """The same, and the Ollama at `url` is connected."""

    async def furnish(engine: OpenEngine) -> None:
        await engine.services.providers.add(ProviderDraft(name="ollama", kind="ollama", base_url=url))
        await furnish_sample(engine.services)

    return furnish


async def _live(services: Services, juno: Agent) -> None:
    new_id = RandomIds().new
    human, _, household, _ = await services.blocks.of_agent(juno.id)
    archivist = next(row.agent for row in await services.agents.list() if row.agent.name == "Archivist")
    await services.blocks.attach(archivist.id, household.id)
    edited = human.value.replace("Cooks on Saturdays.", "Cooks on Saturdays, has one hour.")
    by_api = Origin(actor="api")
    asleep = Origin(actor="sleep-time", run_id=new_id("run"), step_id=new_id("step"), tool_name="memory_rethink")
    await services.blocks.update(human.id, BlockPatch(value=edited), origin=asleep)
    await services.blocks.update(household.id, BlockPatch(value=f"{household.value}\nFridge is small."), origin=by_api)
    edited = edited.replace("Likes coriander.", "Shops at the market on Fridays.")
    await services.blocks.update(human.id, BlockPatch(value=edited))
    await services.agents.update(juno.id, AgentPatch(context_window=16384, max_steps=40))
    conversation = await services.conversations.default_of(juno.id)
    for text in ("Scale your risotto for six, and write me a small function for it.", "My name is Brad, not Chad."):
        run = await services.runs.start(conversation.active_id, MessageDraft.of(text))
        async for _event in services.runs.subscribe(run.id):
            pass
