"""Long conversations, written straight through the repositories, for tests and benchmarks of length."""

from app.domain.message import Message, TextPart
from app.ports.storage import Repositories, Storage
from app.ports.system import Clock, IdFactory

WORDS = ("risotto", "stock", "rice", "wine", "porcini", "Saturday", "guests", "Mia", "Brad", "oven", "market", "stir")


async def fill(storage: Storage, clock: Clock, ids: IdFactory, conversation_id: str, count: int, keep: int) -> None:
    """Appends `count` messages of about 40 words; only the newest `keep` stay in the context window."""
    for start in range(0, count, 1000):
        part = range(start, min(start + 1000, count))

        def work(repos: Repositories, part: range = part) -> None:
            agent_id = repos.conversations.get(conversation_id).agent_id
            for number in part:
                repos.messages.append(conversation_id, _message(number, agent_id, clock, ids))

        await storage.write(work)

    def leave(repos: Repositories) -> None:
        newest = repos.messages.page(conversation_id, limit=keep)
        if len(newest) == keep:
            repos.messages.leave_context(conversation_id, newest[0].position, newest[-1].position + 1)

    await storage.write(leave)


def _message(number: int, agent_id: str, clock: Clock, ids: IdFactory) -> Message:
    words = " ".join(WORDS[(number * 7 + i * 3) % len(WORDS)] for i in range(40))
    return Message(
        id=ids.new("message"),
        agent_id=agent_id,
        role="user" if number % 2 == 0 else "assistant",
        parts=(TextPart(text=f"Message {number}: {words}."),),
        created_at=clock.now(),
    )
