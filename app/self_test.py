"""`lares --self-test`: whether everything that is loaded late is there, as in a folder that was built and moved."""

import asyncio
import sys
import tempfile
from pathlib import Path

from app.bootstrap import OpenEngine, RecallPlan, open_engine
from app.config import Config
from app.domain.mcp import McpDraft
from app.domain.message import Message, TextPart
from app.domain.retrieval import reason_text
from app.domain.tool import ToolDraft

SECONDS = 120.0
"""For the embedder to be loaded and everything to be embedded; a slow disk reads its 56 MB in ten."""
SAID = ("The boiler was serviced by Mr Brandt in October.", "Lentil soup is what the guests like best.")
ASKED = "Who looked after the heating?"
WORDS = ["a", "tool", "runs"]
TOOL = '''
from pydantic import BaseModel


class Text(BaseModel):
    words: list[str]


def join(text: Text) -> str:
    """Joins words.

    Args:
        text: What is joined.
    """
    return " ".join(text.words)
'''


def run_self_test() -> int:
    """Prints a line for each part. 0: all of them work."""
    return asyncio.run(_run())


async def _run() -> int:
    with tempfile.TemporaryDirectory(prefix="lares-test-") as folder:
        engine = await open_engine(Config.load(Path(folder)), recall=RecallPlan(start_after=0, settle=0))
        try:
            async with asyncio.timeout(SECONDS):
                vectors = await engine.recall_process.embed(SAID)
                print(f"embedder: {len(vectors)} texts, {vectors[0].dimension} numbers each")
                print(f"Chroma: {await engine.recall_process.check_index()} vectors found again")
                print(f"search: {await _search(engine)}")
                print(f"tool: {await _tool(engine)}")
                print(f"MCP: {await _mcp(engine)}")
        except Exception as error:  # noqa: BLE001  (whatever it is, this is the place that says so)
            print(f"failed: {type(error).__name__}: {error}")
            return 1
        finally:
            await engine.close()
    print("all of it works")
    return 0


async def _tool(engine: OpenEngine) -> str:
    """With models as arguments, so that the sandbox has pydantic too."""
    ran = await engine.services.tools.run_source(ToolDraft(source_code=TOOL), {"text": {"words": WORDS}}, {})
    if not ran.ok:
        raise ValueError(ran.error)
    return str(ran.value)


async def _mcp(engine: OpenEngine) -> str:
    """This program is the server too: a moved folder brings no other."""
    servers, frozen = engine.services.mcp_servers, bool(getattr(sys, "frozen", False))
    words = ("--self-test-server",) if frozen else ("-m", "app", "--self-test-server")
    folder = str(Path(sys.executable).parent if frozen else Path(__file__).parents[1])
    server = await servers.add(McpDraft(name="self-test", command=sys.executable, args=words, folder=folder))
    await servers.approve(server.id, server.launch.digest)
    await servers.start(server.id)
    (tool,) = await servers.tools(server.id)
    answer = await servers.run(tool.tool.id, {"text": "a server answers"})
    if not answer.ok:
        raise ValueError(answer.text)
    return answer.text


async def _search(engine: OpenEngine) -> str:
    agent = await engine.services.agents.create_demo()
    here = await engine.services.conversations.default_of(agent.id)
    said = [
        Message(
            id=engine.ids.new("message"),
            agent_id=agent.id,
            role="user",
            parts=(TextPart(text=text),),
            created_at=engine.clock.now(),
        )
        for text in SAID
    ]
    await engine.storage.write(lambda repos: [repos.messages.append(here.active_id, one) for one in said])
    await engine.recover()
    await engine.indexing.at_rest.wait()
    found = await engine.services.recall.messages(ASKED)
    if not found.state.by_meaning or not found.hits or found.hits[0].message != said[0]:
        raise ValueError(f"“{ASKED}” did not find “{SAID[0]}”. {found.state.note}")
    return reason_text(found.hits[0].reasons)
