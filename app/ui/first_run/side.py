"""The left side of the first run: what Lares is, how far one is, and what has left this computer."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, Mark, column_of, frame_of, row_of
from app.ui.state.model_entries import GOING
from app.ui.state.server_entries import asked_ports, other_hosts
from app.ui.state.view_context import ViewContext
from app.ui.theme import Theme


class StepMark(QWidget):
    """A number in a circle: to come, now, or done."""

    def __init__(self, theme: Theme, number: int) -> None:
        super().__init__()
        self._theme, self._number = theme, number
        self.state = "later"
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_state(self, state: str) -> None:
        self.state = state
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, px = self._theme, self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        now = self.state == "now"
        painter.setPen(QPen(theme.color("accentfill" if now else "control"), px(1)))
        painter.setBrush(theme.color("accentfill") if now else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(self.rect().adjusted(1, 1, -2, -2))
        if self.state == "done":
            side = px(14)
            place = QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)
            painter.drawPixmap(place, theme.pixmap("check", "ok", 14))
            return
        painter.setPen(theme.color("onaccent" if now else "text2"))
        painter.setFont(theme.font("label", 600))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self._number))

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(26), self._theme.px(26))

    def _restyle(self) -> None:
        self.setFixedSize(self.sizeHint())


class FirstRunSide(QFrame):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self.setProperty("kind", "window")
        title = Label(theme, self.tr("Agents that remember, kept at home"), "first")
        text = Label(
            theme,
            self.tr(
                "Lares runs agents on this computer. What they learn stays in memory blocks that you can read, "
                "correct and undo."
            ),
            "conversation",
            "text2",
        )
        for label in (title, text):
            label.setWordWrap(True)
        self._marks: list[StepMark] = []
        self._titles: list[Label] = []
        steps = column_of(
            theme,
            self._step(self.tr("Choose a model"), self.tr("It does the thinking")),
            self._step(self.tr("Choose a starter"), self.tr("Companion, research, writing or blank")),
            self._step(self.tr("Say something"), self.tr("Watch what the agent remembers")),
            gap=14,
        )
        column_of(
            theme,
            Mark(theme, 56),
            14,
            title,
            text,
            20,
            steps,
            None,
            self._make_private(),
            parent=self,
            inset=(40, 44, 36, 28),
            gap=12,
        )
        view.catalog.changed.connect(self._tell)
        self.show_step(1)
        self._tell()

    def _step(self, title: str, text: str) -> QWidget:
        theme = self._view.theme
        mark, name = StepMark(theme, len(self._marks) + 1), Label(theme, title, "base")
        self._marks.append(mark)
        self._titles.append(name)
        step = QWidget()
        texts = column_of(theme, name, ElidedLabel(theme, text, "label", "text2"), gap=1)
        row_of(theme, column_of(theme, mark, None), texts, parent=step, gap=12).setStretch(1, 1)
        return step

    def show_step(self, number: int) -> None:
        for place, (mark, title) in enumerate(zip(self._marks, self._titles, strict=True), 1):
            mark.show_state("done" if place < number else "now" if place == number else "later")
            title.set_weight(600 if place == number else 500)

    # What has left this computer

    def _make_private(self) -> QFrame:
        theme = self._view.theme
        card = frame_of("card")
        self._shield = Icon(theme, "shield", "ok")
        self.private = Label(theme, "", "strong")
        self.private.setWordWrap(True)
        self.why = Label(theme, "", "label", "text2")
        self.why.setWordWrap(True)
        self._folder = ElidedLabel(theme, "", "label", "text2")
        self._folder.set_elide(Qt.TextElideMode.ElideMiddle)
        head = row_of(theme, self._shield, self.private, gap=8)
        head.setStretch(1, 1)
        column_of(theme, head, self.why, self._folder, parent=card, inset=(14, 12, 14, 12), gap=4)
        return card

    def show_folder(self, folder: str) -> None:
        self._folder.set_text(self.tr("Your data: {}").format(folder))

    def _tell(self) -> None:
        known = self._view.catalog.known
        hosts = other_hosts(known.offers)
        ports = asked_ports(known.presets)
        asked = self.tr("To find servers, Lares tried ports {} on 127.0.0.1.").format(ports) if ports else ""
        words = [asked, self.tr("No account, no telemetry.")]
        title, icon, kind = self.tr("Nothing has left this computer"), "shield", "ok"
        if hosts:
            title, icon, kind = self.tr("You connected another computer"), "info", "info"
            words.append(self.tr("Lares asked {} which models it has.").format(", ".join(hosts)))
        elif any(pull.phase in GOING for pull in known.pulls):
            title, icon, kind = self.tr("Nothing of yours leaves this computer"), "shield", "ok"
            words.append(self.tr("Ollama is using the internet to download a model."))
        self._shield.show_icon(icon, kind)
        self.private.setText(title)
        self.why.setText(" ".join(filter(None, words)))
