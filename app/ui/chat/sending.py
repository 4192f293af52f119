"""Speaking with the agent: sends, queues, follows runs, stops, tries again, branches. Draws nothing."""

import base64
import uuid
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.domain.conversation import Conversation
from app.domain.error import AppError, LinkError
from app.domain.event import RunEvent
from app.domain.history import Origin
from app.domain.message import ImagePart, InputPart, MessageDraft, TextPart
from app.domain.run import Run
from app.ui.bridge.tasks import Tasks
from app.ui.chat.attachment import Attachment
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.chat.transcript.row import Row

if TYPE_CHECKING:
    from app.link.client import Services


@dataclass(frozen=True)
class Outgoing:
    """A message on its way: what was typed, and images that are stored already."""

    otid: str
    text: str
    role: str = "user"
    attachments: tuple[Attachment, ...] = ()
    images: tuple[ImagePart, ...] = ()


class Sending(QObject):
    replying_changed = Signal(bool)
    branched = Signal(object)
    """Conversation: another branch is shown from now on; the view reads it anew."""
    sent = Signal(int)
    """Position after which the message now lies."""
    stale = Signal()
    """The run has ended: whatever was read of it may be read again."""

    def __init__(
        self, services: "Services", tasks: Tasks, model: TranscriptModel, parent: QObject, client: str = ""
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._tasks = tasks
        self._model = model
        self._origin = Origin(client=client)
        self._following: Any = None
        self._waiting: deque[Outgoing] = deque()
        self._kept: dict[str, Outgoing] = {}
        self._going: set[str] = set()
        """otids of messages that are being handed to the engine now."""
        self.branch_id = ""
        self.run: Run | None = None

    @property
    def replying(self) -> bool:
        return self.run is not None

    def turn_to(self, branch_id: str) -> None:
        """Speaks to another conversation from now on. What waits is not sent there: `take_unsent` gives it back."""
        if branch_id != self.branch_id:
            self.take_unsent()
        self.branch_id = branch_id
        self._let_go()

    @property
    def unsent(self) -> tuple[Outgoing, ...]:
        """What waits or could not be sent."""
        return tuple(message for otid, message in self._kept.items() if otid not in self._going)

    def take_unsent(self) -> tuple[Outgoing, ...]:
        """What waits or could not be sent; it is the caller's from now on."""
        unsent = self.unsent
        self._waiting.clear()
        self._kept.clear()
        return unsent

    def _let_go(self) -> None:
        if self._following is not None:
            self._following.cancel()
            self._following = None
        self._set_run(None)

    def _set_run(self, run: Run | None) -> None:
        was, self.run = self.replying, run
        if was != self.replying:
            self.replying_changed.emit(self.replying)

    # Sending

    def say(
        self, text: str, role: str, attachments: tuple[Attachment, ...], images: tuple[ImagePart, ...] = ()
    ) -> None:
        """Sends it, or keeps it until the agent is done."""
        message = Outgoing(str(uuid.uuid4()), text, role, attachments, images)
        self._kept[message.otid] = message
        shown = (*images, *(_image_of(one) for one in attachments))
        self._model.add_pending(message.otid, text, shown, queued=self.replying)
        if self.replying:
            self._waiting.append(message)
        else:
            self._tasks.spawn(self._send(message), self)

    def say_again(self, otid: str) -> None:
        message = self._kept.get(otid)
        if message is not None:
            self.discard(otid)
            self.say(message.text, message.role, message.attachments, message.images)

    def discard(self, otid: str) -> None:
        self._waiting = deque(message for message in self._waiting if message.otid != otid)
        self._kept.pop(otid, None)
        self._model.drop_pending(otid)

    def kept(self, otid: str) -> Outgoing | None:
        """What was typed for a message that was not sent."""
        return self._kept.get(otid)

    async def _send(self, message: Outgoing) -> None:
        branch_id, edge = self.branch_id, self._model.log.newest_position
        self._going.add(message.otid)
        try:
            parts = await self._parts(message)
            draft = MessageDraft(role=message.role, parts=parts, otid=message.otid)  # type: ignore[arg-type]
            run = await self._services.runs.start(branch_id, draft, started_by="window")
        except AppError as error:
            self._not_sent(message, error)
            return
        finally:
            self._going.discard(message.otid)
        self._kept.pop(message.otid, None)
        if branch_id == self.branch_id:
            self.follow(run)
            self.sent.emit(edge)

    def _not_sent(self, message: Outgoing, error: AppError) -> None:
        if error.code == "busy":
            self._model.drop_pending(message.otid)
            self._model.add_pending(message.otid, message.text, queued=True)
            self._waiting.append(message)
            self._tasks.spawn(self.find_run(), self)
            return
        self._model.fail_pending(message.otid, f"{error.message} {error.hint}".strip())

    async def _parts(self, message: Outgoing) -> tuple[InputPart, ...]:
        images = list(message.images)
        for attachment in message.attachments:
            encoded = base64.b64encode(attachment.content).decode()
            blob = await self._services.blobs.put(encoded, attachment.media_type)
            images.append(_image_of(attachment).model_copy(update={"sha256": blob.sha256}))
        text = (TextPart(text=message.text),) if message.text else ()
        return (*images, *text)

    def _send_next(self) -> None:
        if self._waiting and not self.replying:
            message = self._waiting.popleft()
            shown = (*message.images, *(_image_of(one) for one in message.attachments))
            self._model.drop_pending(message.otid)
            self._model.add_pending(message.otid, message.text, shown)
            self._tasks.spawn(self._send(message), self)

    # Following

    async def find_run(self) -> None:
        """Follows the run that is active in this conversation, if there is one."""
        branch_id = self.branch_id
        active = [run for run in await self._services.runs.active() if run.conversation_id == branch_id]
        if branch_id != self.branch_id:
            return
        if active:
            self.follow(active[0])
        elif not self.replying:
            self._send_next()

    def follow(self, run: Run) -> None:
        if self.run is not None and self.run.id == run.id:
            return
        self._let_go()
        if not run.active:
            self._model.note_run(run)
            return
        self._set_run(run)
        self._model.note_run(run)
        self._following = self._tasks.spawn(self._follow(run, self.branch_id), self)

    async def _follow(self, run: Run, branch_id: str) -> None:
        try:
            async with aclosing(self._services.runs.subscribe(run.id, 0)) as events:
                async for event in events:
                    self._model.apply(event)
                    if _closes_step(event):
                        self._tasks.spawn(self._read_steps(run.id), self)
        except LinkError:
            # The engine is gone. When it is back the view is opened anew and finds the run again.
            self._following = None
            return
        ended = await self._services.runs.get(run.id)
        await self._read_steps(run.id)
        if branch_id == self.branch_id:
            self._model.note_run(ended)
            self._following = None
            self._set_run(None)
            self.stale.emit()
            self._send_next()

    async def _read_steps(self, run_id: str) -> None:
        self._model.note_steps(await self._services.runs.steps(run_id))

    # Stopping, again, branches

    def stop(self) -> None:
        if self.run is not None:
            self._tasks.spawn(self._stop(self.run.id), self)

    async def _stop(self, run_id: str) -> None:
        await self._services.runs.cancel(run_id)

    def go_on(self, run_id: str) -> None:
        """A run that ended badly goes on from its stored messages."""
        self._tasks.spawn(self._go_on(run_id), self)

    async def _go_on(self, run_id: str) -> None:
        self.follow(await self._services.runs.retry(run_id))

    def branch_and_say(self, row: Row, text: str, *, take_back: bool) -> None:
        """A new branch from this message on, with new words in its place."""
        self._tasks.spawn(self._branch_and_say(row, text, take_back), self)

    async def _branch_and_say(self, row: Row, text: str, take_back: bool) -> None:
        if row.position is None:
            return
        if self.run is not None:
            await self._services.runs.cancel(self.run.id)
        made: Conversation = await self._services.conversations.branch(
            self.branch_id, row.position, take_back, origin=self._origin
        )
        self._let_go()
        self.branched.emit(made)
        self.branch_id = made.id
        role = row.message.role if row.message else "user"
        self.say(text, role, (), row.images)

    def show_branch(self, branch_id: str) -> None:
        self._tasks.spawn(self._show_branch(branch_id), self)

    async def _show_branch(self, branch_id: str) -> None:
        self.branched.emit(await self._services.conversations.show_branch(branch_id))


def _image_of(attachment: Attachment) -> ImagePart:
    return ImagePart(
        sha256=attachment.sha256,
        media_type=attachment.media_type,
        width=attachment.width,
        height=attachment.height,
    )


def _closes_step(event: RunEvent) -> bool:
    return event.message is not None and event.message.role == "assistant"
