"""A rich conversation, written straight through the repositories: its past has times and failures of its own."""

import json
from collections.abc import Callable
from typing import Any

from app.adapters.system import RandomIds, SystemClock
from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.domain.history import Origin
from app.domain.message import Message, Part, ReasoningPart, Role, TextPart, ToolCallPart, ToolReturnPart
from app.domain.run import Failure, Run, Step, Usage
from app.engine.memory.changes import Changes
from app.ports.storage import Repositories
from tests.support.window.household import LiveEngine

SECOND = 1_000_000
RISOTTO = '''For six you need **420 g** of rice and 1.5 l of stock; everything grows evenly, only the wine does not:

```python
def scale(recipe: dict, people: int) -> dict:
    """Scale every amount; wine grows by half the factor."""
    factor = people / recipe["serves"]
    return {name: amount * (factor if name != "wine" else (1 + factor) / 2)
            for name, amount in recipe["amounts"].items()}
```

- Start the stock at 18:20, the rice at 18:35.
- Mia is vegetarian, so I would use `porcini` instead of the pancetta.
'''
TABLE = """Here is the plan as a table, see [the recipe](https://example.org/risotto):

| Dish | Amount | Begin |
|:-----|-------:|:-----:|
| Rice | 420 g | 18:35 |
| Stock | 1.5 l | 18:20 |

> Taste before you salt.

1. Warm the stock
2. Toast the rice
   - until it is glassy
"""


class Scene:
    """Collects messages, runs and memory changes of one conversation, and stores them in one transaction."""

    def __init__(self, agent: Agent, conversation: Conversation) -> None:
        self.agent, self.conversation = agent, conversation
        self.clock = SystemClock().now() - 600 * SECOND
        self._ids = RandomIds()
        self._writes: list[Callable[[Repositories], object]] = []
        self.run: Run | None = None
        self.step: Step | None = None

    def begin(self, status: Any = "completed", **fields: Any) -> Run:
        values = {"status": status, "created_at": self.clock, "stop_reason": "end_turn", **fields}
        self.run = Run(id=self._ids.new("run"), agent_id=self.agent.id, conversation_id=self.conversation.id, **values)
        self.step = None
        run = self.run
        self._writes.append(lambda repos: repos.runs.add(run, "{}"))
        return run

    def next_step(self, tokens: int, reasoning: int | None = None) -> None:
        assert self.run is not None
        number = (self.step.step_no if self.step else 0) + 1
        self.step = Step(
            id=self._ids.new("step"),
            run_id=self.run.id,
            agent_id=self.agent.id,
            step_no=number,
            model=self.agent.model,
            status="completed",
            usage=Usage(completion_tokens=tokens, reasoning_tokens=reasoning, steps=1),
            created_at=self.clock,
            first_token_at=self.clock + 400_000,
            completed_at=self.clock + 400_000 + tokens * 30_000,
        )
        step = self.step
        self._writes.append(lambda repos: repos.runs.add_step(step, (), b""))

    def add(self, role: Role, *parts: Part | str, **fields: Any) -> Message:
        self.clock += 20 * SECOND
        message = Message(
            id=self._ids.new("message"),
            agent_id=self.agent.id,
            role=role,
            parts=tuple(TextPart(text=part) if isinstance(part, str) else part for part in parts),
            run_id=self.run.id if self.run else None,
            step_id=self.step.id if self.step and role != "user" else None,
            created_at=self.clock,
            **fields,
        )
        self._writes.append(lambda repos: repos.messages.append(self.conversation.active_id, message))
        return message

    def call(self, name: str, arguments: dict[str, Any], thought: str = "") -> ToolCallPart:
        call = ToolCallPart(tool_call_id=self._ids.new("call"), name=name, arguments=json.dumps(arguments))
        parts: tuple[Part, ...] = (ReasoningPart(text=thought), call) if thought else (call,)
        self.add("assistant", *parts)
        return call

    def returned(self, call: ToolCallPart, text: str, **fields: Any) -> None:
        values: dict[str, Any] = {"status": "success", "duration_ms": 38, **fields}
        self.add("tool", ToolReturnPart(tool_call_id=call.tool_call_id, name=call.name, text=text, **values))

    def change(self, call: ToolCallPart, label: str, old: str, new: str, cause: Message) -> None:
        assert self.run is not None
        origin = Origin(
            actor="agent",
            run_id=self.run.id,
            step_id=self.step.id if self.step else None,
            tool_call_id=call.tool_call_id,
            tool_name=call.name,
            message_id=cause.id,
        )
        at = self.clock

        def write(repos: Repositories) -> None:
            block = next(block for block in repos.blocks.of_agent(self.agent.id) if block.label == label)
            changed = block.model_copy(update={"value": block.value.replace(old, new)})
            Changes(repos, self._ids, at, origin).save_block(block, changed, self.agent.id)

        self._writes.append(write)

    async def store(self, engine: LiveEngine) -> None:
        def work(repos: Repositories) -> None:
            for write in self._writes:
                write(repos)

        await engine.write(work)
        self._writes.clear()


