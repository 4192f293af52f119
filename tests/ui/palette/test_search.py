"""What the palette shows of a search over messages."""

from app.domain.message import Message, SearchHit, TextPart
from app.domain.retrieval import Meaning, Reason, Word
from app.ui.palette.search import telling


def hit(name: str, *reasons: Reason) -> SearchHit:
    message = Message(id=name, agent_id="agent-1", role="user", parts=(TextPart(text=name),), created_at=1)
    return SearchHit(
        message=message, conversation_id="conv-1", thread_id="conv-1", position=1, snippet=name, reasons=reasons
    )


def test_what_means_nothing_alike_and_has_no_word_is_not_shown() -> None:
    near, far = hit("near", Meaning(cosine=0.41)), hit("far", Meaning(cosine=0.01))
    named = hit("named", Meaning(cosine=0.01), Word(word="Rex", exact=True))
    assert telling((near, far, named, hit("without a reason"))) == (near, named)
    assert telling((far,)) == ()


def test_hits_of_a_search_by_words_alone_are_all_shown() -> None:
    found = (hit("one"), hit("two"))
    assert telling(found) == found
