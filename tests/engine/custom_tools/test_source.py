"""What a source says of itself: signatures in all the ways people write them, and what is wrong with one, by line."""

from typing import Any

import pytest

from app.domain.error import Invalid
from app.engine.custom_tools.faults import SourceError
from app.engine.custom_tools.given_schema import inlined
from app.engine.custom_tools.source import ToolSource, read_source

TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}
CLASSES = '''
from __future__ import annotations
import dataclasses, enum, typing, uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from typing import *
from pydantic import BaseModel, Field

UserId = NewType("UserId", int)
Names = list[str]
Alias = "Names"
LIMIT = 7
T = TypeVar("T")
B = TypeVar("B", bound=str)

class Color(Enum):
    RED = "red"
    BLUE = "blue"

class Size(IntEnum):
    SMALL = 1
    LARGE = 2

class Mode(StrEnum):
    FAST = auto()
    SLOW = auto()

class Place(BaseModel):
    """Where something is."""
    street: str = Field(description="Street and number.")
    zip_code: str = Field("00000", pattern="^[0-9]+$")
    floor: int | None = None

class Person(BaseModel):
    name: str
    age: int = Field(..., ge=0, le=150, description="Years.")
    place: Place
    tags: list[str] = Field(default_factory=list)
    _hidden: int = 1

class Worker(Person):
    """A person with work."""
    salary: Decimal

class Options(TypedDict, total=False):
    """How."""
    depth: Required[int]
    verbose: bool

class Strict(TypedDict):
    depth: int
    verbose: NotRequired[bool]

@dataclass
class Point:
    """A point.

    Attributes:
        x: to the right
    """
    x: float
    y: float = 0.0
    label: str = field(default="origin")
    names: list[str] = field(default_factory=list)
    kind: ClassVar[str] = "point"

@dataclasses.dataclass(frozen=True)
class Box:
    corner: Point
    """Lower left."""

class Pair(NamedTuple):
    left: int
    right: int = 2

class Tree(BaseModel):
    children: list["Tree"]

class Plain:
    pass
'''
PLACE = {
    "type": "object",
    "description": "Where something is.",
    "properties": {
        "street": {"type": "string", "description": "Street and number."},
        "zip_code": {"type": "string", "default": "00000", "pattern": "^[0-9]+$"},
        "floor": {"type": "integer"},
    },
    "required": ["street"],
}
PERSON = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "age": {"type": "integer", "minimum": 0, "maximum": 150, "description": "Years."},
        "place": PLACE,
        "tags": {"type": "array", "items": TEXT},
    },
    "required": ["name", "age", "place"],
}
WORKER = {
    "type": "object",
    "description": "A person with work.",
    "properties": {**PERSON["properties"], "salary": TEXT},  # type: ignore[dict-item]
    "required": ["name", "age", "place", "salary"],
}
POINT = {
    "type": "object",
    "description": "A point.",
    "properties": {
        "x": {"type": "number", "description": "to the right"},
        "y": {"type": "number", "default": 0.0},
        "label": {"type": "string", "default": "origin"},
        "names": {"type": "array", "items": TEXT},
    },
    "required": ["x"],
}


def read(argument: str, *, said: str = "x: what it is") -> ToolSource:
    return read_source(
        f'{CLASSES}\ndef tool({argument}) -> str:\n    """Does it.\n\n    Args:\n        {said}\n    """\n'
    )


