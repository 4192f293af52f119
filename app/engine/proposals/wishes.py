"""Pure: what a person asks to be remembered or forgotten, in so many words."""

import re
from dataclasses import dataclass

_I = re.IGNORECASE
_PLEASE = r"(?:[\s,]*\b(?:please|bitte|por favor|s'il te plaît|s'il vous plaît|stp)\b)?[\s,:]*"
_POLITE = r"(?:(?:please|hey|and|also|oh|ok|okay|so|just|bitte|por favor|s'il te plaît|stp)[\s,]+)*"
_NO_QUESTION = r"(?!when\b|how\b|what\b|where\b|who\b|why\b|wenn\b|wie\b|was\b|wo\b|cuando\b|quand\b)"
_REMEMBER = tuple(
    re.compile(_POLITE + pattern + r"(?P<what>.+)$", _I | re.DOTALL)
    for pattern in (
        r"(?:(?:can|could|would) you (?:please )?"
        r"(?=remember (?:that|to)\b|keep in mind|bear in mind|make a note|note (?:that|down)\b)"
        r"|i(?:'d| would)? (?:want|like) you to |you (?:should|must) |(?:please )?always (?=remember ))?(?:please )?"
        r"(?:remember|keep in mind|bear in mind|(?:make a |take )?note(?: down)?(?= that|[:,])|don't (?:you )?forget"
        r"|do not forget|never forget|memori[sz]e|save|store|write down)\b(?: (?:this|it))?(?: for later)?"
        + _PLEASE
        + r"(?:(?:that|to|about)\b)?[\s,:]*"
        + _NO_QUESTION,
        r"for (?:future|your) reference\b[\s,:]*",
        r"add (?:this |it )?to (?:my|your|the) (?P<label>\w+)(?: block| list)?\s*[:,]\s*",
        r"(?:(?:merke?|notiere?) (?:es )?dir|(?:kannst|könntest) du (?:dir )?(?:bitte )?(?:merken|notieren))\b"
        + _PLEASE
        + _NO_QUESTION,
        r"(?:vergiss (?:bitte )?nicht|denke? (?:bitte )?(?:daran|dran)|behalte im (?:kopf|gedächtnis))\b" + _PLEASE,
        r"(?:recuerda|acuérdate(?: de)?|no (?:te )?olvides(?: de)?|ten (?:en cuenta|presente)|anota|apunta"
        r"|guarda(?= que|:)|quiero que recuerdes|toma nota(?: de)?)\b"
        + _PLEASE
        + r"(?:que\b|de\b)?[\s,:]*"
        + _NO_QUESTION,
        r"(?:souviens-toi|rappelle-toi|retiens|n'oublie pas|note|garde en tête|enregistre(?= que|:)"
        r"|je veux que tu (?:te souviennes|retiennes))(?=[\s,:])" + _PLEASE + r"(?:bien )?(?:que |qu'|de |d')[\s,:]*",
        r"(?:请|麻烦)?(?:你)?(?:一定)?(?:帮我)?(?:记住|记一下|记下|记得|别忘了|别忘记|不要忘记|不要忘了)[\s，,：:]*",
        r"覚えておいて(?:ください|ね)?[\s、,：:]+",
    )
)
_REMEMBER_BEHIND = re.compile(
    r"^(?P<what>.+?)(?:という)?(?:こと|の)?[をと](?:覚えておいて|覚えて|忘れないで|メモして)[^、]*$", re.DOTALL
)
_FROM_NOW_ON = re.compile(
    r"\b(?:from now on|ab jetzt|von nun an|ab sofort|künftig|in zukunft|a partir de ahora|de ahora en adelante"
    r"|desde ahora|désormais|dorénavant|à partir de maintenant)\b|从现在起|从现在开始|^(?:以后|今后)|これからは|今後は",
    _I,
)
_FORGET = tuple(
    re.compile(pattern, _I)
    for pattern in (
        r"(?:^|[,;:]\s*|\b(?:please|can|could|may|should|just|and|you)\s+)(?:you\s+)?(?:please\s+)?"
        r"(?:forget|delete|erase|remove|unlearn)\b(?!\s+to\b)",
        r"\b(?:don't|no longer|do not|needn't) (?:(?:need|have|want you) )?(?:to )?remember\b",
        r"^\W*(?:scrap|cancel)\b",
        r"(?:^|[,;:]\s*|\b(?:bitte|und)\s+)(?:vergiss|lösche?|streiche?|entferne?|storniere?)\b"
        r"(?!\s+(?:bitte\s+)?nicht\b)",
        r"\b(?:kannst|darfst|sollst)\b.*\b(?:vergessen|löschen|streichen|entfernen)\b",
        r"(?:^|[,;:]\s*|\bfavor\s+)(?:olvida|olvídate|borra|elimina|quita)\b",
        r"\bpuedes (?:olvidar|borrar|eliminar)\b",
        r"(?:^|[,;:]\s*|plaît\s+)(?:oublie|efface|supprime|enlève)\b",
        r"\bpeux (?:oublier|effacer|supprimer)\b",
        r"(?<!别)(?<!不要)(?<!我)(?<!没)(?:忘掉|忘记|忘了|删掉|删除|删了)",
        r"忘れて(?:ください|いい|くれ|ほしい|ね|[。！!]|$)|(?:消|削除)して",
    )
)
_TAIL = re.compile(
    r"[\s,，、]*\b(?:okay|ok|please|will you|alright|bitte|ja|por favor|vale|d'accord|s'il te plaît)\b[\s.!?]*$", _I
)
_THAT = re.compile(
    r"(?:please |bitte )?(?:remember (?:that|this|it)|don't forget (?:that|this|it)|merke? dir das|vergiss das nicht"
    r"|recuérdalo|no lo olvides|souviens-t'en|ne l'oublie pas|请?记住(?:这个|这一点)?|别忘了"
    r"|覚えておいて(?:ね|ください)?)[\s.!。！]*",
    _I,
)
"""Means the sentence before."""
_END = re.compile(r"[\s.!?。！？]+$")
_MONTH_NEXT = "(?:Mai|März|Jan|Feb|Apr|Jun|Jul|Aug|Sep|Okt|Nov|Dez)"
_SENTENCE = re.compile(
    rf"(?<=[!?。！？\n])\s*|(?<=[^\d\W]\.)\s+|(?<=[\d)\"”]\.)\s+(?=[^\W\d_a-zäöü][a-zäöüéèáíóú']*\s)(?!{_MONTH_NEXT})"
)
_POSSESSIVES = {"mein", "meine", "dein", "deine", "sein", "seine", "ihr", "ihre", "unser", "unsere"}
_DETERMINERS = _POSSESSIVES | {"der", "die", "das", "ein", "eine"}
_PRONOUNS = {"ich", "du", "er", "sie", "es", "wir", "man"}
MOST_CHARS = 300
"""A wish is short: what is longer was pasted."""


