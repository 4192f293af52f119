"""What a replay is set up with: from which step, against which models, with which prompt and temperature."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from app.domain.replay import ReplayBasis, ReplayWish
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, follow, hairline, row_of, scrolled
from app.ui.kit.number_field import DecimalField
from app.ui.kit.segmented import Segmented
from app.ui.models.picker import ModelPicker
from app.ui.state.model_entries import ModelsKnown
from app.ui.theme import Theme

MOST_SIDES = 3
"""Models that are asked, beside how it went then."""
HOTTEST = 2.0


class Setup(QFrame):
    play_wanted = Signal()
    stop_wanted = Signal()
    refresh_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._basis: ReplayBasis | None = None
        self._known = ModelsKnown()
        self.setProperty("kind", "panel")
        self.setAccessibleName(self.tr("Set up the replay"))
        self.title = ElidedLabel(theme, "", "strong")
        self.asked = Label(theme, "", "label", "text2")
        self.asked.setWordWrap(True)
        self.pickers: list[ModelPicker] = []
        self._models = column_of(theme, gap=8)
        self.add = IconButton(theme, "plus", self.tr("Another model beside it"))
        kinds = (("same", self.tr("Same")), ("changed", self.tr("Changed")))
        self.prompt = Segmented(theme, kinds, "same", self.tr("Instructions"))
        self.instructions = QPlainTextEdit()
        self.instructions.setAccessibleName(self.tr("Instructions for the replay"))
        self.instructions.setTabChangesFocus(True)
        heat = (("then", self.tr("As then")), ("other", self.tr("Other")))
        self.heat = Segmented(theme, heat, "then", self.tr("Temperature"))
        self.temperature = DecimalField(theme)
        self.temperature.setAccessibleName(self.tr("Temperature of the replay"))
        self.temperature.setRange(0.0, HOTTEST)
        self.temperature.setSingleStep(0.1)
        self.temperature.setDecimals(2)
        self.play = Button(theme, self.tr("Replay"), "primary", "play")
        self.stop = Button(theme, self.tr("Stop"), "", "stop")
        self._lay_out()
        self.add.clicked.connect(lambda: self._add_picker())
        self.prompt.chosen.connect(lambda: self._tell())
        self.heat.chosen.connect(lambda: self._tell())
        self.play.clicked.connect(self.play_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        keys = QShortcut(QKeySequence("Ctrl+Return"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        keys.activated.connect(lambda: self.play_wanted.emit() if self.play.isEnabled() else None)
        self.set_playing(False)
        self._tell()

    def _lay_out(self) -> None:
        theme, body, foot = self._theme, QWidget(), QWidget()
        against = row_of(theme, Label(theme, self.tr("Replay against"), "strong"), None, self.add)
        column_of(
            theme,
            self.title,
            self.asked,
            hairline(),
            against,
            self._models,
            hairline(),
            Label(theme, self.tr("Instructions"), "strong"),
            row_of(theme, self.prompt, None),
            self.instructions,
            Label(theme, self.tr("Temperature"), "strong"),
            row_of(theme, self.heat, self.temperature, None),
            row_of(theme, self.play, self.stop, None),
            None,
            parent=body,
            inset=(14, 11, 14, 11),
            gap=10,
        )
        note = Label(
            theme,
            self.tr(
                "Replays run on a copy of the memory of then. The agent’s memory and messages stay, and no tool runs."
            ),
            "caption",
            "muted",
        )
        note.setWordWrap(True)
        row_of(theme, Icon(theme, "shield", "ok", 14), note, parent=foot, inset=(14, 9, 14, 9)).setStretch(1, 1)
        area = scrolled(body, self.accessibleName())
        column_of(theme, area, hairline(), foot, parent=self, gap=0).setStretch(0, 1)
        follow(theme, self, lambda: self.instructions.setFixedHeight(theme.px(150)))

    # What is set

    @property
    def basis(self) -> ReplayBasis | None:
        return self._basis

    def show_basis(self, title: str, basis: ReplayBasis) -> None:
        """From which step; what was changed for another one is as it was."""
        self._basis = basis
        self.title.set_text(title)
        self.asked.setText(f"“{basis.asked[:300]}”" if basis.asked else "")
        self.instructions.setPlainText(basis.system)
        self.prompt.set_current("same")
        self.heat.set_current("then")
        self.temperature.setValue(basis.temperature if basis.temperature is not None else 0.7)
        if not self.pickers:
            self._add_picker()
        self._tell()

    def show_models(self, known: ModelsKnown) -> None:
        self._known = known
        for picker in self.pickers:
            picker.show_models(known)
        self._tell()

    def wishes(self) -> list[ReplayWish]:
        """One for each model that can be asked."""
        system = self.instructions.toPlainText() if self.prompt.current == "changed" else None
        heat = round(self.temperature.value(), 2) if self.heat.current == "other" else None
        handles = [picker.handle for picker in self.pickers if picker.handle]
        return [ReplayWish(model=handle, system=system, temperature=heat) for handle in handles]

    def set_playing(self, playing: bool) -> None:
        self._playing = playing
        self.stop.setVisible(playing)
        self.play.setEnabled(not playing and self._basis is not None and bool(self.wishes()))

    def _add_picker(self) -> None:
        if len(self.pickers) >= MOST_SIDES:
            return
        picker = ModelPicker(self._theme)
        picker.show_models(self._known)
        picker.show_model(self._first_other())
        picker.picked.connect(picker.show_model)
        picker.picked.connect(lambda: self._tell())
        picker.refresh_wanted.connect(self.refresh_wanted)
        self.pickers.append(picker)
        self._models.addWidget(picker)
        self._tell()

    def _first_other(self) -> str:
        """A model that is not asked yet; the same one again where there is no other."""
        basis = self._basis
        taken = {picker.handle for picker in self.pickers} | ({basis.then.model} if basis is not None else set[str]())
        models = [model for offer in self._known.offers for model in offer.models if not model.unfit]
        usable = [model.handle for model in sorted(models, key=lambda one: one.scripted)]
        return next((handle for handle in usable if handle not in taken), basis.then.model if basis is not None else "")

    def _tell(self) -> None:
        self.instructions.setVisible(self.prompt.current == "changed")
        self.temperature.setVisible(self.heat.current == "other")
        self.add.setEnabled(len(self.pickers) < MOST_SIDES)
        self.set_playing(self._playing)
