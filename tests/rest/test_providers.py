"""/v1/providers: model servers added, changed, checked and removed by programs; a key is never answered."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.processes.rest_child import ServeChild
from tests.support.servers.openai_server import OpenAIServer

KEY, OTHER = "sk-rest-11aa22bb33", "sk-rest-44cc55dd66"


@pytest.fixture
def api(child: ServeChild) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{child.url}/v1/providers", timeout=30, verify=False) as opened:
        yield opened


def made(api: httpx.Client, server: OpenAIServer, name: str, key: str = KEY) -> dict[str, Any]:
    body = {"name": name, "provider_type": "openai", "api_key": key, "base_url": server.url}
    answer = api.post("/", json=body)
    assert answer.status_code == 200, answer.text
    assert KEY not in answer.text
    return answer.json()


def test_a_provider_lives_from_its_creation_to_its_end(api: httpx.Client, child: ServeChild) -> None:
    with OpenAIServer(key=KEY) as server:
        one = made(api, server, "mine")
        assert (one["name"], one["provider_type"], one["provider_category"]) == ("mine", "openai", "byok")
        assert (one["base_url"], one["api_key"], one["api_key_enc"]) == (server.url, None, None)
        assert api.get(f"/{one['id']}").json() == one
        twin = {"name": "twin", "provider_type": "openai", "api_key": KEY, "base_url": server.url}
        refused = api.post("/", json=twin)
        assert (refused.status_code, "as the server “mine”" in refused.text) == (409, True)
        assert api.get("/", params={"name": "mine"}).json() == [one]
        handles = [model["handle"] for model in httpx.get(f"{child.url}/v1/models/", verify=False).json()]
        assert "mine/tiny" in handles
        assert api.post(f"/{one['id']}/check").json() == {"message": "Valid api key for provider_type=openai"}
        changed = api.patch(f"/{one['id']}", json={"api_key": OTHER})
        assert changed.status_code == 200
        assert OTHER not in changed.text
        refused = api.post(f"/{one['id']}/check")
        assert refused.status_code == 400
        assert {KEY, OTHER} & set(refused.text.split('"')) == set()
        assert api.patch(f"/{one['id']}", json={"api_key": KEY}).status_code == 200
        assert api.post(f"/{one['id']}/check").status_code == 200
    gone = api.delete(f"/{one['id']}")
    assert gone.json() == {"message": f"Provider id={one['id']} successfully deleted"}
    assert [api.get(f"/{one['id']}").status_code, api.delete(f"/{one['id']}").status_code] == [404, 404]


def test_a_new_address_without_a_key_gets_no_key(api: httpx.Client) -> None:
    with OpenAIServer(key=KEY) as first, OpenAIServer() as second:
        one = made(api, first, "moving")
        assert api.patch(f"/{one['id']}", json={"base_url": second.url}).json()["base_url"] == second.url
        assert api.post(f"/{one['id']}/check").status_code == 200
        assert all(KEY not in json.dumps(request.headers) for request in second.requests)
    api.delete(f"/{one['id']}")


def test_a_check_stores_nothing(api: httpx.Client, child: ServeChild) -> None:
    before = api.get("/").json()
    with OpenAIServer(key=KEY) as server:
        body = {"provider_type": "openai", "api_key": KEY, "base_url": server.url}
        assert api.post("/check", json=body).json() == {"message": "Valid api key for provider_type=openai"}
        assert api.post("/check", json={**body, "api_key": OTHER}).status_code == 400
    assert api.post("/check", json=body).status_code == 400
    assert api.get("/").json() == before
    files = [file for file in child.folder.rglob("*") if file.is_file() and OTHER.encode() in file.read_bytes()]
    assert files == []


def test_lists_are_filtered_ordered_and_paged(api: httpx.Client) -> None:
    with OpenAIServer(key=KEY) as server:
        ids = [made(api, server, f"page {number}", f"sk-{number}")["id"] for number in range(3)]
    assert [one["id"] for one in api.get("/", params={"limit": 2}).json()] == [ids[2], ids[1]]
    assert [one["id"] for one in api.get("/", params={"after": ids[1], "limit": 1}).json()] == [ids[0]]
    assert [one["id"] for one in api.get("/", params={"order": "asc", "after": ids[0]}).json()] == ids[1:]
    assert {one["provider_type"] for one in api.get("/", params={"provider_type": "letta"}).json()} == {"letta"}
    for one in ids:
        api.delete(f"/{one}")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": "x"}, 422),
        ({"name": "x", "provider_type": "nonsense"}, 422),
        ({"name": "x", "provider_type": "baseten"}, 422),
        ({"name": "x", "provider_type": "bedrock", "api_key": "k"}, 501),
        ({"name": "a/b", "provider_type": "openai", "api_key": "k"}, 400),
        ({"name": "x", "provider_type": "openai", "api_key": "k", "base_url": "ftp://x"}, 400),
        ({"name": "demo", "provider_type": "openai", "api_key": "k"}, 409),
        ({"name": "x", "provider_type": "openai", "api_key": ["k"]}, 422),
    ],
)
def test_what_is_no_provider_is_refused(api: httpx.Client, body: dict[str, Any], status: int) -> None:
    answer = api.post("/", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_a_known_kind_needs_no_address(api: httpx.Client) -> None:
    """The guard of the tests would notice a request: adding one asks nobody."""
    one = api.post("/", json={"name": "groq", "provider_type": "groq", "api_key": KEY}).json()
    assert (one["base_url"], one["provider_type"]) == ("https://api.groq.com/openai/v1", "groq")
    assert api.delete(f"/{one['id']}").status_code == 200


def test_the_demo_and_wrong_ids(api: httpx.Client) -> None:
    (demo,) = [one for one in api.get("/").json() if one["name"] == "demo"]
    assert api.delete(f"/{demo['id']}").status_code == 400
    assert api.get("/nonsense").status_code == 422
    assert api.patch("/provider-00000000-0000-4000-8000-000000000000", json={}).status_code == 404