def array(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", TEXT),
        ("int", WHOLE),
        ("float", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        ("Any", {}),
        ("object", {}),
        ('"str"', TEXT),
        ("typing.Any", {}),
        ("list", {"type": "array", "items": {}}),
        ("list[str]", array(TEXT)),
        ("List[int]", array(WHOLE)),
        ("typing.List[int]", array(WHOLE)),
        ("list[list[int]]", array(array(WHOLE))),
        ("Sequence[str]", array(TEXT)),
        ("Iterable[float]", array({"type": "number"})),
        ("set[str]", array(TEXT, uniqueItems=True)),
        ("FrozenSet[int]", array(WHOLE, uniqueItems=True)),
        ("tuple", {"type": "array", "items": {}}),
        ("tuple[int, ...]", array(WHOLE)),
        ("tuple[int, str]", {"type": "array", "prefixItems": [WHOLE, TEXT], "minItems": 2, "maxItems": 2}),
        ("dict", {"type": "object"}),
        ("Dict", {"type": "object"}),
        ("dict[str, Any]", {"type": "object"}),
        ("dict[str, int]", {"type": "object", "additionalProperties": WHOLE}),
        ("Mapping[str, list[int]]", {"type": "object", "additionalProperties": array(WHOLE)}),
        ("Optional[str]", TEXT),
        ("str | None", TEXT),
        ("None | str", TEXT),
        ("Union[str, None]", TEXT),
        ("Optional[list[str]]", array(TEXT)),
        ("Union[int, str]", {"anyOf": [WHOLE, TEXT]}),
        ("int | str | None", {"anyOf": [WHOLE, TEXT]}),
        ("int | int", WHOLE),
        ("list[int | None]", array(WHOLE)),
        ('Literal["a", "b"]', {"type": "string", "enum": ["a", "b"]}),
        ("Literal[1, 2]", {"type": "integer", "enum": [1, 2]}),
        ('Literal["a", 1]', {"enum": ["a", 1]}),
        ('Literal["a", None]', {"type": "string", "enum": ["a"]}),
        ("Literal[True]", {"type": "boolean", "enum": [True]}),
        ('list[Literal["a", "b"]]', array({"type": "string", "enum": ["a", "b"]})),
        ("Color", {"type": "string", "enum": ["red", "blue"]}),
        ("Size", {"type": "integer", "enum": [1, 2]}),
        ("Mode", {"type": "string", "enum": ["fast", "slow"]}),
        ("list[Color]", array({"type": "string", "enum": ["red", "blue"]})),
        ("date", {"type": "string", "format": "date"}),
        ("datetime", {"type": "string", "format": "date-time"}),
        ("uuid.UUID", {"type": "string", "format": "uuid"}),
        ("Path", TEXT),
        ("Decimal", TEXT),
        ("UserId", WHOLE),
        ("Names", array(TEXT)),
        ("Alias", array(TEXT)),
        ("T", {}),
        ("B", TEXT),
        ("Place", PLACE),
        ('"Place"', PLACE),
        ("Optional[Place]", PLACE),
        ("list[Place]", array(PLACE)),
        ("dict[str, Place]", {"type": "object", "additionalProperties": PLACE}),
        ("Place | str", {"anyOf": [PLACE, TEXT]}),
        ("Person", PERSON),
        ("List[Person]", array(PERSON)),
        ("Worker", WORKER),
        ("Point", POINT),
        (
            "Box",
            {
                "type": "object",
                "properties": {"corner": {**POINT, "description": "A point."}},
                "required": ["corner"],
            },
        ),
        (
            "Pair",
            {
                "type": "object",
                "properties": {"left": WHOLE, "right": {"type": "integer", "default": 2}},
                "required": ["left"],
            },
        ),
        (
            "Options",
            {
                "type": "object",
                "description": "How.",
                "properties": {"depth": WHOLE, "verbose": {"type": "boolean"}},
                "required": ["depth"],
            },
        ),
        (
            "Strict",
            {
                "type": "object",
                "properties": {"depth": WHOLE, "verbose": {"type": "boolean"}},
                "required": ["depth"],
            },
        ),
        ("Annotated[int, Field(ge=1, le=6)]", {"type": "integer", "minimum": 1, "maximum": 6}),
        ('Annotated[str, Field(pattern="^a")]', {"type": "string", "pattern": "^a"}),
        ("Annotated[Optional[int], 'ignored by the docstring']", WHOLE),
    ],
)
def test_types(annotation: str, schema: dict[str, Any]):
    found = read(f"x: {annotation}")
    told = dict(found.parameters["properties"]["x"])
    assert told.pop("description") == "what it is"
    assert told == {name: value for name, value in schema.items() if name != "description"}


