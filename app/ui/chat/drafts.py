"""What was typed, attached, edited or queued in a conversation and not sent: kept when something else is shown."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer

from app.ui.chat.attachment import Attachment
from app.ui.chat.composer import Composer
from app.ui.chat.sending import Outgoing
from app.ui.chat.transcript.row_layout import Anchor

DRAFT_MS = 400


class DraftStore(Protocol):
    """Where what was typed and where the view stood is kept."""

    def draft(self, conversation_id: str) -> dict[str, Any]: ...
    def set_draft(self, conversation_id: str, draft: dict[str, Any]) -> None: ...


class Drafts(QObject):
    """The draft of the open conversation is what `composer` holds; `anchor` says where its reader is."""

    def __init__(self, store: DraftStore | None, composer: Composer, anchor: Callable[[], Anchor | None]) -> None:
        super().__init__(composer)
        self._store, self._composer, self._anchor = store, composer, anchor
        self._conversation_id = ""
        self._images: dict[str, tuple[Attachment, ...]] = {}
        """By conversation: they live as long as the window."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DRAFT_MS)
        self._timer.timeout.connect(self.keep)
        composer.draft_changed.connect(lambda: self._timer.start())

    def keep(self) -> None:
        """Stores what is typed and where the view stands."""
        self._timer.stop()
        conversation_id, composer, anchor = self._conversation_id, self._composer, self._anchor()
        if self._store is None or not conversation_id:
            return
        draft: dict[str, Any] = {}
        if composer.text or anchor:
            draft = {"text": composer.text, "role": composer.role.current, "at": int(time.time())}
            draft["place"] = list(anchor or ())
        if draft or self._store.draft(conversation_id):
            self._store.set_draft(conversation_id, draft)
        self._images[conversation_id] = composer.attachments

    def open(self, conversation_id: str) -> Anchor | None:
        """Puts the draft of a conversation into the composer; gives the place where its reader was."""
        self._conversation_id = conversation_id
        draft, composer = self._store.draft(conversation_id) if self._store else {}, self._composer
        composer.clear()
        composer.set_draft(str(draft.get("text", "")))
        composer.attach_all(self._images.pop(conversation_id, ()))
        composer.role.set_current("system" if draft.get("role") == "system" else "user")
        anchor = draft.get("place") or ()
        return (str(anchor[0]), int(anchor[1])) if len(anchor) == 2 else None

    def add_elsewhere(self, message: Outgoing) -> None:
        """What waited in another conversation becomes part of its draft."""
        if message.conversation_id == self._conversation_id:
            self.add((message,), ())
        elif self._store is not None:
            draft = self._store.draft(message.conversation_id)
            words = (message.text, str(draft.get("text", "")))
            kept = {"role": message.role, "at": int(time.time()), **draft, "text": "\n\n".join(filter(None, words))}
            self._store.set_draft(message.conversation_id, kept)
            here = self._images.get(message.conversation_id, ())
            self._images[message.conversation_id] = (*message.attachments, *here)

    def add(self, unsent: Iterable[Outgoing], edits: Iterable[str]) -> None:
        """What was queued or is being edited becomes part of the draft; nothing becomes a system message by that."""
        composer, unsent, edits = self._composer, tuple(unsent), tuple(edits)
        if not unsent and not edits:
            return
        roles = {*(message.role for message in unsent), *("user" for _ in edits)}
        if composer.text or composer.attachments:
            roles.add(composer.role.current)
        composer.role.set_current("system" if roles == {"system"} else "user")
        words = (*(message.text for message in unsent), *edits, composer.text)
        composer.set_draft("\n\n".join(text for text in words if text))
        for message in unsent:
            composer.attach_all(message.attachments)
