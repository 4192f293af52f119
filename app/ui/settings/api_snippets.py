"""Programs to begin with: the same two calls in Python, TypeScript and curl, ready for this server and this agent.

A token never stands in them: they read it from the variable `LARES_TOKEN`.
"""

from dataclasses import dataclass

LANGUAGES = (("python", "Python"), ("typescript", "TypeScript"), ("shell", "curl"))
"""Name for the highlighter, and for people."""
NEW_AGENT = "agent-…"


@dataclass(frozen=True)
class Place:
    """Where a program goes."""

    url: str
    agent_id: str = NEW_AGENT
    with_token: bool = False


def snippet(language: str, place: Place) -> str:
    return {"python": _python, "typescript": _typescript, "shell": _curl}[language](place)


def _python(place: Place) -> str:
    imports = "import os\n\n" if place.with_token else ""
    key = ', api_key=os.environ["LARES_TOKEN"]' if place.with_token else ""
    return f'''# pip install letta-client
{imports}from letta_client import Letta

client = Letta(base_url="{place.url}"{key})
reply = client.agents.messages.create(
    "{place.agent_id}",
    messages=[{{"role": "user", "content": "What do you know about me?"}}],
)
for message in reply.messages:
    print(message.message_type, getattr(message, "content", ""))
'''


def _typescript(place: Place) -> str:
    key = "process.env.LARES_TOKEN!" if place.with_token else '"none"'
    return f'''// npm install @letta-ai/letta-client
import Letta from "@letta-ai/letta-client";

const client = new Letta({{ baseURL: "{place.url}", apiKey: {key} }});
const reply = await client.agents.messages.create("{place.agent_id}", {{
  messages: [{{ role: "user", content: "What do you know about me?" }}],
}});
for (const message of reply.messages) console.log(message);
'''


def _curl(place: Place) -> str:
    key = ' -H "Authorization: Bearer $LARES_TOKEN"' if place.with_token else ""
    return f"""curl {place.url}/v1/agents/{key}

curl {place.url}/v1/agents/{place.agent_id}/messages{key} \\
  -H "Content-Type: application/json" \\
  -d '{{"messages": [{{"role": "user", "content": "What do you know about me?"}}]}}'
"""
