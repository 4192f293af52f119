"""Messages on their way to the agent: sent, queued until a reply ends, or kept when they could not be sent."""

import base64
import uuid
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from app.domain.error import AppError
from app.domain.message import ImagePart, InputPart, MessageDraft, TextPart
from app.domain.run import Run
from app.ui.bridge.tasks import Tasks
from app.ui.chat.attachment import Attachment
from app.ui.chat.run_follower import RunFollower
from app.ui.chat.transcript.model import TranscriptModel

if TYPE_CHECKING:
    from app.link.client import Services

Role = Literal["user", "system"]


@dataclass(frozen=True)
class Outgoing:
    """A message on its way: what was typed, and images that are stored already."""

    otid: str
    text: str
    role: Role = "user"
    attachments: tuple[Attachment, ...] = ()
    images: tuple[ImagePart, ...] = ()
    branch_id: str = ""
    """The branch that it was written in."""
    conversation_id: str = ""
    """The thread of that branch."""


class Sending(QObject):
    """Sends to the branch that `runs` follows, and has the run that answers followed there."""

    sent = Signal(int)
    """Position after which the message now lies."""
    lost = Signal(object, object)
    """Outgoing that waited in a conversation that is not shown and could not be sent, and the AppError."""

    def __init__(
        self, services: "Services", tasks: Tasks, model: TranscriptModel, runs: RunFollower, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._model, self._runs = model, runs
        self._waiting: deque[Outgoing] = deque()
        self._kept: dict[str, Outgoing] = {}
        self._going: set[str] = set()
        """otids of messages that are being handed to the engine now."""
        self._elsewhere: dict[str, deque[Outgoing]] = {}
        """What waits in branches that are not shown, by their ids: it is sent there when the reply ends."""
        runs.idle.connect(self._send_next)

    @property
    def unsent(self) -> tuple[Outgoing, ...]:
        """What waits or could not be sent."""
        return tuple(message for otid, message in self._kept.items() if otid not in self._going)

    @property
    def waits_elsewhere(self) -> bool:
        return bool(self._elsewhere)

    def go_elsewhere(self, conversation_id: str) -> None:
        """Another thread is shown from now on: what waits in this one goes on waiting."""
        waiting = [replace(message, conversation_id=conversation_id) for message in self._waiting]
        for message in waiting:
            self._elsewhere.setdefault(message.branch_id, deque()).append(message)
            self._kept.pop(message.otid, None)
        self._waiting.clear()

    def come_back(self) -> None:
        """The branch that `runs` follows is shown again, with what waits in it."""
        for message in self._elsewhere.pop(self._runs.branch_id, ()):
            self._kept[message.otid] = message
            self._waiting.append(message)
            self._show(message, queued=True)

    def take_elsewhere(self) -> tuple[Outgoing, ...]:
        """What waits in branches that are not shown; it is the caller's from now on."""
        found = tuple(message for waiting in self._elsewhere.values() for message in waiting)
        self._elsewhere.clear()
        return found

    def run_changed(self, branch_id: str) -> None:
        """A run of some branch began or ended."""
        if branch_id in self._elsewhere:
            self._tasks.spawn(self._send_elsewhere(branch_id), self)

    async def _send_elsewhere(self, branch_id: str) -> None:
        active = await self._services.runs.active()
        waiting = self._elsewhere.get(branch_id)
        if waiting is None or any(run.conversation_id == branch_id for run in active):
            return
        message = waiting.popleft()
        if not waiting:
            del self._elsewhere[branch_id]
        try:
            await self._start(message, branch_id)
        except AppError as error:
            if error.code == "busy":
                self._elsewhere.setdefault(branch_id, deque()).appendleft(message)
            else:
                self.lost.emit(message, error)

    def take_unsent(self) -> tuple[Outgoing, ...]:
        """What waits or could not be sent; it is the caller's from now on."""
        unsent = self.unsent
        self._waiting.clear()
        self._kept.clear()
        return unsent

    def send(
        self, text: str, role: Role, attachments: tuple[Attachment, ...], images: tuple[ImagePart, ...] = ()
    ) -> None:
        """Sends it, or keeps it until the agent is done."""
        message = Outgoing(str(uuid.uuid4()), text, role, attachments, images, self._runs.branch_id)
        self._kept[message.otid] = message
        self._show(message, queued=self._runs.replying)
        if self._runs.replying:
            self._waiting.append(message)
        else:
            self._tasks.spawn(self._hand_over(message), self)

    def _show(self, message: Outgoing, *, queued: bool) -> None:
        shown = (*message.images, *(_image_of(one) for one in message.attachments))
        self._model.add_pending(message.otid, message.text, shown, queued=queued)

    def send_again(self, otid: str) -> None:
        message = self._kept.get(otid)
        if message is not None:
            self.discard(otid)
            self.send(message.text, message.role, message.attachments, message.images)

    def discard(self, otid: str) -> None:
        self._waiting = deque(message for message in self._waiting if message.otid != otid)
        self._kept.pop(otid, None)
        self._model.drop_pending(otid)

    def kept(self, otid: str) -> Outgoing | None:
        """What was typed for a message that was not sent."""
        return self._kept.get(otid)

    async def _hand_over(self, message: Outgoing) -> None:
        branch_id, edge = self._runs.branch_id, self._model.log.newest_position
        self._going.add(message.otid)
        try:
            run = await self._start(message, branch_id)
        except AppError as error:
            self._not_sent(message, error)
            return
        finally:
            self._going.discard(message.otid)
        self._kept.pop(message.otid, None)
        if branch_id == self._runs.branch_id:
            self._runs.follow(run)
            self.sent.emit(edge)

    async def _start(self, message: Outgoing, branch_id: str) -> Run:
        parts = await self._parts(message)
        draft = MessageDraft(role=message.role, parts=parts, otid=message.otid)
        return await self._services.runs.start(branch_id, draft, started_by="window")

    def _not_sent(self, message: Outgoing, error: AppError) -> None:
        if error.code == "busy":
            self._model.drop_pending(message.otid)
            self._show(message, queued=True)
            self._waiting.append(message)
            self._tasks.spawn(self._runs.find(), self)
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
        if self._waiting and not self._runs.replying:
            message = self._waiting.popleft()
            self._model.drop_pending(message.otid)
            self._show(message, queued=False)
            self._tasks.spawn(self._hand_over(message), self)


def _image_of(attachment: Attachment) -> ImagePart:
    return ImagePart(
        sha256=attachment.sha256,
        media_type=attachment.media_type,
        width=attachment.width,
        height=attachment.height,
    )
