"""Tools that programs write: refused until they may, then written, changed, tried, given to an agent and called."""

import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from letta_client import Letta, PermissionDeniedError

from tests.rest.conftest import MODEL
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

DICE = '''
def roll_dice(sides: int, count: int = 1) -> str:
    """Rolls dice.

    Args:
        sides: how many sides each has
        count: how many dice
    """
    import os
    print("rolled", count)
    return f"{sides * count} {os.environ.get('LUCK', 'none')}"
'''


def test_programs_are_refused_until_they_may(client: Letta, http: httpx.Client):
    with pytest.raises(PermissionDeniedError, match="may not add programs"):
        client.tools.create(source_code=DICE)
    for path in ("/v1/tools/run", "/v1/tools"):
        assert http.post(path, json={"source_code": DICE, "args": {}}).status_code == 403


def test_a_tool_is_written_changed_and_deleted(sdk: Letta):
    made = sdk.tools.create(source_code=DICE, tags=["games"])
    assert (made.name, made.description, made.tool_type, made.tags) == ("roll_dice", "Rolls dice.", "custom", ["games"])
    parameters: Any = (made.json_schema or {})["parameters"]
    assert parameters["required"] == ["sides"]
    assert parameters["properties"]["count"] == {"type": "integer", "default": 1, "description": "how many dice"}
    again = sdk.tools.upsert(source_code=DICE.replace("Rolls dice", "Throws dice"))
    assert (again.id, again.description) == (made.id, "Throws dice.")
    changed = sdk.tools.update(made.id or "", return_char_limit=50, default_requires_approval=True)
    assert (changed.return_char_limit, changed.default_requires_approval) == (50, True)
    assert [one.id for one in sdk.tools.list(name="roll_dice")] == [made.id]
    sdk.tools.delete(made.id or "")
    assert not list(sdk.tools.list(name="roll_dice"))


def test_a_source_that_is_wrong_names_its_lines(raw: httpx.Client):
    refused = raw.post("/v1/tools", json={"source_code": "def f(x):\n    return x\n"})
    assert refused.status_code == 400
    assert "Line 1: " in refused.text
    taken = raw.post("/v1/tools", json={"source_code": DICE.replace("roll_dice", "memory_insert")})
    assert taken.status_code == 409
    with_words = DICE.replace("    import os\n", "    import os, sys\n    raise ValueError('no luck')\n")
    tried = raw.post("/v1/tools/run", json={"source_code": with_words, "args": {"sides": 6}}).json()
    assert (tried["status"], tried["tool_return"]) == ("error", "ValueError: no luck")
    assert "line 10, in roll_dice" in tried["stderr"][0]


def test_a_source_is_tried_with_variables_of_its_own(raw: httpx.Client):
    body: dict[str, Any] = {"source_code": DICE, "args": {"sides": 6, "count": 2}, "env_vars": {"LUCK": "much"}}
    tried = raw.post("/v1/tools/run", json=body).json()
    assert (tried["status"], tried["tool_return"], tried["stdout"]) == ("success", "12 much", ["rolled 2\n"])
    assert tried["message_type"] == "tool_return_message"
    for name in ("A=B", ""):
        refused = raw.post("/v1/tools/run", json={**body, "env_vars": {name: "x"}})
        assert (refused.status_code, f"“{name}” cannot be the name of a variable" in refused.text) == (400, True)


def test_what_a_call_lacks_or_returns_too_much_of_is_named(raw: httpx.Client):
    tried = raw.post("/v1/tools/run", json={"source_code": DICE, "args": {}}).json()
    assert tried["status"] == "error"
    assert tried["tool_return"] == "TypeError: roll_dice() missing 1 required positional argument: 'sides'"
    large = 'def large() -> int:\n    """Gives a large number."""\n    return 10**5000\n'
    tried = raw.post("/v1/tools/run", json={"source_code": large, "args": {}}).json()
    assert (tried["status"], tried["tool_return"][:30]) == ("error", "ValueError: Exceeds the limit ")


