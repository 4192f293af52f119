"""What every card of a conversation is given, and what a person asks for on any of them."""

from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from app.ui.chat.images import Images
from app.ui.chat.transcript.row import ViewMode
from app.ui.state.model_entries import ModelsKnown
from app.ui.theme import Theme


class CardSignals(QObject):
    """What a person asks for on any card; the view that shows the conversation answers."""

    link = Signal(str)
    undo = Signal(int, str)
    """seq of the memory event to undo (of an undo: to redo), and its label."""
    history = Signal(str)
    """Id of a block."""
    run = Signal(str)
    retry = Signal(object)
    """Row of a reply or an error: try the run again."""
    edit_opened = Signal(object)
    """The card whose inline editor was opened."""
    edit_closed = Signal()
    resend = Signal(object, str, bool)
    """Row, new text, and whether memory changes are undone too."""
    rewrite = Signal(object, str)
    """Row of a reply, and its new text."""
    delete = Signal(object)
    """Row of the message."""
    rate = Signal(object, object)
    """Row of a reply, and what is thought of it: positive, negative or None."""
    branch = Signal(str)
    """Conversation id of the branch to show."""
    send_again = Signal(str)
    discard = Signal(str)
    """otid of a message that was not sent or waits."""
    save = Signal(object)
    """A `ReturnedFile` to be saved."""
    switch_model = Signal()
    remedy = Signal(str, object)
    """Key of the remedy that was chosen, and the row with the problem."""


@dataclass
class CardContext:
    """What every card is given."""

    theme: Theme
    signals: CardSignals = field(default_factory=CardSignals)
    images: Images = field(default_factory=Images)
    agent_name: str = ""
    agent_id: str = ""
    max_steps: int = 0
    mode: ViewMode = "interactive"
    agent_model: str = ""
    """Handle."""
    models: ModelsKnown = field(default_factory=ModelsKnown)
    """What is known of models now, for the remedies of a problem."""
    underway: dict[str, str] = field(default_factory=dict[str, str])
    """By the key of a row: a sentence on the remedy that is being tried."""
