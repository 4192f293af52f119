"""Strangers who give names and words that Qt could take for HTML."""

from urllib.parse import quote

import httpx

from app.domain.agent import AgentPatch
from app.domain.block import BlockPatch
from app.domain.history import Actor, Origin
from app.domain.model import ProviderDraft
from app.services.fitness import service as fitness
from tests.support.engine.talking import say
from tests.support.servers.ollama_pages import Installed
from tests.support.values import samples
from tests.support.values.model_lists import a_report
from tests.support.window.household import CHATS, LiveEngine
from tests.support.window.opened_window import OpenedWindow

HTML = "<img src='file:///dev/zero'>"
HOSTILE = (
    HTML,
    "<b>bold</b>",
    "a <table><tr><td>cell",
    "&lt;img src=x&gt;",
    "<!DOCTYPE html><body>",
    "<?xml version='1.0'?><p>x</p>",
    "  <a href='file:///etc/passwd'>x</a>",
    "<br/>",
    "x < y <i>and</i> y > z",
    "<IMG SRC=x>",
    "</p><p>",
)
MODEL = f"{HTML}qwen3:8b"
TOOL = samples.tool("<b>send</b>", tool_type="custom", description=HTML)


async def disguise(live: LiveEngine) -> None:
    """HTML wherever others give names and texts: agents, blocks, conversations, tools, servers and their models."""
    services, ollama = live.services, live.ollama
    ollama.installed.append(Installed(MODEL, CHATS, size=5_200_000_000))
    ollama.loaded[MODEL] = 16_384
    strange = await services.providers.add(ProviderDraft(name="<b>local", base_url=live.server.url, key="k"))
    report = a_report(f"ollama/{MODEL}", digest=ollama.installed[-1].digest, sentence=HTML)
    await services.settings.set(fitness.SETTING, [report.model_dump(mode="json")])
    await live.write(lambda repos: repos.tools.upsert(TOOL))
    for row in await services.agents.list():
        agent = row.agent
        models = {"Juno": f"ollama/{MODEL}", "Archivist": f"{strange.name}/qwen3:8b"}
        patch = {
            "name": HTML + agent.name,
            "description": HTML + agent.description,
            "tool_names": (*agent.tool_names, TOOL.name),
            "model": models.get(agent.name, agent.model),
        }
        await services.agents.update(agent.id, AgentPatch.model_validate(patch))
        for block in await services.blocks.of_agent(agent.id):
            changed = BlockPatch(value=(HTML + block.value)[: block.limit], description=HTML + block.description)
            await services.blocks.update(block.id, changed, origin=Origin(actor=Actor(kind="api", name=HTML)))
        thread = await services.conversations.default_of(agent.id)
        await services.conversations.rename(thread.id, HTML)
        await say(services, await services.agents.get(agent.id), HTML)


async def ask_strangely(window: OpenedWindow) -> None:
    """Programs ask the local API for pages, and say who they are."""
    async with httpx.AsyncClient(
        trust_env=False, base_url=f"http://127.0.0.1:{window.engine.api_port}", verify=False
    ) as program:
        for words in HOSTILE:
            await program.get(f"/v1/{quote(words, safe='')}", headers={"user-agent": words.strip()})