def test_a_name_that_model_servers_refuse_is_refused(raw: httpx.Client):
    refused = raw.post("/v1/tools", json={"source_code": DICE.replace("roll_dice", "würfle")})
    assert refused.status_code == 400
    assert "Line 2: Model servers take names of letters from a to z, digits, _ and - alone" in refused.text


def test_a_schema_of_pydantic_comes_with_a_source(raw: httpx.Client):
    place = {"type": "object", "properties": {"street": {"type": "string"}}, "required": ["street"]}
    schema = {
        "type": "object",
        "properties": {"place": {"$ref": "#/$defs/Place"}},
        "required": ["place"],
        "$defs": {"Place": place},
    }
    body = {"source_code": "def visit(place):\n    return place['street']\n", "args_json_schema": schema}
    made = raw.post("/v1/tools", json={**body, "description": "Visits a place."}).json()
    assert made["json_schema"]["parameters"]["properties"]["place"] == place
    assert made["description"] == "Visits a place."


def test_an_agent_calls_it_with_its_secrets(sdk: Letta, raw: httpx.Client, model_server: OpenAIServer):
    tool = sdk.tools.create(source_code=DICE)
    agent = sdk.agents.create(
        model=MODEL,
        tool_ids=[tool.id or ""],
        include_base_tools=False,
        tool_exec_environment_variables={"LUCK": "good"},
    )
    model_server.queue(Reply(calls=(ToolCall("roll_dice", {"sides": 20}),)), Reply(text="Twenty."))
    said = sdk.agents.messages.create(agent.id, messages=[{"role": "user", "content": "roll"}])
    returned = next(one for one in said.messages if one.message_type == "tool_return_message")
    assert (returned.tool_return, returned.status) == ("20 good", "success")
    assert returned.stdout == ["rolled 1\n"]
    by_hand = raw.post(f"/v1/agents/{agent.id}/tools/roll_dice/run", json={"args": {"sides": 3}}).json()
    assert (by_hand["status"], by_hand["func_return"]) == ("success", "3 good")
    with contextlib.suppress(Exception):
        sdk.tools.delete(tool.id or "")
    assert not sdk.agents.retrieve(agent.id).tools


def test_what_cannot_run_is_kept_and_says_why(raw: httpx.Client):
    body = {"source_code": DICE.replace("roll_dice", "needy"), "npm_requirements": [{"name": "left-pad"}]}
    made = raw.post("/v1/tools", json=body).json()
    assert made["npm_requirements"] == [{"name": "left-pad", "version": None}]
    agent = raw.post("/v1/agents/", json={"model": MODEL, "tools": ["needy"], "include_base_tools": False}).json()
    refused = raw.post(f"/v1/agents/{agent['id']}/tools/needy/run", json={"args": {"sides": 1}})
    assert refused.status_code == 400
    assert "needs packages for JavaScript" in refused.text
    script = {"source_code": "function f() {}", "source_type": "typescript"}
    assert raw.post("/v1/tools", json=script).status_code == 400
    script["json_schema"] = {"name": "f_ts", "description": "F.", "parameters": {"type": "object", "properties": {}}}
    assert raw.post("/v1/tools", json=script).json()["source_type"] == "typescript"