@pytest.mark.parametrize(
    ("argument", "required", "default"),
    [
        ("x: int", True, None),
        ("x: int = 3", False, 3),
        ("x: str = ''", False, ""),
        ("x: int = LIMIT", False, 7),
        ("x: int = -1", False, -1),
        ("x: Optional[int]", False, None),
        ("x: Optional[int] = None", False, None),
        ("x: int | None = 5", False, 5),
        ("x: list[str] = []", False, []),
        ("x: dict[str, int] = {'a': 1}", False, {"a": 1}),
        ("x: tuple[int, int] = (1, 2)", False, [1, 2]),
        ("x: float = 1e3", False, 1000.0),
        ("x: str = str(3)", False, None),
        ("x: int = Field(4, ge=1)", False, 4),
        ("x: int = Field(default=4)", False, 4),
        ("x: int = Field(..., ge=1)", True, None),
        ("*, x: int", True, None),
        ("*, x: int = 2", False, 2),
        ("x: int, /", True, None),
        ("x: Color = Color.RED", False, None),
    ],
)
def test_what_must_be_given(argument: str, required: bool, default: Any):
    found = read(argument).parameters
    assert ("x" in found["required"]) is required
    assert found["properties"]["x"].get("default") == default


@pytest.mark.parametrize(
    ("docstring", "described"),
    [
        ("Rolls.\n\n    Args:\n        count (int): how many\n            of them\n        sides: of each\n", True),
        (
            "Rolls.\n\n    Parameters\n    ----------\n    count : int\n        how many of them\n"
            "    sides : int\n        of each\n",
            True,
        ),
        ("Rolls.\n\n    :param count: how many of them\n    :param int sides: of each\n    :returns: the sum\n", True),
        (
            "Rolls.\n\n    Args:\n        count: how many of them\n        sides: of each\n"
            "\n    Returns:\n        str: it\n\n    Raises:\n        ValueError: never\n",
            True,
        ),
        ("Rolls.\n\n    Arguments:\n        count: how many of them\n        sides: of each\n", True),
        ("Rolls.\n\n    @param count: how many of them\n    @param sides: of each\n", True),
        ("Rolls.", False),
        ("Rolls.\n\n    Args:\n        count: how many\n", False),
    ],
)  # fmt: skip
def test_docstrings(docstring: str, described: bool):
    source = f'def roll(count: int, sides: int = 6) -> str:\n    """{docstring}\n    """\n    return ""\n'
    if not described:
        with pytest.raises(SourceError, match="under Args, what"):
            read_source(source)
        return
    found = read_source(source)
    assert (found.name, found.description) == ("roll", "Rolls.")
    words = {name: one["description"] for name, one in found.parameters["properties"].items()}
    assert words == {"count": "how many of them", "sides": "of each"}
    assert found.parameters["required"] == ["count"]


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("", 1, "There is no function"),
        ("x = 1\n", 1, "There is no function"),
        ("class A:\n    def f(self): ...\n", 1, "There is no function"),
        ("def f(:\n    pass\n", 1, "This is not valid Python"),
        ("def f():\n    return 1\n  x\n", 3, "This is not valid Python"),
        ("def f():\n    return 1\n", 1, "docstring what “f” is for"),
        ('def f(x):\n    """F.\n\n    Args:\n        x: it\n    """\n', 1, "of what type “x” is"),
        ('def f(x: int):\n    """F."""\n', 1, "under Args, what “x” is"),
        ('def f(*names: str):\n    """F."""\n', 1, "“*names” has no names"),
        ('def f(**more: str):\n    """F."""\n', 1, "“**more” has no names"),
        ('def f(x: Unknown):\n    """F.\n\n    Args:\n        x: it\n    """\n', 1, "“Unknown” is not defined"),
        ('\n\ndef f(\n  a: int,\n  x: bytes,\n):\n  """F.\n\n  Args:\n    a: a\n    x: x\n  """\n', 5, "Bytes"),
        ('def f(x: dict[int, str]):\n    """F.\n\n    Args:\n        x: it\n    """\n', 1, "Keys of an object"),
        ('def f(x: Callable[[], int]):\n    """F.\n\n    Args:\n        x: it\n    """\n', 1, "cannot be told"),
        ('def f(x: "list["):\n    """F.\n\n    Args:\n        x: it\n    """\n', 1, "is no type"),
        ('def f(x: 3):\n    """F.\n\n    Args:\n        x: it\n    """\n', 1, "no type that can be told"),
        (f'{CLASSES}\ndef f(x: Tree):\n    """F.\n\n    Args:\n        x: it\n    """\n', 80, "“Tree” holds itself"),
        (f'{CLASSES}\ndef f(x: Plain):\n    """F.\n\n    Args:\n        x: it\n    """\n', 85, "neither a"),
        (f'def {"f" * 65}():\n    """F."""\n', 1, "more than 64 characters"),
        ("def f():\n    '''F.'''\n\0", 1, ""),
    ],
)  # fmt: skip
def test_faults_name_their_line(source: str, line: int, words: str):
    with pytest.raises(SourceError) as raised:
        read_source(source)
    assert words in raised.value.faults[0].text
    assert raised.value.faults[0].line == line