@dataclass(frozen=True)
class Wish:
    """One sentence that asks for a change of memory."""

    kind: str
    """`remember`, `rule` (from now on) or `forget`."""
    text: str
    """What shall be remembered, as a line; of `forget` the words that name it."""
    label: str = ""
    """The block that the person named."""


def sentences_of(message: str) -> tuple[str, ...]:
    plain = re.sub(r"```.*?(?:```|\Z)", "\n", message.replace("’", "'"), flags=re.DOTALL)
    return tuple(one.strip() for one in _SENTENCE.split(plain) if one and one.strip())


def wishes_in(message: str) -> tuple[Wish, ...]:
    """In the order in which they stand."""
    sentences = [one for one in sentences_of(message) if len(one) <= MOST_CHARS]
    found = (
        Wish("remember", as_line(before)) if before and _THAT.fullmatch(one) else _wish(one, message)
        for before, one in zip(("", *sentences), sentences, strict=False)
    )
    return tuple(wish for wish in found if wish is not None and wish.text)


def _wish(sentence: str, message: str) -> Wish | None:
    for pattern in _REMEMBER:
        if match := pattern.match(sentence):
            if sentence.endswith(("?", "？")) and not re.match(
                rf"{_POLITE}(?:can|could|would) you|(?:kannst|könntest) du|.*,\s*\w+\?$", sentence, _I
            ):
                return None
            label = match.groupdict().get("label") or ""
            return Wish("remember", as_line(match["what"]), label)
    if match := _REMEMBER_BEHIND.match(sentence):
        return Wish("remember", as_line(match["what"]))
    if _FROM_NOW_ON.search(sentence) and not sentence.endswith(("?", "？")):
        rest = _FROM_NOW_ON.sub(" ", sentence)
        return Wish("rule", as_line(re.sub(r"\s{2,}", " ", rest)))
    for pattern in _FORGET:
        if match := pattern.search(sentence):
            rest = (sentence[: match.start()] + " " + sentence[match.end() :]).strip()
            return Wish("forget", rest if len(rest) > 8 or re.search("[\u3040-\u9fff]", rest) else message)
    return None


def as_line(said: str) -> str:
    """What was said as a line of memory, in the person's own words."""
    text = _END.sub("", _TAIL.sub("", said)).strip(" ,，、:：")
    text = re.sub(r"^(?:just )?so (?:that )?you know,\s*", "", text, flags=_I)
    text = re.sub(rf"^(?:{_POLITE}|请\s*)", "", text, flags=_I)
    text = _main_clause(text)
    if not text:
        return ""
    end = "。" if re.search("[\u3040-\u30ff\u3400-\u9fff]", text) else "."
    return text[0].upper() + text[1:] + end


def _main_clause(text: str) -> str:
    """German: “dass ich Vegetarier bin” is “ich bin Vegetarier”."""
    first, _, rest = text.partition(" ")
    words = rest.split(" ")
    if first.casefold() not in ("dass", "daß"):
        return text
    if len(words) < 3:
        return rest
    return " ".join((*words[: (n := _subject(words))], words[-1], *words[n:-1]))


def _subject(words: list[str]) -> int:
    """How many words stand before the verb of a main clause."""
    first = words[0].casefold()
    if first in ("am", "im", "um", "ab", "in", "an"):
        return 2
    if first in _PRONOUNS or first not in _DETERMINERS:
        return 1
    return next((n + 1 for n, word in enumerate(words) if n and word[:1].isupper()), 1)
