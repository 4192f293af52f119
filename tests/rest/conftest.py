"""A served engine in a child process, and a scripted model server beside it: one of each for all tests of this folder.

A test makes what it asks about (agents, blocks) itself, or under names that no other test uses.
"""

from collections.abc import Iterator

import httpx
import pytest
from letta_client import Letta

from tests.support.processes.rest_child import PROVIDER, ServeChild
from tests.support.servers.openai_server import OpenAIServer

MODEL = f"{PROVIDER}/tiny"
EMBEDDING = f"{PROVIDER}/nomic-embed-text"
ENTRIES = [{"id": "tiny", "object": "model", "owned_by": "x"}, {"id": "nomic-embed-text", "object": "model"}]


@pytest.fixture(scope="session")
def model_server() -> Iterator[OpenAIServer]:
    with OpenAIServer(entries=ENTRIES) as opened:
        yield opened


@pytest.fixture(scope="session")
def child(model_server: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeChild]:
    with ServeChild(tmp_path_factory.mktemp("served") / "Läres data") as started:
        started.connect_model_server(model_server.url)
        yield started


@pytest.fixture(scope="session")
def client(child: ServeChild) -> Iterator[Letta]:
    with Letta(
        base_url=child.url, api_key="any", max_retries=0, timeout=30, _strict_response_validation=True
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def http(child: ServeChild) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=child.url, timeout=30, trust_env=False, verify=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def open_child(model_server: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeChild]:
    """Programs may add programs there."""
    with ServeChild(tmp_path_factory.mktemp("open"), "--new-token", "--allow-programs") as started:
        started.connect_model_server(model_server.url)
        yield started


@pytest.fixture(scope="session")
def token(open_child: ServeChild) -> str:
    return open_child.first.split()[-1]


@pytest.fixture(scope="session")
def sdk(open_child: ServeChild, token: str) -> Iterator[Letta]:
    with Letta(
        base_url=open_child.url, api_key=token, max_retries=0, timeout=60, _strict_response_validation=True
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def raw(open_child: ServeChild, token: str) -> Iterator[httpx.Client]:
    head = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=open_child.url, timeout=60, trust_env=False, headers=head, verify=False) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> None:
    """A test finds no replies that another one did not use up."""
    if "model_server" in request.fixturenames:
        request.getfixturevalue("model_server").forget_queue()