def test_all_faults_are_told_at_once():
    with pytest.raises(SourceError) as raised:
        read_source('def f(a, b: bytes, *c):\n    """F.\n\n    Args:\n        b: b\n    """\n')
    assert len(raised.value.faults) == 3
    assert "(2 more things to put right.)" in raised.value.message


def test_the_last_function_is_the_tool_and_what_lares_gives_is_not_told():
    source = '''
def helper(x):
    return x

async def look(agent_state: "AgentState", word: str, client=None) -> str:
    """Looks a word up.

    Args:
        word: which
    """
    return helper(word)
'''
    found = read_source(source)
    assert (found.name, found.is_async, found.line) == ("look", True, 5)
    assert list(found.parameters["properties"]) == ["word"]
    assert found.given == {"agent_state", "client"}
    assert not found.converts


@pytest.mark.parametrize(
    ("annotation", "converts"),
    [("str", False), ("Optional[list[int]]", False), ("Place", True), ("list[Place]", True), ("Color", True),
     ("date | None", True), ("set[str]", True), ("dict[str, Any]", False), ("Names", False), ('"Point"', True),
     ("Alias", False), ('Literal["a"]', False)],
)  # fmt: skip
def test_what_is_more_than_json(annotation: str, converts: bool):
    assert read(f"x: {annotation}").converts is converts


def test_with_a_schema_of_its_own_a_source_needs_no_words():
    found = read_source("def f(x, y=1, z: Unknown = 2):\n    return x\n", documented_elsewhere=True)
    assert found.parameters == {"type": "object", "properties": {"x": {}, "y": {}, "z": {}}, "required": ["x"]}


@pytest.mark.parametrize("choice", ["Literal[{}]", "Annotated[list[Literal[{}]], 'which']"])
def test_a_choice_of_too_many_values_is_refused_in_words(choice: str) -> None:
    values = ", ".join(map(str, range(50_000)))
    with pytest.raises(SourceError, match="choice of 50,000 values; 500 are the most") as refused:
        read_source(f'from typing import *\n\ndef f(x: {choice.format(values)}) -> str:\n    """Does it."""\n')
    assert refused.value.faults[0].line == 3


def _doubled(levels: int) -> dict[str, Any]:
    """Each part refers to the next twice."""
    both = lambda number: {"properties": {name: {"$ref": f"#/$defs/p{number}"} for name in ("a", "b")}}  # noqa: E731
    parts = {f"p{number}": both(number + 1) for number in range(levels)}
    return {**both(0), "$defs": {**parts, f"p{levels}": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"properties": {"x": {"enum": list(range(50_000))}}}, "choice of 50,000 values; 500 are the most"),
        (_doubled(11), "more than 5,000 parts"),
        ({"properties": {f"x{number}": {"type": "string"} for number in range(6_000)}}, "more than 5,000 parts"),
    ],
)
def test_a_schema_that_no_model_can_be_told_is_refused_in_words(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        inlined(schema)
    assert inlined(_doubled(3))["properties"]["a"]["properties"]["b"]