async def furnish_rich(engine: LiveEngine, agent: Agent, conversation: Conversation) -> None:
    """Gives the agent, whose block human says Chad, a conversation that has one of everything."""
    scene = Scene(agent, conversation)
    _troubles(scene)
    _risotto(scene)
    _correction(scene)
    await scene.store(engine)


def _risotto(scene: Scene) -> None:
    scene.begin()
    scene.add("user", "Scale your risotto for six, and write me a small function for it.")
    scene.next_step(312)
    scene.add("assistant", RISOTTO)


def _correction(scene: Scene) -> None:
    scene.begin()
    asked = scene.add("user", "Lovely. By the way, my name is Brad, not Chad.")
    scene.next_step(48, reasoning=48)
    arguments = {"label": "human", "old_string": "Chad", "new_string": "Brad"}
    call = scene.call("memory_replace", arguments, "The human block says Chad. I should correct it first.")
    scene.returned(call, "Changed. human is now version 7.")
    scene.change(call, "human", "Chad", "Brad", asked)
    scene.next_step(41)
    scene.add(
        "assistant",
        "Sorry about that, **Brad**. I have corrected it in my memory, so it will be right in every later "
        "conversation. The invitation for Saturday is still signed “Chad”.",
    )


def _troubles(scene: Scene) -> None:
    scene.begin()
    scene.add("summary", "Brad and Mia cook on Saturdays. Mia is vegetarian. The oven is 60 cm with a fan.")
    scene.add("system", "The calendar says: dinner for six on Saturday, 28 November, at 19:30.")
    scene.add("user", "What did we plan for Saturday?")
    scene.next_step(30)
    search = scene.call("conversation_search", {"query": "Saturday dinner", "limit": 5})
    lines = "\n".join(f"{number}. 3 Nov: dinner for six, risotto, number {number}" for number in range(1, 21))
    scene.returned(search, lines, duration_ms=1240)
    broken = scene.call("memory_replace", {"label": "plans", "old_string": "Sunday", "new_string": "Saturday"})
    scene.returned(broken, "No block has the label “plans”. There are: persona, human.", status="error", duration_ms=4)
    scene.next_step(80)
    scene.add("assistant", TABLE)
    failure = Failure(
        code="server_died",
        message="Ollama stopped answering in the middle of the reply",
        hint="The 39 words it had written are kept above. Memory did not change in this step.",
        details={"url": "http://127.0.0.1:11434/api/chat", "seconds": 31},
    )
    scene.begin("failed", stop_reason="llm_api_error", failure=failure)
    scene.add("user", "Check the totals in the shop, then fix what is wrong in the file.")
    scene.next_step(39)
    scene.add(
        "assistant", "I read `src/pricing.py`. Two things are wrong: the count of an item is", note="not_finished"
    )
