"""Trying a tool: its arguments, what it returned, printed and raised, and what this computer holds it to."""

import json
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPlainTextEdit, QWidget

from app.domain.sandbox import Enforced, SandboxLimits, SandboxResult
from app.domain.tool import ToolAccess
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, follow, hairline, row_of, scrolled
from app.ui.kit.segmented import Segmented
from app.ui.kit.wording import count, counted, size
from app.ui.theme import Theme
from app.ui.tools.arguments import ArgumentForm

MOST_SHOWN = 100_000
"""Characters of a return or an output that are shown."""


class TryPane(QFrame):
    run_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._result: SandboxResult | None = None
        self.setProperty("kind", "panel")
        self.form = ArgumentForm(theme)
        self.how = Segmented(
            theme, (("form", self.tr("Form")), ("json", self.tr("JSON"))), "form", self.tr("Arguments as")
        )
        self.run = Button(theme, self.tr("Run"), "primary", "play")
        self.stop = Button(theme, self.tr("Stop"), "", "stop")
        self.stop.hide()
        self._keys = Label(theme, self.tr("Ctrl Enter"), "caption", "muted")
        self.part = Segmented(
            theme,
            (("returned", self.tr("Returned")), ("printed", self.tr("Printed")), ("errors", self.tr("Errors"))),
            "returned",
            self.tr("Part of the result"),
        )
        self._mark = Icon(theme, "check", "ok", 14)
        self._took = ElidedLabel(theme, "", "label", "text2")
        self.shown = QPlainTextEdit()
        self.shown.setReadOnly(True)
        self.shown.setAccessibleName(self.tr("What came of it"))
        self._files = Label(theme, "", "label", "text2")
        self._files.setWordWrap(True)
        self._held = QWidget()
        self._grid = QGridLayout(self._held)
        self._result_line = hairline()
        self._trust = Label(theme, "", "label", "text2")
        self._trust.setWordWrap(True)
        self._lay_out()
        self._connect()
        self.show_result(None)

    def _lay_out(self) -> None:
        theme, content = self._theme, QWidget()
        head = row_of(theme, Label(theme, self.tr("Try it"), "strong"), None, self.how)
        note = Label(theme, self.tr("No agent is told of it."), "label", "muted")
        column_of(
            theme,
            head,
            note,
            self.form,
            row_of(theme, self.run, self.stop, self._keys, None),
            self._result_line,
            row_of(theme, self.part, None),
            row_of(theme, self._mark, self._took, gap=6),
            self.shown,
            self._files,
            hairline(),
            Label(theme, self.tr("What this computer holds it to"), "strong"),
            self._held,
            self._trust,
            None,
            parent=content,
            inset=(16, 10, 16, 14),
            gap=9,
        )
        column_of(theme, scrolled(content, self.tr("Try the tool")), parent=self, gap=0)

        def fit() -> None:
            self.shown.setFont(theme.font("mono"))
            self.shown.setMinimumHeight(theme.px(110))
            self._grid.setContentsMargins(0, 0, 0, 0)
            self._grid.setHorizontalSpacing(theme.px(10))
            self._grid.setVerticalSpacing(theme.px(6))

        follow(theme, self, fit)
        self._grid.setColumnStretch(2, 1)

    def _connect(self) -> None:
        self.how.chosen.connect(self.form.show_as)
        self.run.clicked.connect(self.run_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.form.run_wanted.connect(self.run_wanted)
        self.part.chosen.connect(lambda: self._show_part())

    def set_running(self, running: bool) -> None:
        self.run.setVisible(not running)
        self.stop.setVisible(running)
        self._keys.setVisible(not running)

    def allow(self, reason: str) -> None:
        """`reason`: why it cannot be run; empty: it can."""
        self.run.setEnabled(not reason)
        self._keys.setText(reason or self.tr("Ctrl Enter"))

    def show_result(self, result: SandboxResult | None) -> None:
        self._result = result
        for widget in (self._result_line, self.part, self._mark, self._took, self.shown, self._files):
            widget.setVisible(result is not None)
        if result is None:
            return
        self._mark.show_icon("check" if result.ok else "error", "ok" if result.ok else "danger")
        took = self.tr("{} ms").format(count(result.milliseconds))
        self._took.set_text(took if result.ok else f"{took} · {result.error}")
        self._took.set_kind("text2" if result.ok else "danger")
        lines = result.stdout.count("\n")
        errors = bool(result.stderr or result.traceback)
        self.part.set_label("printed", f"{self.tr('Printed')} {lines}" if lines else self.tr("Printed"))
        self.part.set_label("errors", f"{self.tr('Errors')} 1" if errors else self.tr("Errors"))
        self.part.set_current("errors" if not result.ok and errors else "returned")
        made = [f"{file.name} ({size(file.size)})" for file in result.files]
        words = counted(len(made), self.tr("{} file made: "), self.tr("{} files made: ")) if made else ""
        self._files.setText(words + ", ".join(made))
        self._files.setVisible(bool(made))
        self._show_part()

    def _show_part(self) -> None:
        result = self._result
        if result is None:
            return
        texts = {
            "returned": _returned(result.value) if result.ok else result.error,
            "printed": result.stdout or self.tr("Nothing was printed."),
            "errors": "\n".join(filter(None, (result.stderr, result.traceback))) or self.tr("No errors."),
        }
        text = texts[self.part.current]
        more = self.tr("\n[{} characters more]").format(count(len(text) - MOST_SHOWN)) if len(text) > MOST_SHOWN else ""
        self.shown.setPlainText(text[:MOST_SHOWN] + more)

    def show_enforced(self, enforced: Enforced, limits: SandboxLimits, access: ToolAccess) -> None:
        """What holds a tool that may use this."""
        folders = self.tr("none but its own folder")
        if access.folders:
            folders = self.tr("its own folder and %n of yours", "", len(access.folders))
        rows = (
            (self.tr("Time"), True, self.tr("{} seconds").format(count(round(limits.seconds)))),
            (self.tr("Memory"), True, size(limits.memory)),
            (self.tr("Output"), True, size(limits.output)),
            (self.tr("Network"), enforced.network, self.tr("public addresses") if access.network else self.tr("none")),
            (self.tr("Your files"), enforced.files, folders),
            (self.tr("What it starts"), enforced.processes, self.tr("ends with it")),
        )
        while item := self._grid.takeAt(0):
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for at, (name, holds, note) in enumerate(rows):
            state = row_of(
                self._theme,
                Icon(self._theme, "check" if holds else "warning", "ok" if holds else "warn", 14),
                Label(
                    self._theme,
                    self.tr("enforced") if holds else self.tr("not enforced"),
                    "label",
                    "ok" if holds else "warn",
                ),
                gap=6,
            )
            self._grid.addWidget(Label(self._theme, name, "label", "text2"), at, 0)
            self._grid.addLayout(state, at, 1)
            self._grid.addWidget(ElidedLabel(self._theme, note, "label", "muted"), at, 2)
        self._trust.setText(enforced.why and self.tr("{} Run only code that you trust.").format(enforced.why))
        self._trust.setVisible(bool(enforced.why))


def _returned(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "None" if value is None else json.dumps(value, ensure_ascii=False, indent=1)
