"""Messages of a conversation, for tests of its compaction."""

from app.domain.message import Message, Role, TextPart

HOUR = 3_600_000_000
BEGIN = 1_767_225_600_000_000


def said(number: int, role: Role, text: str) -> Message:
    """A message of an hour."""
    parts = (TextPart(text=text),)
    return Message(id=f"message-{number}", agent_id="agent-1", role=role, parts=parts, created_at=BEGIN + number * HOUR)


def talk(*texts: str) -> tuple[Message, ...]:
    """A person and an agent in turn."""
    return tuple(said(i, "assistant" if i % 2 else "user", text) for i, text in enumerate(texts))


HEATING = talk(
    "Hi! My name is Brad, not Chad. I live in Molkenhaus 12.",
    "Hello Brad! How can I help you?",
    "Brandt brought an offer on 14 November: a heat pump for 14,860 euros with the grant. What do you think?",
    "That leaves 9,400 to pay. I would ask Kruse for a second offer.",
    "ok. Remember that I am allergic to nuts.",
    "Noted.",
    "The order number is AB-2291-X and the file lies in brad/plan_v2.pdf",
)
