"""A child process that writes without end and says what was acknowledged; the test kills it."""

import asyncio
import sys
from pathlib import Path

from app.adapters.database import open_storage
from app.adapters.system import RandomIds, SystemClock
from app.domain.archive import Archive, Passage
from app.domain.message import Message, TextPart
from app.ports.storage import Repositories


async def main(folder: Path) -> None:
    clock, ids = SystemClock(), RandomIds()
    storage = await open_storage(folder, clock, on_changed=lambda changed: None)
    agent = (await storage.read(lambda repos: repos.agents.list()))[0]
    place = await storage.read(lambda repos: repos.conversations.default_of(agent.id).id)

    archive = Archive(id=ids.new("archive"), name="Notes", created_at=clock.now(), updated_at=clock.now())
    await storage.write(lambda repos: (repos.archives.add(archive), repos.archives.attach(agent.id, archive.id, 0)))

    def note(text: str) -> Passage:
        at = clock.now()
        given = {"id": ids.new("passage"), "archive_id": archive.id, "text": text, "tags": ("told",)}
        return Passage.model_validate({**given, "created_at": at, "updated_at": at})

    async def talk(speaker: int) -> None:
        for number in range(1_000_000):
            pair = [
                Message(
                    id=ids.new("message"),
                    agent_id=agent.id,
                    role="user",
                    parts=(TextPart(text=f"{speaker} {number} {half}"),),
                    created_at=clock.now(),
                )
                for half in "ab"
            ]

            def write(repos: Repositories, pair: list[Message] = pair, number: int = number) -> None:
                for message in pair:
                    repos.messages.append(place, message)
                repos.passages.add(note(f"note{speaker} {number}"))

            await storage.write(write)
            sys.stdout.write(f"{speaker} {number}\n")
            sys.stdout.flush()

    await asyncio.gather(*(talk(speaker) for speaker in range(3)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
