#!/usr/bin/env python3
"""Put the hand-written parts together: turns.jsonl and questions.jsonl.

Deterministic: the same parts and the same SEED always give the same two files.
Facts, questions, distractors and near-misses are hand-written (facts_*.jsonl);
only the small talk between them is produced from the patterns in filler_*.txt and the
asides in asides_*.txt.
"""

import datetime as dt
import json
import pathlib
import random
import re

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20240901
TURNS = 2000
FIRST_YEAR, FIRST_MONTH, MONTHS = 2024, 9, 14
# share of each language among the filler turns
FILLER_SHARE = {"en": 0.64, "de": 0.12, "es": 0.12, "zh": 0.12}
KINDS = [("paraphrase", "p"), ("name_or_date", "n"), ("identifier", "i")]
LANGS = ["en", "de", "es", "zh"]


def load_facts():
    facts = []
    for path in sorted(HERE.glob("facts_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                facts.append(json.loads(line))
    return facts


def month_start(index):
    m = FIRST_MONTH - 1 + index
    return dt.datetime(FIRST_YEAR + m // 12, m % 12 + 1, 1)


def moment(rng, month=None, days=None):
    """A minute of the waking day, inside the month (0 = the first) and days."""
    if month is None:
        month = rng.randrange(MONTHS)
    start = month_start(month)
    length = (month_start(month + 1) - start).days
    lo, hi = days or (1, length)
    day = rng.randint(lo, min(hi, length))
    return start + dt.timedelta(days=day - 1, minutes=rng.randint(6 * 60 + 30, 23 * 60))


def load_patterns(lang):
    slots, patterns = {}, []
    for line in (HERE / f"filler_{lang}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("!"):
            name, _, options = line[1:].partition("=")
            slots[name] = options.split("|")
        elif line.strip():
            user, assistant = line.split(" => ")
            patterns.append((user, assistant))
    return slots, patterns


def spin(rng, text):
    inner = re.compile(r"\{([^{}]*)\}")
    while True:
        m = inner.search(text)
        if not m:
            return text
        text = text[: m.start()] + rng.choice(m.group(1).split("|")) + text[m.end() :]


def fill(rng, slots, user, assistant):
    chosen = {}

    def put(m):
        name = m.group(1)
        if name not in chosen:
            chosen[name] = rng.choice(slots[name])
        return chosen[name]

    both = [re.sub(r"<(\w+)>", put, spin(rng, t)) for t in (user, assistant)]
    user = re.sub(r"\s+", " ", both[0]).strip()
    user = re.sub(r" ([,.?!;])", r"\1", user)
    user = user.replace("？。", "？").replace(" a el ", " al ").replace(" de el ", " del ")
    if rng.random() < 0.75:  # the rest of the time people do not bother with capitals
        user = user[:1].upper() + user[1:]
    return user, re.sub(r"\s+", " ", both[1]).strip()


def sentence(text):
    return text if text[-1] in ".?!:。？！…" else text + ("。" if "\u4e00" <= text[-1] <= "\u9fff" else ".")


def with_asides(rng, lang, asides, user):
    """People talk: put up to three asides around a short filler turn."""
    if len(user) > 160:
        return user
    parts = [user]
    for aside in rng.sample(asides, rng.choice([0, 0, 0, 1, 1, 1, 1, 2, 2, 3])):
        parts.insert(rng.choice([0, len(parts)]), spin(rng, aside))
    if len(parts) == 1:
        return user
    return ("" if lang == "zh" else " ").join(sentence(p) for p in parts)


def fillers(rng, lang, count, seen):
    slots, patterns = load_patterns(lang)
    asides = (HERE / f"asides_{lang}.txt").read_text(encoding="utf-8").splitlines()
    out, queue = [], []
    while len(out) < count:
        if not queue:
            queue = patterns[:]
            rng.shuffle(queue)
        pattern = queue.pop()
        for _ in range(50):
            user, assistant = fill(rng, slots, *pattern)
            if user.lower() not in seen:
                seen.add(user.lower())
                out.append((with_asides(rng, lang, asides, user), assistant))
                break
    return out


def make():
    """The lines of turns.jsonl and questions.jsonl, and the number of filler turns."""
    rng = random.Random(SEED)
    turns, questions = told(rng, load_facts())
    missing = TURNS - len(turns)
    seen = set()
    shares = {lang: int(missing * share) for lang, share in FILLER_SHARE.items()}
    shares["en"] += missing - sum(shares.values())
    for lang in LANGS:
        for user, assistant in fillers(rng, lang, shares[lang], seen):
            turns.append([moment(rng), lang, user, assistant, None])
    turns.sort(key=lambda t: (t[0], t[2]))
    gold = {owner: number for number, (*_, owner) in enumerate(turns, 1) if owner is not None}
    return [turn_line(number, turn) for number, turn in enumerate(turns, 1)], question_lines(questions, gold), missing


def told(rng, facts):
    """Turns that tell the facts, each `[when, lang, user, assistant, number of its question]`, and the questions."""
    turns, questions = [], []
    for fact in facts:
        month, days = fact.get("month"), fact.get("days")
        if fact["kind"] == "distractor":
            spread = [f["month"] for f in facts if f.get("key") == fact["key"] and "month" in f]
            if re.search(r"\d", fact["key"][0]):
                month = rng.choice(spread)
            turns.append([moment(rng, month), fact["lang"], fact["user"], fact["assistant"], None])
            continue
        when = moment(rng, month, days)
        turns.append([when, fact["lang"], fact["user"], fact["assistant"], len(questions)])
        questions.append(fact)
        if "near" in fact:
            near = fact["near"]
            m = None if month is None else min(MONTHS - 1, max(0, month + rng.choice([-1, 0, 0, 1])))
            turns.append([moment(rng, m), near.get("lang", fact["lang"]), near["user"], near["assistant"], None])
    return turns, questions


def turn_line(number, turn):
    when, lang, user, assistant, _ = turn
    date = when.isoformat(timespec="minutes")
    line = {"turn": number, "date": date, "lang": lang, "user": user, "assistant": assistant}
    return json.dumps(line, ensure_ascii=False)


def question_lines(questions, gold):
    """Questions in the order of their kinds and languages; every other one is of the half `test`."""
    lines = []
    for kind, letter in KINDS:
        for lang in LANGS:
            asked = [(i, f) for i, f in enumerate(questions) if f["kind"] == kind and f["lang"] == lang]
            for n, (index, fact) in enumerate(asked, 1):
                line = {
                    "id": f"{letter}-{lang}-{n:03d}",
                    "kind": kind,
                    "lang": lang,
                    "cross": bool(fact.get("cross")),
                    "question": fact["question"],
                    "gold": [gold[index]],
                    "half": "dev" if n % 2 else "test",
                }
                lines.append(json.dumps(line, ensure_ascii=False))
    return lines


def main():
    turn_lines, question_lines, missing = make()
    (HERE / "turns.jsonl").write_text("\n".join(turn_lines) + "\n", encoding="utf-8")
    (HERE / "questions.jsonl").write_text("\n".join(question_lines) + "\n", encoding="utf-8")
    print(f"{len(turn_lines)} turns, {len(question_lines)} questions, {missing} filler turns")


if __name__ == "__main__":
    main()
