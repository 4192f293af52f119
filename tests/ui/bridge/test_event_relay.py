"""Live events come to the window in few, merged batches."""

from app.domain.event import Changed, Progress
from app.ui.bridge.event_relay import EventRelay


def changed(*ids: str, client: str = "") -> Changed:
    return Changed(kind="conversation", ids=ids, agent_id="agent-1", conversation_id="conv-1", client=client)


def progress(text: str) -> Progress:
    return Progress(run_id="run-1", agent_id="agent-1", conversation_id="conv-1", phase="sent", text=text, at=1)


def test_a_flood_of_events_is_one_signal_with_merged_ids(qtbot: object) -> None:
    relay = EventRelay()
    batches: list[tuple[object, ...]] = []
    relay.batch.connect(batches.append)
    with qtbot.waitSignal(relay.batch, timeout=2000):
        for number in range(200):
            relay.take(changed(f"message-{number % 3}"))
            relay.take(progress(f"step {number}"))
    assert len(batches) == 1
    merged, last = batches[0]
    assert merged.ids == ("message-0", "message-1", "message-2")
    assert last.text == "step 199"


def test_changes_of_other_clients_stay_apart(qtbot: object) -> None:
    relay = EventRelay()
    batches: list[tuple[object, ...]] = []
    relay.batch.connect(batches.append)
    with qtbot.waitSignal(relay.batch, timeout=2000):
        relay.take(changed("message-1", client="a"))
        relay.take(changed("message-1", client="b"))
    assert [event.client for event in batches[0]] == ["a", "b"]


def test_dropped_events_are_not_told(qtbot: object) -> None:
    relay = EventRelay()
    relay.take(changed("message-1"))
    relay.drop()
    with qtbot.assertNotEmitted(relay.batch, wait=80):
        pass
