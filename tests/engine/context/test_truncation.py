"""When a server's count shows that it cut a request, what was lost, and what would help."""

import pytest

from app.engine.context.truncation import Count, Cutter, Request, alarm, lost_parts, size_of_cut, was_cut

OLLAMA = Cutter(name="Ollama", keeps_system=True, takes_size=True, wanted=4096, trained=40_960)
OTHER = Cutter(name="LM Studio", keeps_system=False, takes_size=False, wanted=16_384)
LONG = Request(instructions=600, memory=900, tools=1400, newest=200, sent=9391, reply=2048)


@pytest.mark.parametrize(
    ("read", "cached", "sent", "served", "cut"),
    [
        (3951, 0, 8891, None, True),  # whole messages are dropped until the rest fits 4096
        (2050, 0, 10_028, None, True),  # cut to half of 4096
        (4096, 0, 9391, None, True),
        (3951, 0, 4400, None, False),  # counted otherwise, perhaps
        (3951, 0, 4400, 4096, True),  # more was sent than the server says it serves
        (3951, 0, 4000, 4096, False),
        (3951, 0, 4400, 16_384, False),
        (0, 0, 8891, None, False),  # it did not say
        (30, 0, 8891, None, False),  # no size that anybody serves
        (2600, 0, 8891, None, False),
        (900, 8000, 8891, None, False),  # the rest was in its cache
        (1900, 6900, 8891, 2048, False),
        (6100, 0, 8891, 6144, True),
    ],
)
def test_only_a_count_that_a_cut_explains_is_an_alarm(
    read: int, cached: int, sent: int, served: int | None, cut: bool
) -> None:
    assert was_cut(Count(read, cached), sent, served) is cut


@pytest.mark.parametrize(
    ("before", "read", "sent", "served", "cut"),
    [
        (3990, 3960, 4210, None, True),  # grew beyond 4096, and the count stood still
        (3990, 4060, 4210, None, True),
        (3990, 4130, 4210, None, False),  # it followed, more or less
        (3400, 3420, 3650, None, False),  # 4096 was not reached
        (3990, 4030, 4210, 16_384, False),  # the server says that there was room
        (4080, 4090, 4110, None, False),  # too little grew
        (0, 3960, 4210, None, False),
    ],
)
def test_a_count_that_stands_still_at_a_usual_size_is_an_alarm(
    before: int, read: int, sent: int, served: int | None, cut: bool
) -> None:
    assert was_cut(Count(read, before=before), sent, served) is cut


@pytest.mark.parametrize(
    ("read", "sizes", "size"),
    [(3951, (), 4096), (4100, (), 4096), (2050, (4096,), 4096), (2050, (), 2048), (6100, (6144,), 6144)],
)
def test_the_count_shows_the_size_of_the_cut(read: int, sizes: tuple[int, ...], size: int) -> None:
    assert size_of_cut(read, sizes) == size


def test_ollama_keeps_instructions_and_memory_while_they_fit() -> None:
    assert lost_parts(4096, LONG, keeps_system=True) == ("the oldest messages",)
    assert lost_parts(2050, LONG, keeps_system=True) == ("instructions", "memory", "tools", "the oldest messages")


@pytest.mark.parametrize(
    ("read", "lost"),
    [
        (9000, ("instructions",)),
        (8500, ("instructions", "memory")),
        (7000, ("instructions", "memory", "tools")),
        (4096, ("instructions", "memory", "tools", "the oldest messages")),
    ],
)
def test_others_lose_the_beginning_first(read: int, lost: tuple[str, ...]) -> None:
    assert lost_parts(read, LONG, keeps_system=False) == lost


def test_the_sentence_names_server_numbers_and_loss() -> None:
    told = alarm(4096, LONG, OLLAMA)
    assert told.sentence == (
        "Ollama cut the last request without saying so. It read 4,096 of 9,391 tokens; the oldest messages were lost."
    )
    assert alarm(8500, LONG, OTHER).sentence.endswith("instructions and memory were lost.")


def test_the_fix_is_a_size_that_holds_request_and_reply_and_that_the_server_can_be_told() -> None:
    assert alarm(4096, LONG, OLLAMA).fix_window == 16_384
    assert alarm(4096, LONG, OTHER).fix_window is None
    told_already = Cutter(name="Ollama", keeps_system=True, takes_size=True, wanted=16_384)
    assert alarm(4096, LONG, told_already).fix_window is None
    too_small = Cutter(name="Ollama", keeps_system=True, takes_size=True, wanted=4096, trained=8192)
    assert alarm(4096, LONG, too_small).fix_window is None
