"""What no program should send gets a refusal: no 5xx, no hang, and nothing is written."""

import contextlib
import random
import socket
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

from letta_client import Letta

from app.domain.page import OLDEST_FIRST, ConversationFilter
from app.rest.routes import ENDPOINTS
from tests.rest.conftest import MODEL
from tests.support.processes.rest_child import ServeChild
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values.rest_requests import BadRequest, ask_raw, bad_requests


def contents(child: ServeChild) -> list[str]:
    """All rows that a request could have written, as text."""

    async def read(services) -> list[str]:  # type: ignore[no-untyped-def]
        agents = await services.agents.list(page=OLDEST_FIRST)
        rows = [row.agent.model_dump_json() for row in agents]
        rows += [block.model_dump_json() for block in await services.blocks.list()]
        rows += [run.model_dump_json() for run in await services.runs.list(limit=500)]
        rows += [tool.model_dump_json() for tool in await services.tools.list()]
        rows += [one.model_dump_json() for one in await services.identities.list()]
        rows += [one.model_dump_json() for one in await services.conversations.list(ConversationFilter())]
        return rows

    return child.over_link(read)


def test_two_thousand_bad_requests_are_refused(
    child: ServeChild,
    client: Letta,
    model_server: OpenAIServer,
    seeded_random: random.Random,
    times: Callable[[int, int], int],
) -> None:
    agent = client.agents.create(model=MODEL, memory_blocks=[{"label": "human", "value": "x"}])
    response = client.agents.messages.create(agent.id, input="hello")
    message = response.messages[0]
    known = {
        "agent_id": agent.id,
        "block_id": agent.blocks[0].id,
        "block_label": "human",
        "tool_id": agent.tools[0].id,
        "message_id": message.id,
        "run_id": message.run_id,
        "step_id": message.step_id,
        "job_id": f"job-{message.run_id[4:]}",
        "conversation_id": agent.id,
    }
    place = urlsplit(child.url)
    before = contents(child)
    statuses: Counter[int] = Counter()
    failed: list[tuple[int, BadRequest]] = []
    count = times(600, 2000)
    for request in bad_requests(ENDPOINTS, known, count, seeded_random):
        status = ask_raw(place.hostname or "", place.port or 0, request)
        statuses[status] += 1
        if status >= 500 or (status == 0 and not request.cut):
            failed.append((status, request))
    assert not failed, failed[:3]
    assert statuses[422] > 0.15 * count
    assert statuses[404] > 0.025 * count
    assert contents(child) == before
    assert client.health().status == "ok"


def test_too_large_a_body_is_refused_unread(child: ServeChild) -> None:
    place = urlsplit(child.url)
    target = "/v1/agents"
    huge = BadRequest("POST", target, (("Content-Length", "99999999999"),), b"")
    # Two lengths that differ are refused as well: by the server's own parser.
    assert ask_raw(place.hostname or "", place.port or 0, huge) == 400
    body = b'{"name": "' + b"x" * (26 * 1024 * 1024) + b'"}'
    assert ask_raw(place.hostname or "", place.port or 0, BadRequest("POST", target, (), body)) in (413, 0)
    headers = tuple((f"X-{n}", "x" * 60_000) for n in range(3))
    assert ask_raw(place.hostname or "", place.port or 0, BadRequest("GET", target, headers, b"")) in (400, 431, 0)
    with socket.create_connection((place.hostname, place.port)) as endless:
        endless.sendall(f"GET {target} HTTP/1.1\r\nHost: {place.netloc}\r\nX-Long: ".encode())
        with contextlib.suppress(ConnectionError):
            for _ in range(50):
                endless.sendall(b"x" * 10_000)
            endless.settimeout(10)
            assert endless.recv(12) in (b"HTTP/1.1 400", b""), "it goes on taking the head in"
