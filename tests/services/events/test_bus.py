"""The event bus: order, and what happens to a reader that is too slow."""

import asyncio

import pytest

from app.domain.error import AppError
from app.domain.event import Changed, Event
from app.services.events.bus import CAPACITY, EventBus
from app.services.events.service import Events

pytestmark = pytest.mark.anyio


def changed(number: int) -> Event:
    return Changed(kind="block", ids=(str(number),))


async def test_a_reader_gets_everything_since_it_began_in_order():
    bus = EventBus()
    bus.publish(changed(0))
    subscription = bus.subscribe(lambda event: True)
    for number in range(1, 4):
        bus.publish(changed(number))
    subscription.close()
    assert [event async for event in subscription] == [changed(1), changed(2), changed(3)]


async def test_a_reader_gets_only_what_it_wants():
    bus = EventBus()
    subscription = bus.subscribe(lambda event: isinstance(event, Changed) and event.ids == ("2",))
    for number in range(4):
        bus.publish(changed(number))
    subscription.close()
    assert [event async for event in subscription] == [changed(2)]


async def test_a_reader_that_is_too_slow_is_cut_off_and_told_so():
    bus = EventBus()
    reading = Events(bus).subscribe()
    waiting = asyncio.ensure_future(anext(reading))
    await asyncio.sleep(0)
    for number in range(CAPACITY + 2):
        bus.publish(changed(number))
    with pytest.raises(AppError) as caught:
        await waiting
    assert caught.value.code == "too_slow"


async def test_closing_the_bus_ends_all_readers():
    bus = EventBus()
    subscription = bus.subscribe(lambda event: True)
    bus.close()
    assert [event async for event in subscription] == []
