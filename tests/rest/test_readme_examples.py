"""The Python examples of Letta's README with letta-client 1.x, changed only in address, handles and renamed methods.

Examples whose part this version does not have are here too: their test fails the day the route stops answering 501.
"""

import pytest
from letta_client import APIStatusError, Letta

from tests.rest.conftest import EMBEDDING, MODEL
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer


def test_hello_world(client: Letta, model_server: OpenAIServer) -> None:
    model_server.queue(
        Reply(
            reasoning="They are called Brad.",
            calls=(
                ToolCall(
                    "memory_replace",
                    {"label": "human", "old_string": "The human's name is Chad.", "new_string": "Their name is Brad."},
                ),
            ),
        ),
        Reply(text="Nice to meet you, Brad!"),
    )
    agent_state = client.agents.create(
        model=MODEL,
        embedding=EMBEDDING,
        memory_blocks=[
            {"label": "human", "value": "The human's name is Chad. They like vibe coding."},
            {"label": "persona", "value": "My name is Sam, a helpful assistant."},
        ],
        tools=["web_search", "run_code"],
    )
    assert agent_state.id.startswith("agent-")
    response = client.agents.messages.create(
        agent_id=agent_state.id, messages=[{"role": "user", "content": "Hey, nice to meet you, my name is Brad."}]
    )
    kinds = [message.message_type for message in response.messages]
    assert kinds == ["reasoning_message", "tool_call_message", "tool_return_message", "assistant_message"]
    assert response.stop_reason.stop_reason == "end_turn"
    assert response.usage.step_count == 2
    block = client.agents.blocks.retrieve("human", agent_id=agent_state.id)
    assert block.value == "Their name is Brad. They like vibe coding."
    assert {tool.name for tool in agent_state.tools} >= {"web_search", "run_code", "memory_replace"}


def test_a_search_without_an_engine_says_so_to_the_model(client: Letta, model_server: OpenAIServer) -> None:
    agent = client.agents.create(model=MODEL, tools=["web_search"])
    model_server.queue(Reply(calls=(ToolCall("web_search", {"query": "x"}),)), Reply(text="I cannot."))
    response = client.agents.messages.create(agent.id, input="Search the web")
    returned = next(one for one in response.messages if one.message_type == "tool_return_message")
    assert returned.status == "error"
    assert "No search engine has been chosen" in returned.tool_return


def test_shared_memory(client: Letta) -> None:
    shared_block = client.blocks.create(
        label="organization",
        description="Shared information between all agents within the organization.",
        value="Nothing here yet, we should update this over time.",
    )
    supervisor_agent = client.agents.create(
        model=MODEL,
        embedding=EMBEDDING,
        memory_blocks=[{"label": "persona", "value": "I am a supervisor"}],
        block_ids=[shared_block.id],
    )
    worker_agent = client.agents.create(
        model=MODEL,
        embedding=EMBEDDING,
        memory_blocks=[{"label": "persona", "value": "I am a worker"}],
        block_ids=[shared_block.id],
    )
    holders = {agent.id for agent in client.blocks.agents.list(shared_block.id)}
    assert holders == {supervisor_agent.id, worker_agent.id}
    client.agents.blocks.update("organization", agent_id=worker_agent.id, value="We make tea.")
    assert client.agents.blocks.retrieve("organization", agent_id=supervisor_agent.id).value == "We make tea."


@pytest.mark.filterwarnings("ignore:deprecated")
def test_long_running_agents(client: Letta, model_server: OpenAIServer) -> None:
    agent_state = client.agents.create(model=MODEL, embedding=EMBEDDING)
    model_server.queue(Reply(text="One two three four five six seven eight."))
    stream = client.agents.messages.stream(
        agent_id=agent_state.id,
        messages=[{"role": "user", "content": "Run comprehensive analysis on this dataset"}],
        stream_tokens=True,
        background=True,
    )
    run_id, last_seq_id, seen = None, None, 0
    for chunk in stream:
        if getattr(chunk, "run_id", None) and getattr(chunk, "seq_id", None):
            run_id, last_seq_id = chunk.run_id, chunk.seq_id
            seen += 1
        if seen == 3:
            break
    stream.close()
    assert run_id is not None
    rest = list(client.runs.messages.stream(run_id, starting_after=last_seq_id))
    assert rest[-1].message_type == "usage_statistics"
    text = "".join(chunk.content for chunk in rest if chunk.message_type == "assistant_message")
    assert text == " four five six seven eight."


def test_async_run_is_polled_to_its_end(client: Letta) -> None:
    agent = client.agents.create(model=MODEL)
    run = client.agents.messages.create_async(agent.id, input="hello")
    assert run.status in ("created", "running")
    # Taking up its stream waits for its end.
    assert list(client.runs.messages.stream(run.id))[-1].message_type == "usage_statistics"
    assert client.runs.retrieve(run.id).status == "completed"


def test_local_models_are_swapped_by_changing_the_agent(client: Letta) -> None:
    agent = client.agents.create(model=MODEL)
    client.agents.messages.create(agent.id, input="hello")
    changed = client.agents.update(agent.id, model="demo/vesta")
    assert changed.model == changed.llm_config.handle == "demo/vesta"
    assert len(client.agents.messages.list(agent.id).items) == 3
    with pytest.raises(APIStatusError, match="Handle openai/gpt-4") as raised:
        client.agents.update(agent.id, model="openai/gpt-4.1")
    assert raised.value.status_code == 404


# What this version does not have


def refused(raised: pytest.ExceptionInfo[APIStatusError], word: str) -> None:
    assert raised.value.status_code == 501
    assert word in str(raised.value)


def test_sleep_time_agents_are_not_there_yet(client: Letta) -> None:
    with pytest.raises(APIStatusError) as raised:
        client.agents.create(model=MODEL, embedding=EMBEDDING, enable_sleeptime=True)
    refused(raised, "Sleep-time")


def test_agent_files_are_not_there_yet(client: Letta) -> None:
    agent = client.agents.create(model=MODEL)
    with pytest.raises(APIStatusError) as raised:
        client.agents.import_file(file=b"{}")
    refused(raised, "agent files")
    with pytest.raises(APIStatusError) as raised:
        client.agents.export_file(agent.id)
    refused(raised, "agent files")


def test_filesystem_is_not_there_yet(client: Letta) -> None:
    embedding_models = client.models.embeddings.list()
    assert EMBEDDING in [model.handle for model in embedding_models]
    with pytest.raises(APIStatusError) as raised:
        client.folders.create(name="my_folder", embedding=EMBEDDING)
    refused(raised, "Folders")
