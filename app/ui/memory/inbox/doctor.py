"""The doctor's pane beside the inbox: what was found in the open agent's memory, its evidence, and the mend."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.domain.doctor import Evidence, Examination, Finding, FindingKind, Mend, kept_as
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.flow import Flow
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, follow, frame_of, hairline, row_of, scrolled
from app.ui.kit.tooltip import set_tip
from app.ui.kit.wording import count, counted
from app.ui.state.view_context import Notice, ViewContext

HIDDEN_SIGN = "•"
LOOK: dict[FindingKind, tuple[str, str]] = {
    "secret": ("key", "danger"),
    "contradiction": ("warning", "warn"),
    "date": ("clock", "warn"),
    "double": ("copy", "warn"),
    "echo": ("refresh", "warn"),
    "full": ("memory", "warn"),
    "unused": ("search", "text2"),
}
"""Icon and colour token of each kind."""


class DoctorPane(QFrame):
    block_wanted = Signal(str)
    """Id of a block that a person wants to look at."""
    archive_wanted = Signal()
    """The passages of the open agent."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._services = view.services
        theme = self._theme = view.theme
        self.seen: Examination | None = None
        self._agent_id = ""
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Memory doctor"))
        self.badge = Badge(theme, "", "warn")
        self.again = IconButton(theme, "refresh", self.tr("Look through memory again"), size=14, box=24)
        self.again.clicked.connect(self.begin)
        self._list = QWidget()
        self._column = QVBoxLayout(self._list)
        self.mend_all = Button(theme, "", "primary", "check")
        self.mend_all.clicked.connect(lambda: self._mend(self._certain))
        self._words = Label(theme, self.tr("Each is its own change, one undo takes all back."), "caption", "muted")
        self._words.setWordWrap(True)
        head, self._foot = QWidget(), frame_of("panel")
        title = Label(theme, self.tr("Memory doctor"), "strong")
        row_of(theme, title, self.badge, None, self.again, parent=head, inset=(14, 9, 10, 9), gap=8)
        row_of(theme, self._words, self.mend_all, parent=self._foot, inset=(14, 10, 14, 10), gap=10).setStretch(0, 1)
        area = scrolled(self._list, self.accessibleName())
        column_of(theme, head, hairline(), area, hairline(), self._foot, parent=self, gap=0)
        self._foot.hide()
        follow(theme, self, self._restyle)

    def _restyle(self) -> None:
        px = self._theme.px
        self.setMinimumWidth(px(320))
        self._column.setContentsMargins(px(14), px(10), px(14), px(14))
        self._column.setSpacing(px(12))

    def begin(self) -> None:
        """Looks through the memory of the open agent."""
        agent = self._view.workspace.agent
        if agent is not None:
            self._agent_id = agent.id
            self._view.run(self._examine(agent.id), self)

    async def _examine(self, agent_id: str) -> None:
        seen = await self._services.doctor.examine(agent_id)
        if agent_id == self._agent_id:
            self._show(seen)

    @property
    def _certain(self) -> tuple[Mend, ...]:
        found = self.seen.findings if self.seen is not None else ()
        return tuple(finding.mend for finding in found if finding.mend is not None)

    def _show(self, seen: Examination) -> None:
        self.seen = seen
        empty(self._column)
        for finding in seen.findings:
            self._column.addWidget(self._card(finding))
        if not seen.findings:
            words = self.tr("Nothing to mend, {} lines looked at").format(count(seen.lines + seen.passages))
            self._column.addWidget(Label(self._theme, words, "label", "text2"))
        self._column.addStretch(1)
        number = len(seen.findings)
        self.badge.set_badge(counted(number, self.tr("{} finding"), self.tr("{} findings")), "warn" if number else "ok")
        self._foot.setVisible(len(self._certain) > 1)
        self.mend_all.setText(self.tr("Mend {}").format(len(self._certain)))

    def _card(self, finding: Finding) -> QWidget:
        theme, card = self._theme, QWidget()
        icon, token = LOOK[finding.kind]
        title = ElidedLabel(theme, self._title(finding), "base")
        rows: list[QWidget] = []
        for line in finding.evidence:
            if line.text:
                text = line.text
                if finding.kind == "secret":
                    text = text[: line.span[0]] + HIDDEN_SIGN * 8 + text[line.span[1] :]
                place = self.tr("archive") if line.passage_id else f"{line.label} {line.line}"
                label = ElidedLabel(theme, f"{place}   {text}", "mono")
                if finding.kind != "secret":
                    set_tip(label, line.text)
                rows.append(label)
        buttons: list[QWidget] = [self._shows(finding), self._dismisses(finding)]
        if finding.kind == "secret" and not finding.evidence[0].passage_id:
            move = Button(theme, self.tr("Move to the keyring…"), "", "key", "small")
            move.clicked.connect(lambda: self._view.run(self._move(finding.evidence[0]), self))
            buttons.insert(0, move)
        if (mend := finding.mend) is not None:
            first = Button(theme, self._mend_words(mend), "", "check", "small")
            first.clicked.connect(lambda: self._mend((mend,)))
            buttons.insert(0, first)
        head = row_of(theme, Icon(theme, icon, token, 16), title, gap=8)
        head.setStretch(1, 1)
        line = QWidget()
        flow = Flow(line)
        for button in buttons:
            flow.addWidget(button)
        follow(theme, flow, lambda: flow.setSpacing(theme.px(6)))
        column_of(theme, head, *rows, line, parent=card, gap=5)
        card.setAccessibleName(self._title(finding))
        return card

    def _shows(self, finding: Finding) -> Button:
        line = finding.evidence[0]
        words = self.tr("Show the archive") if line.passage_id else self.tr("Show the block")
        show = Button(self._theme, words, "ghost", "eye", "small")
        if line.passage_id:
            show.clicked.connect(self.archive_wanted)
        else:
            show.clicked.connect(lambda: self.block_wanted.emit(line.block_id))
        return show

    def _dismisses(self, finding: Finding) -> Button:
        words = {
            "secret": self.tr("It is no secret"),
            "contradiction": self.tr("Keep both"),
            "double": self.tr("Keep both"),
        }
        button = Button(self._theme, words.get(finding.kind, self.tr("Leave it")), "ghost", "", "small")
        button.clicked.connect(lambda: self._dismiss(finding.sign))
        return button

    def _dismiss(self, sign: str) -> None:
        def undo(_: None) -> None:
            self._view.run(self._services.doctor.dismiss(sign, False), self, done=lambda _: self.begin())

        def dismissed(_: None) -> Notice:
            self.begin()
            return Notice(self.tr("This finding will not be shown again"))

        self.again.setFocus(Qt.FocusReason.OtherFocusReason)
        self._view.run(self._services.doctor.dismiss(sign), self, done=dismissed, undo=undo)

    async def _move(self, line: Evidence) -> None:
        """The secret becomes one of the agent's, which its tools are given; memory keeps its name."""
        text = self.tr("The agent's tools are given it under this name. Memory then says only where it is.")
        name = await self._view.ask.ask_text(self.tr("Move to the keyring"), text, "", self.tr("Move"))
        if not name:
            return
        start, end = line.span
        known = await self._services.agent_secrets.values(self._agent_id)
        await self._services.agent_secrets.replace(self._agent_id, {**known, name: line.text[start:end]})
        new = line.text[:start] + kept_as(name) + line.text[end:]
        self._mend((Mend(block_id=line.block_id, old=line.text, new=new),))

    def _title(self, finding: Finding) -> str:
        titles: dict[FindingKind, str] = {
            "secret": self.tr("A secret stands in plain text"),
            "contradiction": self.tr("Two lines contradict each other"),
            "unused": counted(
                finding.used,
                self.tr("{} passage was not found in 90 days"),
                self.tr("{} passages were not found in 90 days"),
            ),
            "date": self.tr("A date that will mean something else"),
            "double": self.tr("Two lines say nearly the same"),
            "echo": self.tr("A search result was stored again"),
            "full": self.tr("“{}” is nearly full, {} of {}").format(
                finding.evidence[0].label, count(finding.used), count(finding.limit)
            ),
        }
        return titles[finding.kind]

    def _mend_words(self, mend: Mend) -> str:
        if mend.new is None:
            return self.tr("Remove it")
        old, new = mend.old.split(" "), mend.new.split(" ")
        written = " ".join(word for word in new if word not in old)
        return self.tr("Write “{}”").format(written[:24])

    def _mend(self, mends: tuple[Mend, ...]) -> None:
        def undo(seqs: tuple[int, ...]) -> None:
            work = self._services.history.undo_all(seqs, origin=self._view.workspace.origin)
            self._view.run(work, self, done=lambda _: self.begin())

        def mended(seqs: tuple[int, ...]) -> Notice:
            self.begin()
            return Notice(counted(len(mends), self.tr("Mended {} finding"), self.tr("Mended {} findings")))

        # The button that was pressed goes with its finding: the keyboard stays in the pane.
        self.again.setFocus(Qt.FocusReason.OtherFocusReason)
        work = self._services.doctor.mend(self._agent_id, mends, origin=self._view.workspace.origin)
        self._view.run(work, self, done=mended, undo=undo)
