"""A text that says again what another one says."""

import pytest

from app.engine.retrieval.near_duplicates import nearly_the_same


@pytest.mark.parametrize(
    ("text", "other", "cosine"),
    [
        ("Brandt serviced the boiler.", "brandt serviced the BOILER", None),
        ("Brandt serviced the boiler in the house.", "The boiler in our house was serviced by Brandt.", None),
        ("Likes green tea in the morning.", "In the mornings she likes to drink green tea.", 0.95),
        ("我喜欢绿茶。", "我喜欢绿茶", None),
    ],
)
def test_other_wording_is_the_same(text: str, other: str, cosine: float | None):
    assert nearly_the_same(text, other, cosine)
    assert nearly_the_same(other, text, cosine)


@pytest.mark.parametrize(
    ("text", "other", "cosine"),
    [
        ("Meeting with Brandt on the 14th.", "Meeting with Brandt on the 15th.", 0.99),
        ("Order ORD-2024-118 was paid.", "Order ORD-2024-119 was paid.", 0.99),
        ("She eats meat.", "She does not eat meat.", 0.97),
        ("Likes tea.", "Likes coffee.", 0.93),
        ("我喜欢绿茶。", "我不喜欢绿茶。", 0.97),
        ("", "", 1.0),
        ("The cat sleeps.", "Brandt serviced the boiler.", 0.1),
    ],
)
def test_what_differs_in_something_telling_is_not(text: str, other: str, cosine: float | None):
    assert not nearly_the_same(text, other, cosine)
    assert not nearly_the_same(other, text, cosine)
