"""Pure: whether a tag in a reply leaked out of a template, or is what the reply speaks of.

The tag alone decides nothing. It does by its place: does it end its line or stand in a sentence, a list, a table, a
quotation, in code; does what follows look like a call; did this model show thoughts before; were other tags of this
reply spoken of. In doubt it stays: a tag that is seen does less harm than words that are not.
"""

import re
from dataclasses import dataclass

from app.engine.repairs.markdown_place import MarkdownPlace
from app.engine.repairs.names import match_name
from app.engine.repairs.tag_signs import END_THINK, TAG

_SEPARATED = re.compile(r"[ \t]*(?:[-–—=|→,;)\]/+&]|:(?!\w)|\.(?:\s|\Z)|[\"'`”’»」』](?:[\s,.;:)]|\Z))")
_NOUN = re.compile(
    r"[ \t-]{0,2}(?:tags?|tokens?|markers?|blocks?|Marken?|Marke|Tags?|Token|balises?|jetons?|etiquetas?|marcas?|tag's"
    r"|标签|标记|标识|令牌|タグ|トークン|태그|토큰)(?![a-z])"
)
"""What a tag that is spoken of is called, in some languages."""
_SENTENCE = re.compile(r"[ \t]+(?:[a-zà-öø-ÿα-ωа-я(]|I\b)")
_CLAUSE = re.compile(r"[ \t]*[぀-ヿ一-鿿가-힯]")
_LINE_ENDS = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_PAIRS = {"(": ")", "[": "]", "{": "}", "“": "”", "‘": "’", "„": "“", "«": "»", "「": "」", "『": "』", "（": "）"}
_SAME = "\"'*_~`"
_ENDED = ".!?…。！？:;)\"'”»」』*`|>]}"
"""With these a sentence or a thought may end; a colon announces something, but thoughts do that too."""
_STOPS = tuple(".!?…。！？")
_END_MARK = re.compile(r"<(?:\|?/|/)|<\|(?:im_end|eot_id|eom_id|end|return|call|endoftext)\|>|<end_of_turn>|<eos>|\[/")
_SPECIAL = re.compile(r"(?:<[|｜][\w▁]{1,32}[|｜]>|<end_of_turn>|<eos>|<pad>|\s)+\Z")
_ASSISTANT = re.compile(r"(?:im_start\|>|start\|>|start_of_turn>|header_id\|>)\s?(?:assistant|model)|final|\[/INST\]")
_ANY_ROLE = re.compile(r"(?:im_start\|>|start\|>|start_of_turn>|header_id\|>)\s?(?:assistant|model|user|system|tool)")
_PERSON = re.compile(r"\A(?:<\|\w+\|>|<start_of_turn>)\s?(?:user|system|tool|ipython)")
_JSON = r"\{|\[\s*(?:\{|\]|[A-Za-z_][\w.]*\()"
_PAYLOADS = (
    (
        "begin",
        re.compile(
            r"\s*(?:<[|｜]tool[▁_]call[▁_]begin[|｜]>|(?:function<[|｜]tool[▁_]sep[|｜]>)?[\w.-]{1,120}\s*[<`{])"
        ),
    ),
    ("tool_call", re.compile(rf"\s*(?:```(?:json)?\s*)?(?:{_JSON}|<(?:function|invoke)[ =]|call:)")),
    ("python_tag", re.compile(rf"\s*(?:{_JSON}|[A-Za-z_][\w.]*\()")),
    ("TOOL_CALLS", re.compile(rf"\s*(?:{_JSON}|[\w.-]{{1,120}}\s?(?:\[ARGS\]|\[CALL_ID\]|\{{))")),
    ("function_calls", re.compile(r"\s*<(?:function|invoke)[ =]")),
    ("function", re.compile(r"\s*(?:\{|<parameter[ =]|</(?:function|invoke)>)")),
    ("invoke", re.compile(r"\s*(?:\{|<parameter[ =]|</(?:function|invoke)>)")),
    ("to=", re.compile(r"(?:\s|json|code|python|<\|constrain\|>|<\|channel\|>\s?\w{1,12}){0,9}<\|message\|>")),
)
_NAMED = re.compile(r"\s*(?P<name>[\w.:-]{1,120})\s*(?P<next>\n|\(|<|\{|\Z)")
_EMPTY_THOUGHT = re.compile(rf"\s*(?:{END_THINK})")


DEEPEST = 4
"""Tags behind tags that are looked at; each level reads the rest of the text again."""


@dataclass
class Scene:
    """What is known around a tag."""

    place: MarkdownPlace
    known: tuple[str, ...] = ()
    """Names of the tools that the model was offered."""
    thinks: bool = False
    """The model showed thoughts before."""
    native: bool = False
    """The thoughts of this very reply came apart from its text."""
    topic: bool = False
    """Tags of this reply were spoken of, outside code."""
    after_call: bool = False
    """A call was cut out just before."""
    struck: bool = False
    """HTML that strikes text out was used."""


def opens_thoughts(scene: Scene, rest: str, *, ends: bool) -> bool:
    place = scene.place
    if _is_subject(scene, rest) or scene.topic or not place.is_line_start or _is_spoken_of(rest, strict=False):
        return False
    if place.said and (scene.native or not scene.thinks):
        return False
    line, newline, _ = rest.partition("\n")
    closer = re.search(END_THINK, line)
    if _is_list_of_tags(rest):
        return False
    if _SENTENCE.match(rest) and (scene.native or not scene.thinks):
        if closer is not None:
            after = line[closer.end() :]
            return not (_SENTENCE.match(after) or _is_spoken_of(after, strict=False))
        if (newline or ends) and not re.search(END_THINK, rest):
            return not ends
    return closer is None or _NOUN.match(line[closer.end() :]) is None


