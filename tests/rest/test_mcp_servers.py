"""MCP servers over both families of routes; the README's example against a server made with the official SDK."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from letta_client import Letta, PermissionDeniedError

from tests.rest.conftest import MODEL
from tests.support.servers.mcp_target import words
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

REAL = Path(__file__).parents[1] / "support" / "servers" / "real_mcp.py"


def stdio(mode: str = "good", **more: Any) -> Any:
    return {"mcp_server_type": "stdio", "command": sys.executable, "args": list(words(mode)), **more}


def test_programs_start_nothing_before_the_person_allows_it(client: Letta, http: httpx.Client):
    with pytest.raises(PermissionDeniedError, match="may not add programs"):
        client.mcp_servers.create(server_name="weather", config=stdio())
    flat = {**stdio(), "type": "stdio", "server_name": "weather"}
    for method, path in (("PUT", ""), ("POST", "/test"), ("POST", "/connect")):
        assert http.request(method, f"/v1/tools/mcp/servers{path}", json=flat).status_code == 403
    assert client.mcp_servers.list() == []
    elsewhere = client.mcp_servers.create(
        server_name="away", config={"mcp_server_type": "streamable_http", "server_url": "http://127.0.0.1:9/mcp"}
    )
    with pytest.raises(PermissionDeniedError):
        client.mcp_servers.update(elsewhere.id or "", config=stdio())
    listed = http.get("/v1/tools/mcp/servers/away/tools")
    assert (listed.status_code, "does not answer" in listed.text) == (502, True)
    client.mcp_servers.delete(elsewhere.id or "")


def test_the_example_of_the_readme_over_stdio_streamable_http_and_sse(
    sdk: Letta, model_server: OpenAIServer, tmp_path: Path
):
    port_file = tmp_path / "port"
    made = sdk.mcp_servers.create(
        server_name="weather-server",
        config={"mcp_server_type": "stdio", "command": sys.executable, "args": [str(REAL), str(port_file)]},
    )
    port, old_port = port_file.read_text().split()
    address = f"http://127.0.0.1:{port}/mcp"
    sdk.mcp_servers.create(
        server_name="weather-by-http", config={"mcp_server_type": "streamable_http", "server_url": address}
    )
    sdk.mcp_servers.create(
        server_name="weather-by-sse",
        config={"mcp_server_type": "sse", "server_url": f"http://127.0.0.1:{old_port}/sse"},
    )
    names: list[str] = []
    for server in sdk.mcp_servers.list():
        if server.server_name not in ("weather-server", "weather-by-http", "weather-by-sse"):
            continue
        (tool,) = sdk.mcp_servers.tools.list(server.id or "")
        assert tool.tool_type == "external_mcp"
        assert tool.tags == [f"mcp:{server.server_name}"]
        agent = sdk.agents.create(model=MODEL, tool_ids=[tool.id])
        model_server.queue(Reply(calls=(ToolCall(tool.name or "", {"city": "Oslo"}),)), Reply(text="It is sunny."))
        answer = sdk.agents.messages.create(agent.id, input="What is the weather in Oslo?")
        returned = next(one for one in answer.messages if one.message_type == "tool_return_message")
        assert (returned.status, returned.tool_return) == ("success", "Oslo: sunny for 1 days")
        assert answer.stop_reason.stop_reason == "end_turn"
        run = sdk.mcp_servers.tools.run(tool.id, mcp_server_id=server.id or "", args={"city": "Rome", "days": 3})
        assert (run.status, run.func_return) == ("success", "Rome: sunny for 3 days")
        names.append(tool.name or "")
    assert names == ["get_weather", "weather-by-http_get_weather", "weather-by-sse_get_weather"]
    assert sdk.mcp_servers.refresh(made.id or "") is not None
    for server in sdk.mcp_servers.list():
        sdk.mcp_servers.delete(server.id or "")
    assert list(sdk.tools.list(tool_types=["external_mcp"])) == []


def test_servers_by_id(sdk: Letta, raw: httpx.Client):
    made = sdk.mcp_servers.create(server_name="by id", config=stdio(env={"KEY": "s3cret"}))
    server_id = made.id or ""
    assert made.model_dump()["env"] == {"KEY": "********"}
    tools = {tool.name: tool.id for tool in sdk.mcp_servers.tools.list(server_id)}
    assert sdk.mcp_servers.tools.retrieve(tools["echo"], mcp_server_id=server_id).name == "echo"
    told = sdk.mcp_servers.tools.run(tools["environment"], mcp_server_id=server_id, args={"name": "KEY"})
    assert json.loads(str(told.func_return))["value"] == "s3cret"
    failed = sdk.mcp_servers.tools.run(tools["fail"], mcp_server_id=server_id, args={})
    assert (failed.status, failed.func_return) == ("error", "The disk is full.")
    same = sdk.mcp_servers.update(server_id, server_name="renamed", config=stdio(env={"KEY": "********"}))
    assert same.server_name == "renamed"
    told = sdk.mcp_servers.tools.run(tools["environment"], mcp_server_id=server_id, args={"name": "KEY"})
    assert json.loads(str(told.func_return))["value"] == "s3cret"
    moved = raw.patch(f"/v1/mcp-servers/{server_id}", json={"config": {"command": "/bin/other"}})
    assert (moved.status_code, "gets none of the values" in moved.text) == (400, True)
    assert raw.post("/v1/mcp-servers", json={"server_name": "renamed", "config": stdio()}).status_code == 409
    sdk.mcp_servers.tools.run(tools["vanish"], mcp_server_id=server_id, args={})
    assert raw.patch(f"/v1/mcp-servers/{server_id}/refresh").json() == {
        "added": [],
        "updated": [],
        "deleted": ["echo"],
    }
    sdk.mcp_servers.delete(server_id)
    assert raw.get(f"/v1/mcp-servers/{server_id}").status_code == 404


def test_a_tool_that_its_server_changed_is_an_approval_request(
    sdk: Letta, raw: httpx.Client, model_server: OpenAIServer
):
    server_id = sdk.mcp_servers.create(server_name="changing", config=stdio()).id or ""
    tools = {tool.name: tool.id for tool in sdk.mcp_servers.tools.list(server_id)}
    sdk.mcp_servers.tools.run(tools["change"], mcp_server_id=server_id, args={})

    def origin() -> Any:
        return raw.get(f"/v1/tools/{tools['echo']}").json()["metadata_"]["mcp"]

    while "changed" not in origin():
        pass
    assert "letters" in origin()["changed"]["description"]
    agent = sdk.agents.create(model=MODEL, tool_ids=[tools["echo"]])
    model_server.queue(Reply(calls=(ToolCall("echo", {"text": "hi"}),)), Reply(text="Hi."))
    asked: Any = sdk.agents.messages.create(agent.id, input="Say hi")
    assert asked.stop_reason.stop_reason == "requires_approval"
    assert asked.messages[-1].message_type == "approval_request_message"
    call_id = asked.messages[-1].tool_calls[0].tool_call_id
    yes: Any = {"type": "approval", "approvals": [{"type": "approval", "tool_call_id": call_id, "approve": True}]}
    done: Any = sdk.agents.messages.create(agent.id, messages=[yes])
    assert [one.message_type for one in done.messages] == ["tool_return_message", "assistant_message"]
    assert done.messages[0].tool_return == "hi"
    assert "changed" not in origin()
    assert "letters" in str(sdk.tools.retrieve(tools["echo"]).description)
    sdk.mcp_servers.delete(server_id)


def test_servers_by_name(raw: httpx.Client):
    base, flat = "/v1/tools/mcp/servers", {**stdio(), "server_name": "by name"}
    tested = raw.post(f"{base}/test", json=flat).json()
    assert (tested["status"], tested["tools"][0]["name"]) == ("success", "echo")
    events = [json.loads(row[6:]) for row in raw.post(f"{base}/connect", json=flat).text.split("\n\n") if row]
    assert [event["event"] for event in events] == ["connection_attempt", "success"]
    wrong = raw.post(f"{base}/connect", json={**flat, "command": "no-such-program"}).text
    assert "was not found on the path of your login shell" in wrong
    assert raw.post(f"{base}/test", json={**flat, "command": "no-such-program"}).status_code == 400
    assert raw.post(f"{base}/test", json={**flat, "mcp_server_type": "smoke"}).status_code == 422
    added = next(one for one in raw.put(base, json=flat).json() if one["server_name"] == "by name")
    assert (added["server_name"], added["type"]) == ("by name", "stdio")
    assert "by name" in raw.get(base).json()
    assert {one["name"] for one in raw.get(f"{base}/by name/tools").json()} >= {"echo", "die"}
    tool = raw.post(f"{base}/by name/echo").json()
    assert (tool["tool_type"], tool["metadata_"]["mcp"]["server_name"]) == ("external_mcp", "by name")
    assert raw.post(f"{base}/by name/nothing").status_code == 404
    changed = raw.patch(f"{base}/by name", json={"args": list(words("banner"))}).json()
    assert changed["args"][-1] == "banner"
    assert "by name" not in str(raw.delete(f"{base}/by name").json())
    assert raw.get(f"{base}/by name/tools").status_code == 404
