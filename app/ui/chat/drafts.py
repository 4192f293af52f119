"""What was typed, attached, edited or queued in a conversation and not sent: kept when something else is shown."""

import time
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, QTimer

from app.ui.chat.attachment import Attachment

if TYPE_CHECKING:
    from app.ui.chat.view import ChatView

DRAFT_MS = 400


class Drafts(Protocol):
    """Where what was typed and where the view stood is kept."""

    def draft(self, conversation_id: str) -> dict[str, Any]: ...
    def set_draft(self, conversation_id: str, draft: dict[str, Any]) -> None: ...


class ChatDrafts(QObject):
    def __init__(self, view: "ChatView", store: Drafts | None) -> None:
        super().__init__(view)
        self._view = view
        self._store = store
        self._images: dict[str, tuple[Attachment, ...]] = {}
        """By conversation: they live as long as the window."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DRAFT_MS)
        self._timer.timeout.connect(self.keep)
        view.composer.draft_changed.connect(lambda _text: self._timer.start())

    def keep(self) -> None:
        """Stores what is typed and where the view stands."""
        self._timer.stop()
        conversation, composer, place = self._view.conversation, self._view.composer, self._view.area.place()
        if self._store is None or conversation is None:
            return
        draft: dict[str, Any] = {}
        if composer.text or place:
            draft = {"text": composer.text, "role": composer.role.current, "at": int(time.time())}
            draft["place"] = list(place or ())
        if draft or self._store.draft(conversation.id):
            self._store.set_draft(conversation.id, draft)
        self._images[conversation.id] = composer.attachments

    def take(self, conversation_id: str) -> tuple[str, int] | None:
        """Puts the draft of a conversation into the composer; gives the place where its reader was."""
        draft, composer = self._store.draft(conversation_id) if self._store else {}, self._view.composer
        composer.clear()
        composer.set_draft(str(draft.get("text", "")))
        composer.attach_all(self._images.pop(conversation_id, ()))
        composer.role.set_current("system" if draft.get("role") == "system" else "user")
        place = draft.get("place") or ()
        return (str(place[0]), int(place[1])) if len(place) == 2 else None

    def take_back(self) -> None:
        """What was queued or is being edited becomes part of the draft; nothing becomes a system message by that."""
        view, composer = self._view, self._view.composer
        unsent = view.talk.take_unsent()
        edits = [text for text in (card.take_edit() for card in view.area.cards()) if text]
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
        if unsent:
            view.told.emit(
                self.tr("What waited was not sent"), self.tr("It is in the draft of its conversation."), "info"
            )
