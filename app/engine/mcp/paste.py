"""Pure: servers as other programs write them down: Claude Desktop, Cursor, VS Code and those that follow them.

Reads JSON with comments and commas too many. Nothing is started, looked up or stored.
"""

import json
import re
import shlex

from app.domain.json_value import JsonObject, array_of, is_array, is_object, object_of
from app.domain.mcp import McpDraft, McpPaste, McpPlaceholder, McpTransport
from app.engine.mcp.plain import plain_line

MOST_TEXT = 1_000_000
"""Characters; the settings of an editor that somebody pastes as a whole have some 10,000."""
MOST_SERVERS = 50
"""In one block: each is a card that a person has to look at."""
_MAPS = ("mcpServers", "servers", "context_servers")
_URLS = ("url", "serverUrl", "httpUrl")
_HTTP = {"http", "streamable-http", "streamablehttp", "streamable_http"}
_TOKENS = re.compile(r'"(?:\\.|[^"\\])*"?|//[^\n]*|/\*.*?(?:\*/|$)|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)
_HOME = "${userHome}"
_PLACEHOLDER = re.compile(r"\$\{(?:(?P<kind>input|env):)?(?P<name>[A-Za-z_][\w.-]*)\}")
Values = dict[str, str | None]
_FOLDERS = ("workspaceFolder", "workspaceFolderBasename")
EXAMPLE = 'It looks like {"mcpServers": {"notes": {"command": "npx", "args": ["-y", "notes-server"]}}}.'


def pasted(text: str) -> McpPaste:
    """What a block says, or in a sentence why it says nothing."""
    if not text.strip():
        return McpPaste()
    if len(text) > MOST_TEXT:
        return McpPaste(problem="This is too long for a list of servers.")
    try:
        whole = _parsed(text)
    except json.JSONDecodeError as error:
        return McpPaste(problem=f"This is not JSON: {error.msg} in line {error.lineno}.", line=error.lineno)
    except RecursionError:
        return McpPaste(problem="This is nested too deeply for a list of servers.")
    servers = _servers(whole)
    if not servers:
        return McpPaste(problem=f"No server is named here. {EXAMPLE}")
    drafts, notes = list[McpDraft](), list[str]()
    for name, told in list(servers.items())[:MOST_SERVERS]:
        draft = _draft(plain_line(name, 60) or "server", object_of(told), notes)
        if draft is not None:
            drafts.append(draft)
    if len(servers) > MOST_SERVERS:
        notes.append(f"Only the first {MOST_SERVERS} servers were read.")
    problem = "" if drafts else " ".join(notes)
    return McpPaste(drafts=tuple(drafts), asks=_asks(drafts, whole), problem=problem, notes=tuple(notes))


def _parsed(text: str) -> JsonObject:
    """Comments become blanks, so that the lines of faults stay right."""
    clean = _TOKENS.sub(lambda found: found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0]), text)
    if clean.lstrip()[:1] == '"':  # copied from inside
        clean = "{" + clean.strip().rstrip(",") + "}"
    found = json.loads(clean)
    if not is_object(found):
        raise json.JSONDecodeError("an object in braces was expected", text, 0)
    return found


def _servers(whole: JsonObject) -> JsonObject:
    for place in (whole, object_of(whole.get("mcp"))):
        for key in _MAPS:
            if is_object(place.get(key)):
                return place[key]
    if _is_server(whole):
        return {str(whole.get("name") or "server"): whole}
    return {name: one for name, one in whole.items() if _is_server(one)}


def _is_server(value: object) -> bool:
    return is_object(value) and any(key in value for key in ("command", *_URLS))


def _draft(name: str, told: JsonObject, notes: list[str]) -> McpDraft | None:
    told = told if not is_object(told.get("command")) else {**told, **_zed(object_of(told["command"]))}
    url = next((str(told[key]) for key in _URLS if isinstance(told.get(key), str) and told[key]), "")
    command = told.get("command")
    if not url and not (isinstance(command, str) and command.strip()):
        notes.append(f"“{name}” names neither a command nor an address.")
        return None
    if told.get("envFile"):
        notes.append(f"“{name}” names a file with variables, which Lares does not read. Enter them here.")
    inputs = dict.fromkeys(_placeholders(told))
    if url:
        headers: Values = {str(key): _text(value) for key, value in object_of(told.get("headers")).items()}
        token = _bearer(headers)
        return McpDraft(
            name=name, transport=_transport(told, url), url=url, headers=headers, token=token, inputs=inputs
        )
    words = [str(command).strip(), *(_text(one) for one in array_of(told.get("args")))]
    if len(words) == 1 and not is_array(told.get("args")):
        words = _split(words[0])
    env: Values = {str(key): _text(value) for key, value in object_of(told.get("env")).items()}
    folder = _text(told.get("cwd") or "")
    return McpDraft(name=name, command=words[0], args=tuple(words[1:]), env=env, folder=folder, inputs=inputs)


def _zed(told: JsonObject) -> JsonObject:
    return {"command": told.get("path"), "args": told.get("args"), "env": told.get("env")}


def _transport(told: JsonObject, url: str) -> McpTransport:
    kind = str(told.get("type") or told.get("transport") or "").lower()
    if kind == "sse" or (kind not in _HTTP and url.split("?")[0].rstrip("/").endswith("/sse")):
        return "sse"
    return "streamable_http"


def _bearer(headers: Values) -> str | None:
    """A bearer's token stands apart from the other headers, as in the form."""
    for name, value in list(headers.items()):
        if name.lower() == "authorization" and value and value.lower().startswith("bearer "):
            del headers[name]
            return value[7:].strip()
    return None


def _split(command: str) -> list[str]:
    """A whole command line in one text; the path of a program may have spaces too."""
    first = command.split()[0]
    if any(sign in first for sign in "/\\~") or " " not in command:
        return [command]
    try:
        return shlex.split(command)
    except ValueError:
        return [command]


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace(_HOME, "~")


def _placeholders(told: JsonObject) -> list[str]:
    """In the order in which they stand there."""
    written = json.dumps(told, ensure_ascii=False).replace(_HOME, "~")
    return list(dict.fromkeys(found[0] for found in _PLACEHOLDER.finditer(written)))


def _asks(drafts: list[McpDraft], whole: JsonObject) -> tuple[McpPlaceholder, ...]:
    inputs = [*array_of(whole.get("inputs")), *array_of(object_of(whole.get("mcp")).get("inputs"))]
    known = {str(one.get("id")): one for one in inputs if is_object(one)}
    return tuple(_ask(text, known) for text in dict.fromkeys(text for draft in drafts for text in draft.inputs))


def _ask(text: str, known: dict[str, JsonObject]) -> McpPlaceholder:
    found = _PLACEHOLDER.fullmatch(text)
    name = found["name"] if found is not None else text
    told = known.get(name, {}) if found is not None and found["kind"] == "input" else {}
    title = plain_line(told.get("description"), 120) or name
    secret = bool(told["password"]) if "password" in told else name not in _FOLDERS
    return McpPlaceholder(text=text, title=title, secret=secret)
