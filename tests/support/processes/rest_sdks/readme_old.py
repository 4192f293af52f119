"""The README's examples for a letta-client 0.1.x, run by a Python of its own: prints one line per example.

python readme_old.py URL MODEL EMBEDDING
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from letta_client import Letta
from letta_client.core.api_error import ApiError

url, model, embedding = sys.argv[1:4]
client: Any = Letta(base_url=url, token="LETTA_API_KEY")


def refused(call: Callable[..., Any], **arguments: Any) -> int:
    try:
        call(**arguments)
    except ApiError as error:
        return error.status_code or 0
    return 200


def tell(example: str, seen: Any) -> None:
    sys.stdout.write(json.dumps([example, seen]) + "\n")


agent = client.agents.create(
    model=model,
    embedding=embedding,
    memory_blocks=[
        {"label": "human", "value": "The human's name is Chad. They like vibe coding."},
        {"label": "persona", "value": "My name is Sam, a helpful assistant."},
    ],
    tools=["web_search", "run_code"],
)
response = client.agents.messages.create(
    agent_id=agent.id, messages=[{"role": "user", "content": "Hey, nice to meet you, my name is Brad."}]
)
tell("hello", [message.message_type for message in response.messages])

shared = client.blocks.create(label="organization", description="Shared information.", value="Nothing here yet.")
pair = [
    client.agents.create(
        model=model,
        embedding=embedding,
        memory_blocks=[{"label": "persona", "value": "I am one of two"}],
        block_ids=[shared.id],
    )
    for _ in range(2)
]
tell("shared", [sorted(block.label for block in one.memory.blocks) for one in pair])
tell("sleep-time", refused(client.agents.create, model=model, embedding=embedding, enable_sleeptime=True))
if hasattr(client.agents, "import_agent_serialized"):
    tell("import", refused(client.agents.import_agent_serialized, file=b"{}"))
    tell("export", refused(client.agents.export_agent_serialized, agent_id=agent.id))
offered = client.tools.list_mcp_tools_by_server(mcp_server_name="weather-server")
weather = client.tools.add_mcp_tool(mcp_server_name="weather-server", mcp_tool_name="get_weather")
forecaster = client.agents.create(model=model, embedding=embedding, tool_ids=[weather.id])
answer = client.agents.messages.create(
    agent_id=forecaster.id, messages=[{"role": "user", "content": "Use the weather tool to check the forecast"}]
)
has = weather.name in [tool.name for tool in forecaster.tools]
tell("mcp", [[tool.name for tool in offered], weather.name, has, answer.messages[-1].message_type])
attached = client.agents.tools.attach(agent_id=pair[0].id, tool_id=agent.tools[0].id)
tell("attach", attached.id == pair[0].id)
if hasattr(client, "folders"):
    configs = client.embedding_models.list()
    tell("folders", refused(client.folders.create, name="my_folder", embedding_config=configs[0]))
    stream = client.agents.messages.create_stream(
        agent_id=agent.id,
        messages=[{"role": "user", "content": "Run comprehensive analysis on this dataset"}],
        stream_tokens=True,
        background=True,
    )
    numbered = [chunk for chunk in stream if getattr(chunk, "seq_id", None)]
    first = numbered[0]
    resumed = list(client.runs.stream(first.run_id, starting_after=first.seq_id))
    tell("resumed", [chunk.seq_id for chunk in resumed[1:]] == [chunk.seq_id for chunk in numbered[1:]])
