"""The smallest MCP server, for `lares --self-test`: one tool. A moved folder brings no other."""

import json
import sys
from typing import Any

from app.domain.json_value import JsonObject, object_of

TOOL: JsonObject = {
    "name": "echo",
    "description": "Gives the text back.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}


def run() -> int:
    """Answers on standard output until standard input ends."""
    while line := sys.stdin.readline():
        asked = object_of(json.loads(line))
        if "id" in asked:
            answer = {"jsonrpc": "2.0", "id": asked["id"], "result": _result(asked)}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    return 0


def _result(asked: JsonObject) -> Any:
    given = object_of(asked.get("params"))
    if asked["method"] == "initialize":
        server = {"name": "self-test", "version": "1"}
        return {"protocolVersion": given["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": server}
    if asked["method"] == "tools/list":
        return {"tools": [TOOL]}
    return {"content": [{"type": "text", "text": object_of(given.get("arguments")).get("text")}]}