def closes_thoughts(scene: Scene, rest: str, *, ends: bool) -> bool:
    """Of an end of thoughts whose beginning nobody wrote: all before it was thinking."""
    place = scene.place
    attached = bool(place.line) and not place.line[-1:].isspace()
    if _is_subject(scene, rest) or scene.topic or _is_spoken_of(rest, strict=False):
        return False
    if place.is_structure and not (attached and _LINE_ENDS.match(rest)):
        return False
    if _SENTENCE.match(rest) or _is_list_of_tags(rest) or (scene.native and place.said):
        return False
    if not place.said:
        return True
    if ends and not rest.strip():
        return scene.thinks
    ended = place.last_sign in _ENDED
    if _LINE_ENDS.match(rest):
        if place.is_line_start:
            follows = rest.lstrip()[:1]
            return scene.thinks or not (place.announces or (not ended and follows.islower()))
        return attached or place.last_sign in _STOPS or scene.thinks
    if attached and not rest[:1].isspace():
        return ended or scene.thinks or (rest[:1].isupper() and rest[:1].isascii())
    return ended and rest.lstrip()[:1].isupper()


def is_leaked_mark(scene: Scene, run: str, rest: str, *, ends: bool) -> bool:
    """Of marks in a row: of turns, of ends, of calls that were cut out."""
    place = scene.place
    at_start, at_end = not place.said, ends and not rest.strip()
    if _is_subject(scene, rest) or (scene.struck and run == "</s>") or _lists_tags(run):
        return False
    if scene.after_call or (at_start and at_end):
        return True
    attached = place.is_line_start or not place.line[-1:].isspace()
    if scene.topic or _is_list_of_tags(rest, 1):
        return False
    spoken_of = _is_spoken_of(rest, strict=True) or _SENTENCE.match(rest) is not None
    if spoken_of and not at_end and not (attached and _is_header(run, rest)):
        return False
    if at_end:
        return _ends_reply(place)
    if at_start:
        return _begins_reply(run, rest)
    if place.is_structure or place.announces:
        return False
    if _ANY_ROLE.search(run):
        return attached and not _CLAUSE.match(rest)
    lone = _SPECIAL.match(run) is not None and not place.is_line_start
    return attached and lone and (rest[:1].isspace() or rest[:1].isupper()) and not _CLAUSE.match(rest)


def _is_header(run: str, rest: str) -> bool:
    """Whether marks are the whole head of an assistant's turn."""
    if run.endswith(("<|message|>", "<|end_header_id|>")) and ("channel" in run or _ANY_ROLE.search(run)):
        return True
    return _ASSISTANT.search(run) is not None and _LINE_ENDS.match(rest) is not None


def opens_call(scene: Scene, tag: str, rest: str) -> bool:
    """Whether what follows has the form of a call; whether it is one is seen when it is there."""
    if _is_subject(scene, rest) or scene.place.is_structure:
        return False
    if _has_payload(tag, rest):
        return True
    named = _NAMED.match(rest) if "tool" in tag else None
    return named is not None and match_name(named["name"], scene.known, guess=False).name is not None


def _is_subject(scene: Scene, rest: str) -> bool:
    """In code, or between quotation marks."""
    if scene.place.in_code(rest):
        return True
    before = scene.place.line[-1:]
    if before in _PAIRS:
        return _PAIRS[before] in rest[:24]
    return before != "" and before in _SAME and rest.startswith(before)


def _is_spoken_of(rest: str, *, strict: bool) -> bool:
    found = _SEPARATED.match(rest)
    if found is not None and not (strict and not found[0].strip()):
        return True
    return _NOUN.match(rest) is not None


def _is_list_of_tags(rest: str, depth: int = 0) -> bool:
    """Whether tags stand one on each line here. A call that begins there is no such list."""
    line, newline, below = rest.partition("\n")
    if line.strip() or not newline:
        return False
    if depth <= 1 and (found := _EMPTY_THOUGHT.match(below)):
        return _is_list_of_tags(below[found.end() :], depth * 2)
    below = below.lstrip()
    tag = TAG.match(below)
    if tag is None:
        return False
    after = below[tag.end() :]
    if tag["call"]:
        return not _has_payload(tag[0], after)
    if tag["think"]:
        return _SEPARATED.match(after) is not None or (depth < DEEPEST and _is_list_of_tags(after, depth + 1))
    return bool(after.strip()) or depth > 1


def _has_payload(tag: str, rest: str) -> bool:
    form = next((form for sign, form in _PAYLOADS if sign in tag.replace("▁", "_")), None)
    if form is not None and form.match(rest):
        return True
    named = _NAMED.match(rest) if "tool" in tag else None
    return named is not None and rest[named.end("name") :].lstrip().startswith("<arg_key>")


def _lists_tags(run: str) -> bool:
    lines = [line.strip() for line in run.split("\n") if line.strip()]
    tags = [found[0] for found in TAG.finditer(run)]
    return len(lines) >= 3 and len(set(tags)) >= 3 and len(lines) == len(tags)


def _ends_reply(place: MarkdownPlace) -> bool:
    if place.is_line_start:
        return not place.announces
    if not place.line[-1:].isspace():
        return True
    return place.last_sign in _ENDED


def _begins_reply(run: str, rest: str) -> bool:
    if _PERSON.match(run):
        return False
    if _ASSISTANT.search(run):
        return True
    if _CLAUSE.match(rest) and _END_MARK.match(run):
        return False
    return not rest[:1].islower() or not _END_MARK.match(run)