def test_variables_of_all_tools_come_in_and_never_out(raw: httpx.Client):
    sandbox = raw.get("/v1/sandbox-config").json()[0]
    variables = f"/v1/sandbox-config/{sandbox['id']}/environment-variable"
    made = raw.post(variables, json={"key": "LUCK", "value": "shared", "description": "For dice."}).json()
    try:
        assert raw.post(variables, json={"key": "LUCK", "value": "x"}).status_code == 409
        assert raw.post(variables, json={"key": "A=B", "value": "x"}).status_code == 400
        body: dict[str, Any] = {"source_code": DICE, "args": {"sides": 1}}
        assert raw.post("/v1/tools/run", json=body).json()["tool_return"] == "1 shared"
        own = {**body, "env_vars": {"LUCK": "own"}}
        assert raw.post("/v1/tools/run", json=own).json()["tool_return"] == "1 own"
        kept = {"value": made["value"], "description": "For cards."}
        changed = raw.patch(f"/v1/sandbox-config/environment-variable/{made['id']}", json=kept).json()
        assert (changed["value"], changed["description"]) == ("********", "For cards.")
        assert "shared" not in raw.get(variables).text
        assert raw.post("/v1/tools/run", json=body).json()["tool_return"] == "1 shared"
    finally:
        raw.delete(f"/v1/sandbox-config/environment-variable/{made['id']}")
    assert raw.get(variables).json() == []
    assert raw.post("/v1/tools/run", json=body).json()["tool_return"] == "1 none"


def test_tools_are_found_by_their_words(raw: httpx.Client):
    found = raw.post("/v1/tools/search", json={"query": "the archival memory", "tool_types": ["letta_core"]}).json()
    assert {one["tool"]["name"] for one in found[:2]} == {"archival_memory_insert", "archival_memory_search"}
    assert [one["fts_rank"] for one in found] == list(range(1, len(found) + 1))
    assert raw.post("/v1/tools/search", json={"query": "zebra"}).json() == []
    assert raw.post("/v1/tools/search", json={"query": "x", "search_mode": "vector"}).status_code == 400


def test_what_a_tool_may_use_is_said_with_it_and_stays_when_it_is_written_again(raw: httpx.Client, tmp_path: Path):
    (tmp_path / "note").write_text("milk")
    (tmp_path / "note").chmod(0o644)
    source = f'def look() -> str:\n    """Looks."""\n    return open({str(tmp_path / "note")!r}).read()\n'
    body: dict[str, Any] = {"source_code": source, "args": {}}
    assert raw.post("/v1/tools/run", json=body).json()["status"] == "error"
    refused = raw.post("/v1/tools", json={"source_code": source, "access": {"folders": [{"path": "notes"}]}})
    assert (refused.status_code, "not the whole path of a folder" in refused.text) == (400, True)
    missing = {"folders": [{"path": str(tmp_path / "nowhere")}]}
    refused = raw.post("/v1/tools", json={"source_code": source, "access": missing})
    assert (refused.status_code, "is not there" in refused.text) == (400, True)
    access = {"network": False, "folders": [{"path": str(tmp_path), "writable": False}], "other_agents": False}
    made = raw.post("/v1/tools", json={"source_code": source, "access": access}).json()
    assert made["access"] == access
    again = raw.post("/v1/tools", json={"source_code": source.replace("Looks", "Reads")}).json()
    assert (again["id"], again["access"]) == (made["id"], access)
    raw.delete(f"/v1/tools/{made['id']}")


def test_packages_are_names_and_versions_alone(raw: httpx.Client):
    source = 'def plain() -> str:\n    """Says."""\n    return ""\n'
    tricks = (
        ("https://example.org/x.whl", None),
        ("./x.whl", None),
        ("--index-url=http://example.org", None),
        ("-e", None),
        ("requests @ http://example.org/x", None),
        ("requests>=2", None),
        ("requests[socks]", None),
        ("requests", "2; python_version > '3'"),
        ("requests", "--pre"),
        ("requests", "../x"),
        ("a" * 200, None),
    )
    for name, version in tricks:
        needed = [{"name": name, "version": version}]
        body = {"source_code": source, "pip_requirements": needed}
        for path in ("/v1/tools", "/v1/tools/run"):
            refused = raw.post(path, json={**body, "args": {}})
            assert refused.status_code == 400, (name, version, refused.text)
            assert "is not the name of a package" in refused.text
    made = raw.post("/v1/tools", json={"source_code": source, "pip_requirements": [{"name": "requests"}]}).json()
    assert made["pip_requirements"] == [{"name": "requests", "version": None}]
    raw.delete(f"/v1/tools/{made['id']}")
