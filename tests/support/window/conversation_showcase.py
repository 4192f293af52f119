"""A rich conversation in fake services, and a script that takes pictures of it: `python -m ... <folder>`."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.domain.history import Origin
from app.domain.message import Message, Part, ReasoningPart, Role, TextPart, ToolCallPart, ToolReturnPart
from app.domain.run import Failure, Run, Step, Usage
from tests.support.window.fake_services import FakeServices, fake_services
from tests.support.window.fake_world import new_id, now

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
    """Puts messages, runs and memory changes into the world of the fakes."""

    def __init__(self, services: FakeServices, agent: Agent, conversation: Conversation) -> None:
        self.world, self.agent, self.conversation = services.world, agent, conversation
        self.clock = now() - 600 * SECOND
        self.run: Run | None = None
        self.step: Step | None = None

    def begin(self, status: Any = "completed", **fields: Any) -> Run:
        values = {"status": status, "created_at": self.clock, "stop_reason": "end_turn", **fields}
        self.run = Run(id=new_id("run"), agent_id=self.agent.id, conversation_id=self.conversation.id, **values)
        self.world.runs[self.run.id] = self.run
        self.step = None
        return self.run

    def next_step(self, tokens: int, reasoning: int | None = None) -> None:
        assert self.run is not None
        number = (self.step.step_no if self.step else 0) + 1
        self.step = Step(
            id=new_id("step"),
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
        self.world.steps[self.step.id] = self.step

    def add(self, role: Role, *parts: Part | str, **fields: Any) -> Message:
        self.clock += 20 * SECOND
        message = Message(
            id=new_id("message"),
            agent_id=self.agent.id,
            role=role,
            parts=tuple(TextPart(text=part) if isinstance(part, str) else part for part in parts),
            run_id=self.run.id if self.run else None,
            step_id=self.step.id if self.step and role != "user" else None,
            created_at=self.clock,
            **fields,
        )
        pairs = self.world.messages[self.conversation.id]
        pairs.append((pairs[-1][0] + 1 if pairs else 1, message))
        return message

    def call(self, name: str, arguments: dict[str, Any], thought: str = "") -> ToolCallPart:
        call = ToolCallPart(tool_call_id=new_id("call"), name=name, arguments=json.dumps(arguments))
        parts: tuple[Part, ...] = (ReasoningPart(text=thought), call) if thought else (call,)
        self.add("assistant", *parts)
        return call

    def returned(self, call: ToolCallPart, text: str, **fields: Any) -> None:
        values: dict[str, Any] = {"status": "success", "duration_ms": 38, **fields}
        self.add("tool", ToolReturnPart(tool_call_id=call.tool_call_id, name=call.name, text=text, **values))

    def change(self, call: ToolCallPart, block_id: str, before: str, after: str, cause: Message) -> None:
        assert self.run is not None
        origin = Origin(
            actor="agent",
            run_id=self.run.id,
            step_id=self.step.id if self.step else None,
            tool_call_id=call.tool_call_id,
            tool_name=call.name,
            message_id=cause.id,
        )
        block = self.world.blocks[block_id]
        self.world.blocks[block_id] = block.model_copy(update={"value": after, "version": block.version + 1})
        self.world.record(
            ("block", block_id, block.label),
            "update",
            {"value": before},
            {"value": after},
            agent_id=self.agent.id,
            version=7,
            origin=origin,
            cause=cause.text,
        )


async def furnished(services: FakeServices) -> tuple[Agent, Conversation]:
    """An agent whose conversation has one of everything."""
    agent = await services.agents.create_demo()
    agent = services.world.agents[agent.id] = services.world.agents[agent.id].model_copy(update={"name": "Juno"})
    conversation = (await services.conversations.of_agent(agent.id))[0]
    scene = Scene(services, agent, conversation)
    _troubles(scene)
    _risotto(scene)
    _correction(scene, services)
    return agent, conversation


def _risotto(scene: Scene) -> None:
    scene.begin()
    scene.add("user", "Scale your risotto for six, and write me a small function for it.")
    scene.next_step(312)
    scene.add("assistant", RISOTTO)


def _correction(scene: Scene, services: FakeServices) -> None:
    scene.begin()
    asked = scene.add("user", "Lovely. By the way, my name is Brad, not Chad.")
    scene.next_step(48, reasoning=48)
    arguments = {"label": "human", "old_string": "Chad", "new_string": "Brad"}
    call = scene.call("memory_replace", arguments, "The human block says Chad. I should correct it first.")
    scene.returned(call, "Changed. human is now version 7.")
    block = next(block for block in services.world.blocks.values() if block.label == "human")
    scene.change(
        call, block.id, "Name: Chad.\nPartner: Mia, vegetarian.", "Name: Brad.\nPartner: Mia, vegetarian.", asked
    )
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


class Photographer:
    """Takes pictures of a chat view in its states."""

    def __init__(self, app: Any, loop: Any, folder: Path) -> None:
        from PySide6.QtWidgets import QHBoxLayout, QWidget

        from app.ui.bridge.tasks import Tasks
        from app.ui.chat.view import ChatView
        from app.ui.theme import Theme

        self.loop, self.folder = loop, folder
        self.errors: list[BaseException] = []
        self.services = fake_services()
        self.theme = Theme(app, "light")
        self.tasks = Tasks(self.errors.append)
        self.window = QWidget()
        self.window.setProperty("kind", "panel")
        self.view = ChatView(self.theme, self.services, self.tasks)
        row = QHBoxLayout(self.window)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.view)

    async def settle(self, milliseconds: int = 400) -> None:
        from PySide6.QtCore import QTimer

        done = self.loop.create_future()
        QTimer.singleShot(milliseconds, lambda: done.set_result(None))
        await done

    async def shoot(self, name: str) -> None:
        await self.settle()
        self.window.grab().save(str(self.folder / f"chat-{name}.png"))

    async def work(self) -> None:
        agent, conversation = await furnished(self.services)
        self.view.open(agent, conversation)
        self.window.show()
        await self._sizes()
        await self._writing()
        await self._editing()
        self.view.open(agent, await self.services.conversations.create(agent.id))
        await self.shoot("empty")
        await self.tasks.end()

    async def _sizes(self) -> None:
        for name, width, height in (("1440", 824, 780), ("1280", 720, 680)):
            self.window.resize(width, height)
            for mode in ("light", "dark"):
                self.theme.set_mode(mode)
                await self.shoot(f"{name}-{mode}")
        self.theme.set_mode("light")
        self.window.resize(824, 780)
        self.view.area.show_row(0)
        await self.shoot("top")
        self.view.set_mode("debug")
        self.view.area.show_row(4)
        await self.shoot("debug")
        self.view.set_mode("interactive")

    async def _writing(self) -> None:
        view, gate = self.view, asyncio.Event()
        self.services.world.gate = gate
        view.composer.restore("Tell me **slowly** what you know of me, in about twelve words, please.", ())
        view.composer.send.click()
        await self.settle()
        view.composer.restore("Put the shopping list into the plans block, for Friday.", ())
        view.composer.setFocus()
        await self.shoot("writing")
        view.composer.send.click()
        self.theme.set_mode("dark")
        await self.shoot("queued")
        gate.set()
        await self.settle(900)
        self.theme.set_mode("light")

    async def _editing(self) -> None:
        self.view.edit_last()
        await self.shoot("edit")
        self.theme.set_scale(2.0)
        self.window.resize(1200, 1500)
        self.view.area.to_bottom()
        await self.shoot("200")
        self.theme.set_scale(1.0)
        self.window.resize(824, 780)


def take_pictures(folder: Path) -> None:
    """Pictures of the conversation, light and dark, in several sizes."""
    import qasync
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    folder.mkdir(parents=True, exist_ok=True)
    photographer = Photographer(app, loop, folder)
    with loop:
        loop.run_until_complete(photographer.work())
    assert not photographer.errors, photographer.errors


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    take_pictures(Path(sys.argv[1]))
