"""Blocks of other programs: what is understood, and that nothing else happens."""

import json

import pytest

from app.domain.mcp import McpDraft
from app.engine.mcp.paste import pasted

DESKTOP = """{
  "mcpServers": {
    "documents": { "command": "npx", "args": ["-y", "server-filesystem", "~/Documents/Harz"] },
    "budget": { "command": "uvx", "args": ["mcp-sqlite", "budget.db"], "env": { "BUDGET_KEY": "s3cret" }, "cwd": "/b" }
  }
}"""
VS_CODE = """{
  // asked once
  "inputs": [{ "type": "promptString", "id": "key", "description": "GitHub token", "password": true },
             { "type": "promptString", "id": "team", "password": false }],
  "servers": {
    "github": { "type": "http", "url": "https://api.example/mcp", /* not { this */
                "headers": { "Authorization": "Bearer ${input:key}", "X-Team": "${input:team}" }, },
  },
}"""


def one(text: str) -> McpDraft:
    (draft,) = pasted(text).drafts
    return draft


def test_a_block_of_claude_desktop():
    found = pasted(DESKTOP)
    assert [draft.name for draft in found.drafts] == ["documents", "budget"]
    assert found.drafts[0].launch.written == "npx -y server-filesystem ~/Documents/Harz"
    assert found.drafts[1].env == {"BUDGET_KEY": "s3cret"}
    assert found.drafts[1].launch.env_names == ("BUDGET_KEY",)
    assert found.drafts[1].folder == "/b"
    assert "s3cret" not in found.drafts[1].launch.model_dump_json()
    assert (found.problem, found.asks) == ("", ())


def test_a_block_of_vs_code_with_comments_inputs_and_commas_too_many():
    found = pasted(VS_CODE)
    (draft,) = found.drafts
    assert (draft.transport, draft.url) == ("streamable_http", "https://api.example/mcp")
    assert (draft.token, draft.headers) == ("${input:key}", {"X-Team": "${input:team}"})
    assert [(ask.text, ask.title, ask.secret) for ask in found.asks] == [
        ("${input:key}", "GitHub token", True),
        ("${input:team}", "team", False),
    ]
    assert set(draft.inputs) == {"${input:key}", "${input:team}"}


@pytest.mark.parametrize(
    ("block", "transport", "where"),
    [
        ({"url": "http://localhost:3000/sse"}, "sse", "http://localhost:3000/sse"),
        ({"type": "sse", "url": "http://localhost:3000/x"}, "sse", "http://localhost:3000/x"),
        ({"serverUrl": "http://localhost:3000/mcp"}, "streamable_http", "http://localhost:3000/mcp"),
        ({"httpUrl": "http://localhost:3000/mcp", "type": "streamable-http"}, "streamable_http", None),
        ({"command": "uvx notes --db 'my notes.db'"}, "stdio", 'uvx notes --db "my notes.db"'),
        ({"command": "/Program Files/x y", "args": []}, "stdio", '"/Program Files/x y"'),
        ({"command": {"path": "deno", "args": ["run"], "env": {"A": "1"}}}, "stdio", "deno run"),
        ({"command": "node", "args": ["${userHome}/s.js", 8080]}, "stdio", "node ~/s.js 8080"),
    ],
)
def test_servers_as_they_are_written_elsewhere(block: dict[str, object], transport: str, where: str | None):
    draft = one(json.dumps({"mcpServers": {"a": block}}))
    assert draft.transport == transport
    assert draft.launch.written == (where or "http://localhost:3000/mcp")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"command": "x"}}',
        '{"command": "x"}',
        '"mcpServers": {"a": {"command": "x"}},',
        '{"mcp": {"servers": {"a": {"command": "x"}}}, "editor.fontSize": 12}',
        '{"context_servers": {"a": {"command": "x"}}}',
    ],
)
def test_parts_of_settings_are_understood(text: str):
    assert one(text).command == "x"


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ('{"mcpServers": {\n"a": {command: 1}}}', "not JSON", 2),
        ('{"mcpServers": {}}', "No server is named here", 0),
        ("[1]", "not JSON", 1),
        ('{"mcpServers": {"a": {"args": []}}}', "neither a command nor an address", 0),
        ("x" * 1_000_001, "too long", 0),
        ("[" * 100_000, "", 0),
    ],
)
def test_what_cannot_be_understood_is_said(text: str, says: str, line: int):
    found = pasted(text)
    assert found.drafts == ()
    assert says in found.problem
    assert found.line == line or not says
    assert found.problem


def test_nothing_is_no_problem():
    assert pasted("  \n").problem == ""


def test_texts_keep_what_looks_like_a_comment_or_a_comma():
    draft = one('{"mcpServers": {"a": {"command": "x", "args": ["http://a//b", "/* no */", ",]"]}}}')
    assert draft.args == ("http://a//b", "/* no */", ",]")


def test_a_changed_word_is_another_launch():
    before = one('{"a": {"command": "x", "args": ["1"], "env": {"K": "1"}}}').launch
    same = one('{"a": {"command": "x", "args": ["1"], "env": {"K": "2"}}}').launch
    assert same.digest == before.digest
    for changed in ("args", "env", "cwd"):
        other = {"command": "x", "args": ["1"], "env": {"K": "1"}}
        other |= {"args": {"args": ["1 "]}, "env": {"env": {"L": "1"}}, "cwd": {"cwd": "/x"}}[changed]
        assert one(json.dumps({"a": other})).launch.digest != before.digest
