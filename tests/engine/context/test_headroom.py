"""What stays free for what no server has counted: real vocabularies never overflow, and plain talk keeps its window."""

import random
from dataclasses import dataclass, field

import pytest

from app.adapters.models.tokens import EstimatingCounter
from app.domain.message import Member, Message, TextPart
from app.engine.context.window import MARGIN, MESSAGE_OVERHEAD, MOST_UNSURE, Counted, Fit, TokenLedger, fit
from tests.support.values.samples import agent, ledger, members, message
from tests.support.values.token_mix import VOCABULARIES, Sample, token_mix

WINDOW, REPLY = 8_192, 512
JUNO = agent(context_window=WINDOW, settings={"max_output_tokens": REPLY})
SYSTEM = next(sample for sample in token_mix() if sample.kind == "english")
FIXED = SYSTEM.worst + 2 * MESSAGE_OVERHEAD


@dataclass
class Talk:
    """A conversation whose messages are counted by a real vocabulary with each request."""

    vocabulary: str
    ledger: TokenLedger
    chance: random.Random
    members: list[Member] = field(default_factory=list[Member])
    real: dict[str, int] = field(default_factory=dict[str, int])
    factor: float = 1.0
    counted: Counted | None = None
    overflows: int = 0

    def say(self, sample: Sample, times: int) -> None:
        """A message of so many such texts; then a request, as the engine makes it."""
        if FIXED + sample.tokens[self.vocabulary] * times > WINDOW - REPLY:
            return  # no request can hold it
        said = message("user", *(TextPart(text=sample.text),) * times, at=len(self.real))
        self.real[said.id] = MESSAGE_OVERHEAD + sample.tokens[self.vocabulary] * times
        self.members.append(Member(position=len(self.real), message=said))
        while (found := self.fit()).leave_before is not None:
            self.members = [one for one in self.members if one.position >= found.leave_before]
        if found.overflow:
            self.members.pop()
            return
        real = SYSTEM.tokens[self.vocabulary] + sum(self.real[m.message.id] for m in self.members) + MESSAGE_OVERHEAD
        self.overflows += real + REPLY > WINDOW
        self.factor = min(3.0, max(0.5, real / found.tokens))
        self.counted = Counted(self.members[0].position, len(self.real), len(self.real))

    def fit(self) -> Fit:
        return fit(JUNO, SYSTEM.text, (), tuple(self.members), self.ledger, self.factor, self.counted)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_no_message_of_any_kind_makes_a_request_overflow(vocabulary: str) -> None:
    chance, mix = random.Random(5), token_mix()
    bounded, estimating = TokenLedger(EstimatingCounter().estimate), ledger(EstimatingCounter().count)
    careful, careless = (Talk(vocabulary, one, chance) for one in (bounded, estimating))
    for _ in range(300):
        sample, times = chance.choice(mix), chance.choice((1, 1, 2, 6))
        careful.say(sample, times)
        careless.say(sample, times)
    assert careful.overflows == 0
    assert careless.overflows > 0, "the mix is too tame to show anything"


def full_window(*new: Message) -> tuple[tuple[Member, ...], Counted]:
    """All but some three hundred tokens of it are taken, and counted."""
    old = [message("user", "x" * 95) for _ in range(70)]
    return members(*old, *new), Counted(0, len(old) - 1, old[0].created_at, "step-1", completion=120)


def test_a_message_that_may_take_more_lets_turns_leave_before_it_is_counted() -> None:
    said = message("user", "y" * 300)
    shown, counted = full_window(said)
    assert fit(JUNO, "p", (), shown, ledger(), 1.0, counted).leave_before is None
    assert fit(JUNO, "p", (), shown, ledger(most=3.0), 1.0, counted).leave_before is not None
    later = Counted(0, len(shown), said.created_at)
    assert fit(JUNO, "p", (), shown, ledger(most=3.0), 1.0, later).leave_before is None


def test_a_reply_takes_no_more_than_its_server_counted_while_it_wrote_it() -> None:
    reply = message("assistant", "y" * 200, step_id="step-1")
    shown, counted = full_window(reply)
    assert fit(JUNO, "p", (), shown, ledger(most=4.0), 1.0, counted).leave_before is None
    other = message("assistant", "y" * 200, step_id="step-2")
    shown, counted = full_window(other)
    assert fit(JUNO, "p", (), shown, ledger(most=4.0), 1.0, counted).leave_before is not None


def test_what_was_changed_before_the_messages_counts_as_new() -> None:
    shown, counted = full_window()
    assert fit(JUNO, "p", (), shown, ledger(most=3.0), 1.0, counted).leave_before is None
    changed = Counted(counted.first, counted.last, counted.at, changed=("b" * 300,))
    assert fit(JUNO, "p", (), shown, ledger(most=3.0), 1.0, changed).leave_before is not None


def test_where_nothing_was_counted_a_quarter_of_the_window_stays_free_and_nothing_is_refused() -> None:
    fitting = round(WINDOW * (1 - MARGIN - MOST_UNSURE) - REPLY) // 100
    many = members(*(message("user", "x" * 95) for _ in range(fitting + 8)))
    assert fit(JUNO, "p", (), many[: fitting - 1], ledger(most=4.0), 1.0).leave_before is None
    assert fit(JUNO, "p", (), many, ledger(most=4.0), 1.0).leave_before is not None
    alone = members(message("user", "x" * 6_000))
    found = fit(JUNO, "p", (), alone, ledger(most=4.0), 1.0)
    assert (found.leave_before, found.overflow) == (None, False)
