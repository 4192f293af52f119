"""Streams: by steps and by tokens, in the background, cut and taken up again, with errors, cancelled, side by side."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from letta_client import ConflictError, Letta

from app.rest.callbacks import without_login
from tests.rest.conftest import MODEL
from tests.support.processes.rest_child import ServeChild
from tests.support.processes.rest_streams import Event, Heard, hear, post, texts
from tests.support.servers.openai_replies import Refusal, Reply, ToolCall, error_body
from tests.support.servers.openai_server import OpenAIServer


def noting(what: str) -> ToolCall:
    return ToolCall("memory_insert", {"label": "human", "new_string": what})


CALL = noting("Likes tea.")


@pytest.fixture
def agent_id(client: Letta) -> str:
    return client.agents.create(model=MODEL, memory_blocks=[{"label": "human", "value": "Name: Chad."}]).id


@pytest.fixture
def messages_url(child: ServeChild, agent_id: str) -> str:
    return f"{child.url}/v1/agents/{agent_id}/messages"


def kinds(events: list[Event]) -> list[str]:
    return [event["message_type"] for event in events]


def test_by_steps_each_message_comes_once_and_whole(messages_url: str, model_server: OpenAIServer) -> None:
    model_server.queue(Reply(reasoning="They like tea.", calls=(CALL,)), Reply(text="Noted, you like tea."))
    heard = hear(messages_url, {"input": "I like tea", "streaming": True})
    assert heard.done
    assert kinds(heard.events) == [
        "reasoning_message",
        "tool_call_message",
        "tool_return_message",
        "assistant_message",
        "stop_reason",
        "usage_statistics",
    ]
    assert all(event["seq_id"] is None for event in heard.events)
    assert heard.events[1]["tool_calls"] == [heard.events[1]["tool_call"]]
    assert all(event["run_id"] and event["step_id"] for event in heard.events[:4])


def test_by_tokens_texts_come_in_pieces_and_calls_name_first(messages_url: str, model_server: OpenAIServer) -> None:
    model_server.queue(Reply(reasoning="They like tea.", calls=(CALL,)), Reply(text="Noted, you like tea."))
    heard = hear(f"{messages_url}/stream", {"input": "I like tea", "stream_tokens": True})
    calls = [event for event in heard.events if event["message_type"] == "tool_call_message"]
    first, *rest = calls
    assert first["tool_call"]["name"] == "memory_insert"
    assert first["tool_call"]["arguments"] is None
    assert first["tool_calls"] == first["tool_call"]
    assert "Likes tea." in "".join(event["tool_call"]["arguments"] for event in rest)
    assert {event["otid"] for event in calls} == {first["otid"]}
    said = [event for event in heard.events if event["message_type"] == "assistant_message"]
    assert texts(said) == "Noted, you like tea."
    assert len(said) > 3
    assert len({event["id"] for event in said}) == 1


def test_pings_come_first_and_can_be_switched_off(messages_url: str) -> None:
    with httpx.stream(
        "POST", messages_url, json={"input": "hi", "streaming": True}, timeout=30, verify=False
    ) as answer:
        first = next(answer.iter_lines())
        assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"message_type":"ping"' in first
    body = {"input": "hi", "streaming": True, "include_pings": False}
    with httpx.stream("POST", messages_url, json=body, timeout=30, verify=False) as answer:
        assert "ping" not in next(answer.iter_lines())


def test_run_in_the_background_lives_on_without_its_reader(child: ServeChild, messages_url: str) -> None:
    body = {"input": "hello", "streaming": True, "background": True, "include_pings": True}
    with httpx.stream("POST", messages_url, json=body, timeout=30, verify=False) as answer:
        ping = next(answer.iter_lines())
    run_id = ping.partition('"run_id":"')[2].partition('"')[0]
    heard = hear(f"{child.url}/v1/runs/{run_id}/stream", {})
    assert heard.done
    assert kinds(heard.events) == ["assistant_message", "stop_reason", "usage_statistics"]
    numbers = [event["seq_id"] for event in heard.events]
    assert numbers == sorted(set(numbers))
    # After its end it is replayed from the log, from anywhere.
    assert hear(f"{child.url}/v1/runs/{run_id}/stream", {"starting_after": numbers[0]}).events == heard.events[1:]
    by_conversation = hear(f"{child.url}/v1/conversations/{messages_url.split('/')[-2]}/stream", {})
    assert by_conversation.events == heard.events


def test_other_runs_cannot_be_taken_up(child: ServeChild, messages_url: str) -> None:
    heard = hear(messages_url, {"input": "hello", "streaming": True})
    refused = post(f"{child.url}/v1/runs/{heard.events[0]['run_id']}/stream", {})
    assert refused.status_code == 400
    assert "background" in refused.json()["detail"]


@pytest.mark.parametrize("tokens", [True, False])
def test_stream_cut_anywhere_and_taken_up_again_is_the_uncut_one(
    child: ServeChild,
    messages_url: str,
    model_server: OpenAIServer,
    seeded_random: random.Random,
    times: Callable[[int, int], int],
    tokens: bool,
) -> None:
    cuts = times(20, 200)
    words = " ".join(f"word{n}" for n in range(cuts * 6))
    model_server.queue(
        *(Reply(text=f"Step {n}.", calls=(noting(f"Fact {n}"),), tokens_per_second=1500) for n in range(6)),
        Reply(reasoning="Almost there.", text=words, tokens_per_second=800),
    )
    run = post(f"{messages_url}/async", {"input": "go", "stream_tokens": tokens}).json()
    url = f"{child.url}/v1/runs/{run['id']}/stream"
    with ThreadPoolExecutor(1) as pool:
        uncut = pool.submit(hear, url, {})
        together = Heard()
        for _ in range(cuts):
            part = hear(url, {"starting_after": together.last_seq}, at_most=seeded_random.randint(1, 9_000))
            together.events += part.events
        together.events += hear(url, {"starting_after": together.last_seq}).events
        expected = uncut.result(60)
    assert expected.done
    assert together.events == expected.events == hear(url, {}).events
    if tokens:
        assert texts(expected.events).endswith(words)


def test_error_in_a_stream_follows_its_stop_reason(messages_url: str, model_server: OpenAIServer) -> None:
    model_server.queue(Refusal(401, error_body(401, "Invalid API Key", "authentication_error")))
    heard = hear(messages_url, {"input": "hello", "streaming": True})
    assert heard.done
    assert kinds(heard.events) == ["stop_reason", "error_message"]
    assert heard.events[0]["stop_reason"] == "llm_api_error"
    assert heard.events[1]["error_type"] == "llm_authentication"


def test_failure_of_the_model_has_its_status(messages_url: str, model_server: OpenAIServer) -> None:
    model_server.queue(Refusal(401, error_body(401, "Invalid API Key", "authentication_error")))
    answer = post(messages_url, {"input": "hello"})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "llm_authentication"
    model_server.queue(*[Refusal(500, error_body(500, "broken"))] * 4)
    answer = post(messages_url, {"input": "hello"})
    assert answer.status_code == 500
    assert answer.headers["x-should-retry"] == "false"


def test_cancelled_stream_ends_with_its_reason(
    client: Letta, agent_id: str, messages_url: str, model_server: OpenAIServer
) -> None:
    model_server.queue(Reply(text="I will never say this.", hold=True))
    with ThreadPoolExecutor(1) as pool, model_server.released():
        reading = pool.submit(hear, messages_url, {"input": "hold on", "streaming": True})
        model_server.wait_for(lambda: any(b"hold on" in one.raw for one in model_server.chats))
        run = client.runs.list(agent_id=agent_id, active=True).items[0]
        with pytest.raises(ConflictError, match="CONFLICT: Cannot send a new message") as busy:
            client.agents.messages.create(agent_id, input="another", streaming=True)
        assert busy.value.body["run_id"] == run.id  # type: ignore[index]
        assert client.agents.messages.cancel(agent_id) == {run.id: "cancelled"}
        heard = reading.result(30)
    assert heard.events[-2]["stop_reason"] == "cancelled"
    assert client.runs.retrieve(run.id).status == "cancelled"
    with pytest.raises(ConflictError):
        client.agents.messages.cancel(agent_id)


def test_messages_that_wait_for_an_answer_go_one_after_the_other(client: Letta, agent_id: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: client.agents.messages.create(agent_id, input=f"number {n}"), range(8)))
    assert sorted(answer.messages[-1].content.split()[-1] for answer in answers) == sorted(str(n) for n in range(8))
    roles = [one.message_type for one in client.agents.messages.list(agent_id, order="asc").items]
    assert roles == ["system_message", *["user_message", "assistant_message"] * 8]


def test_request_sent_again_does_not_run_twice(client: Letta, agent_id: str, messages_url: str) -> None:
    body = {"messages": [{"role": "user", "content": "once", "otid": f"otid-{agent_id}"}]}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(messages_url, body).json(), range(4)))
    assert len({answer["messages"][0]["id"] for answer in answers}) == 1
    streamed = hear(messages_url, {**body, "streaming": True})
    assert streamed.events[0]["id"] == answers[0]["messages"][0]["id"]
    assert len(client.runs.list(agent_id=agent_id).items) == 1
    assert client.agents.messages.list(agent_id, order="asc").items[1].otid == f"otid-{agent_id}"


def test_reader_that_takes_nothing_stalls_nobody(
    child: ServeChild, client: Letta, agent_id: str, messages_url: str, model_server: OpenAIServer
) -> None:
    model_server.queue(Reply(text=" ".join(f"word{n}" for n in range(12_000))))
    body = {"input": "long", "streaming": True, "stream_tokens": True, "background": True}
    with httpx.stream("POST", messages_url, json=body, timeout=30, verify=False) as stalled:
        pieces = stalled.iter_raw()
        first = next(pieces)
        run_id = first.decode().partition('"run_id":"')[2].partition('"')[0]
        # Its own connection is full by now; a second reader sees the run end.
        heard = hear(f"{child.url}/v1/runs/{run_id}/stream", {})
        assert heard.done
        assert client.runs.retrieve(run_id).status == "completed"
        late = Heard()
        late.feed(first)
        for piece in pieces:
            late.feed(piece)
    assert late.events == heard.events


def test_asker_is_called_back_at_the_end(child: ServeChild, client: Letta, agent_id: str, messages_url: str) -> None:
    received: list[bytes] = []
    called = threading.Event()

    def note(raw: bytes) -> None:
        received.append(raw)
        called.set()

    with calling_back(note) as url:
        run = post(f"{messages_url}/async", {"input": "hello", "callback_url": url}).json()
        assert called.wait(20)
    assert run["id"].encode() in received[0]
    assert b'"completed"' in received[0]
    assert run["callback_url"] == url


def test_a_password_in_the_address_of_a_callback_is_sent_and_not_kept(child: ServeChild, messages_url: str) -> None:
    called = threading.Event()
    with calling_back(lambda _: called.set()) as url:
        secret = url.replace("//", "//asker:hunter2%21@")
        run = post(f"{messages_url}/async", {"input": "hello", "callback_url": secret}).json()
        assert called.wait(20)
        assert run["callback_url"] == url
        assert calling_back.authorization == "Basic YXNrZXI6aHVudGVyMiE="
    files = [one for one in child.folder.rglob("*") if one.is_file()]
    assert len(files) > 2
    assert not [one for one in files if b"hunter2" in one.read_bytes()]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://a:b@host/x?y=c@d", "https://host/x?y=c@d"),
        ("HTTP://a@b@host", "HTTP://host"),
        ("a:b@host", "a:host"),
        ("http:/\\a:b@host", "http:/\\host"),
        ("https://host/a@b", "https://host/a@b"),
        ("//x", "//x"),
    ],
)
def test_only_name_and_password_are_taken_out_of_an_address(given: str, stored: str) -> None:
    assert without_login(given) == stored


class calling_back:
    """An address that takes one POST."""

    authorization = ""
    """Of the last one."""

    def __init__(self, note: Callable[[bytes], None]) -> None:
        import http.server

        class Taker(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                calling_back.authorization = self.headers.get("Authorization", "")
                note(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Taker)
        self._thread = threading.Thread(target=self._server.serve_forever, name="callback")

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/done"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
