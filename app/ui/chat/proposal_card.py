"""A proposed edit of memory above the composer: what would change, and the person's yes or no."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.proposal import MemoryProposal
from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.labels import Label
from app.ui.theme import Theme, set_prop


class ProposalCard(QFrame):
    """Hidden while there is nothing to answer. Once accepted it stays with Undo until it is closed or replaced."""

    accepted = Signal(str)
    """Id of the proposal, as in the next."""
    declined = Signal(str)
    undo_wanted = Signal(int, str)
    """The change to undo, and the block's label."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.proposal: MemoryProposal | None = None
        self.setProperty("kind", "banner")
        set_prop(self, "tone", "info")
        self.title = Label(theme, "", "base", parent=self)
        self.title.set_weight(600)
        self.detail = Label(theme, "", "label", "text2", self)
        for label in (self.title, self.detail):
            label.setWordWrap(True)
        self.diff = DiffView(theme, compact=True, parent=self)
        self.decline = Button(theme, self.tr("Decline"), "ghost", parent=self)
        self.accept = Button(theme, self.tr("Accept"), "primary", parent=self)
        self.undo = Button(theme, self.tr("Undo"), parent=self)
        self.close_button = Button(theme, self.tr("Close"), "ghost", parent=self)
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        for button in (self.decline, self.accept, self.undo, self.close_button):
            self._buttons.addWidget(button)
        self._column = QVBoxLayout(self)
        for part in (self.title, self.detail, self.diff):
            self._column.addWidget(part)
        self._column.addLayout(self._buttons)
        self.accept.clicked.connect(lambda: self.proposal and self.accepted.emit(self.proposal.id))
        self.decline.clicked.connect(lambda: self.proposal and self.declined.emit(self.proposal.id))
        self.undo.clicked.connect(self._undo)
        self.close_button.clicked.connect(lambda: self.show_proposal(None))
        self.setVisible(False)
        self._restyle()
        theme.changed.connect(self._restyle)

    def show_proposal(self, proposal: MemoryProposal | None, more: int = 0) -> None:
        """`more`: how many others wait for an answer."""
        self.proposal = proposal
        self.setVisible(proposal is not None)
        if proposal is None:
            return
        is_open = proposal.status == "open"
        self.title.setText(self._title(proposal))
        waiting = self.tr("Nothing changes before you accept.")
        if more:
            waiting = waiting + " " + self.tr("%n more to answer.", "", more)
        if proposal.client and is_open:
            waiting = self.tr("{0} proposes it.").format(proposal.client) + " " + waiting
        whose = proposal.client or self.tr("the memory helper")
        self.detail.setText(waiting if is_open else self.tr("It stands in the history, made by {0}.").format(whose))
        self.diff.set_texts(proposal.old, proposal.new)
        for button in (self.accept, self.decline):
            button.setVisible(is_open)
            button.set_busy(False)
        self.undo.setVisible(not is_open)
        self.close_button.setVisible(not is_open)
        self.setAccessibleName(self.title.text())
        self.setAccessibleDescription(f"{proposal.old} → {proposal.new}")
        announce(self, self.title.text())

    def _title(self, proposal: MemoryProposal) -> str:
        label = proposal.label
        if proposal.status != "open":
            return self.tr("Changed “{0}”").format(label)
        if not proposal.old:
            return self.tr("Remember this in “{0}”?").format(label)
        if not proposal.new:
            return self.tr("Forget this in “{0}”?").format(label)
        return self.tr("Change this in “{0}”?").format(label)

    def _undo(self) -> None:
        if self.proposal is not None and self.proposal.change_seq is not None:
            self.undo_wanted.emit(self.proposal.change_seq, self.proposal.label)
            self.show_proposal(None)

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(12), px(10), px(12), px(10))
        self._column.setSpacing(px(6))
        self._buttons.setSpacing(px(8))
