"""A form for the arguments of a tool, made from their JSON schema; or the same as raw JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.domain.json_value import JsonObject, array_of, is_object, object_of
from app.ui.kit.field import Field
from app.ui.kit.layout import Choice, column_of, empty, follow
from app.ui.kit.number_field import DecimalField, NumberField
from app.ui.kit.switch import Switch
from app.ui.kit.tooltip import set_tip
from app.ui.theme import Theme

FURTHEST = 2**31 - 1
MONO_LINES = 3


class NotReadable(Exception):
    """What stands in the form is no value. The sentence says which and why."""


class Entry:
    """One argument: its widget and how its value is read. None: left out."""

    def __init__(self, field: Field, read: Callable[[], Any]) -> None:
        self.field, self.read = field, read


class ArgumentForm(QWidget):
    run_wanted = Signal()
    changed = Signal()
    """Something was typed or chosen."""

    def __init__(self, theme: Theme, *, compact: bool = False) -> None:
        """`compact`: what is said of an argument is a tip instead of a line."""
        super().__init__()
        self._theme, self._compact = theme, compact
        self._schema: JsonObject = {}
        self._entries: dict[str, Entry] = {}
        self.setAccessibleName(self.tr("Arguments"))
        self._form = QWidget()
        self._rows: QVBoxLayout = column_of(theme, parent=self._form, gap=8)
        self.json = QPlainTextEdit()
        self.json.setAccessibleName(self.tr("Arguments as JSON"))
        self.json.setTabChangesFocus(True)
        self._json_field = Field(theme, self.tr("Arguments as JSON"), self.json)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._form)
        self._pages.addWidget(self._json_field)
        if compact:  # as high as the form alone
            self._json_field.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        column_of(theme, self._pages, parent=self)
        follow(theme, self, lambda: self.json.setFont(theme.font("mono")))
        follow(theme, self, lambda: self.json.setMinimumHeight(theme.px(96)))

    @property
    def as_json(self) -> bool:
        return self._pages.currentIndex() == 1

    def show_schema(self, schema: JsonObject) -> None:
        """What was typed for an argument that is still there is kept."""
        if schema != self._schema:
            self._fill(schema, self._typed())

    def show_arguments(self, schema: JsonObject, given: JsonObject) -> None:
        """Just these values; what may be left out, and is, has no field."""
        required = array_of(schema.get("required"))
        known = object_of(schema.get("properties")).items()
        shown = {name: one for name, one in known if name in given or name in required}
        self._fill({**schema, "properties": shown}, given)

    def readable(self) -> JsonObject:
        """What stands in the form and can be read."""
        return self._typed()

    def show_as(self, form: str) -> None:
        """`form` or `json`; what was typed comes along where it can be read."""
        if form == "json" and not self.as_json:
            self.json.setPlainText(json.dumps(self._typed(), ensure_ascii=False, indent=1))
            self._pages.setCurrentIndex(1)
        elif form == "form" and self.as_json:
            self._pages.setCurrentIndex(0)
            self._fill(self._schema, self._from_json())

    def _fill(self, schema: JsonObject, given: Mapping[str, Any]) -> None:
        self._schema, self._entries = schema, {}
        empty(self._rows)
        required = array_of(schema.get("required"))
        for name, one in object_of(schema.get("properties")).items():
            entry = self._entry(name, object_of(one), name in required, given.get(name))
            if self._compact:
                set_tip(entry.field, self._hint(object_of(one), name in required))
                entry.field.set_hint("")
            self._entries[name] = entry
            self._rows.addWidget(entry.field)
        self._rows.addStretch(1)

    def arguments(self) -> JsonObject:
        """As they stand. Raises `NotReadable`, and marks the field."""
        if self.as_json:
            try:
                given = json.loads(self.json.toPlainText() or "{}")
            except ValueError as error:
                self._json_field.set_error(self.tr("This is not JSON: {}.").format(error))
                raise NotReadable from None
            if not is_object(given):
                self._json_field.set_error(self.tr('Arguments are an object, as in {"name": 1}.'))
                raise NotReadable
            self._json_field.set_error("")
            return given
        found: JsonObject = {}
        bad = False
        required = array_of(self._schema.get("required"))
        for name, entry in self._entries.items():
            entry.field.set_error("")
            try:
                value = entry.read()
            except NotReadable as error:
                entry.field.set_error(str(error))
                bad = True
                continue
            if value is None and name in required:
                entry.field.set_error(self.tr("This is needed."))
                bad = True
            elif value is not None:
                found[name] = value
        if bad:
            raise NotReadable
        return found

    def _typed(self) -> JsonObject:
        """What can be read of it."""
        found: JsonObject = {}
        for name, entry in self._entries.items():
            try:
                value = entry.read()
            except NotReadable:
                continue
            if value is not None:
                found[name] = value
        return found

    def _from_json(self) -> JsonObject:
        try:
            return object_of(json.loads(self.json.toPlainText()))
        except ValueError:
            return {}

    # Fields

    def _entry(self, name: str, schema: JsonObject, required: bool, given: Any) -> Entry:
        default = schema.get("default")
        value = default if given is None else given
        kind = schema.get("type")
        hint = self._hint(schema, required)
        if "enum" in schema:
            return self._choice(name, schema["enum"], required, value, hint)
        if kind == "boolean":
            switch = Switch(self._theme, name)
            switch.setChecked(bool(value))
            switch.toggled.connect(self.changed)
            return Entry(Field(self._theme, name, switch, hint), lambda: switch.isChecked())
        if kind in ("integer", "number") and (required or value is not None):
            box = NumberField(self._theme) if kind == "integer" else DecimalField(self._theme)
            if isinstance(box, NumberField):
                box.setRange(-FURTHEST, FURTHEST)
                box.setValue(int(value or 0))
            else:
                box.setRange(-1e12, 1e12)
                box.setDecimals(6)
                box.setValue(float(value or 0))
            box.valueChanged.connect(self.changed)
            return Entry(Field(self._theme, name, box, hint), lambda: box.value())
        if kind == "string" and "\n" in str(value or ""):
            return self._lines(name, str(value), hint)
        if kind == "string":
            line = QLineEdit("" if value is None else str(value))
            line.returnPressed.connect(self.run_wanted)
            line.textChanged.connect(self.changed)
            empty = None if given is None else ""
            return Entry(Field(self._theme, name, line, hint), lambda: line.text() or empty)
        return self._raw(name, value, hint)

    def _hint(self, schema: JsonObject, required: bool) -> str:
        said = str(schema.get("description") or "")
        kinds = {
            "string": self.tr("text"),
            "integer": self.tr("whole number"),
            "number": self.tr("number"),
            "boolean": self.tr("yes or no"),
            "array": self.tr("list, as JSON"),
            "object": self.tr("object, as JSON"),
        }
        kind = kinds.get(str(schema.get("type")), self.tr("JSON"))
        need = self.tr("needed") if required else self.tr("may be left out")
        return f"{said} ({kind}, {need})" if said else f"{kind}, {need}"

    def _choice(self, name: str, values: list[Any], required: bool, value: Any, hint: str) -> Entry:
        box = Choice(name)
        if not required:
            box.addItem(self.tr("left out"), None)
        for one in values:
            box.addItem(str(one), one)
        box.setCurrentIndex(max(0, box.findData(value)))
        box.currentIndexChanged.connect(self.changed)
        return Entry(Field(self._theme, name, box, hint), lambda: box.currentData())

    def _lines(self, name: str, value: str, hint: str) -> Entry:
        """A text of several lines."""
        edit = self._edit(value)
        return Entry(Field(self._theme, name, edit, hint), edit.toPlainText)

    def _edit(self, text: str) -> QPlainTextEdit:
        edit, theme = QPlainTextEdit(text), self._theme
        edit.setTabChangesFocus(True)
        edit.textChanged.connect(self.changed)
        follow(theme, edit, lambda: edit.setFont(theme.font("mono")))
        follow(theme, edit, lambda: edit.setFixedHeight(theme.px(24 * MONO_LINES)))
        return edit

    def _raw(self, name: str, value: Any, hint: str) -> Entry:
        edit = self._edit("" if value is None else json.dumps(value, ensure_ascii=False))

        def read() -> Any:
            text = edit.toPlainText().strip()
            if not text:
                return None
            try:
                return json.loads(text)
            except ValueError as error:
                raise NotReadable(self.tr("This is not JSON: {}.").format(error)) from None

        return Entry(Field(self._theme, name, edit, hint), read)
