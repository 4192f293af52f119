#!/usr/bin/env python3
"""Check the set against what README.md promises. Prints a report; exit code 1 on a failure."""

import collections
import itertools
import json
import pathlib
import re
import sys
import unicodedata

import build

HERE = pathlib.Path(__file__).resolve().parent
WANTED = {
    ("paraphrase", "en"): 110,
    ("paraphrase", "de"): 30,
    ("paraphrase", "es"): 30,
    ("paraphrase", "zh"): 30,
    ("name_or_date", "en"): 140,
    ("name_or_date", "de"): 20,
    ("name_or_date", "es"): 20,
    ("name_or_date", "zh"): 20,
    ("identifier", "en"): 70,
    ("identifier", "de"): 10,
    ("identifier", "es"): 10,
    ("identifier", "zh"): 10,
}
CROSS = 10
TURNS = 2000
# Common words that a question and its gold turn may share.
ALLOWED = {
    "about",
    "after",
    "again",
    "also",
    "been",
    "before",
    "being",
    "both",
    "but",
    "came",
    "could",
    "does",
    "doing",
    "done",
    "down",
    "each",
    "even",
    "ever",
    "every",
    "for",
    "from",
    "gave",
    "give",
    "goes",
    "going",
    "good",
    "have",
    "having",
    "here",
    "into",
    "just",
    "kind",
    "know",
    "last",
    "like",
    "long",
    "made",
    "make",
    "many",
    "more",
    "most",
    "much",
    "must",
    "need",
    "never",
    "next",
    "once",
    "only",
    "onto",
    "other",
    "ought",
    "over",
    "said",
    "same",
    "should",
    "some",
    "such",
    "take",
    "than",
    "that",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "thing",
    "this",
    "those",
    "time",
    "told",
    "under",
    "until",
    "very",
    "want",
    "was",
    "went",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "will",
    "with",
    "without",
    "would",
    "year",
    "years",
    "your",
    "aber",
    "alle",
    "alles",
    "auch",
    "beim",
    "dann",
    "dass",
    "dein",
    "deine",
    "dem",
    "den",
    "denn",
    "der",
    "des",
    "die",
    "dies",
    "diese",
    "diesem",
    "diesen",
    "dieser",
    "dieses",
    "doch",
    "durch",
    "ein",
    "eine",
    "einem",
    "einen",
    "einer",
    "eines",
    "etwas",
    "für",
    "gegen",
    "habe",
    "haben",
    "hat",
    "hatte",
    "ihm",
    "ihr",
    "ihre",
    "immer",
    "ist",
    "jede",
    "jeden",
    "jetzt",
    "kann",
    "kein",
    "keine",
    "machen",
    "mehr",
    "mein",
    "meine",
    "meinem",
    "meinen",
    "meiner",
    "mich",
    "mir",
    "mit",
    "nach",
    "nicht",
    "noch",
    "nur",
    "oder",
    "ohne",
    "sein",
    "seine",
    "sich",
    "sind",
    "über",
    "und",
    "uns",
    "unser",
    "unsere",
    "unseren",
    "unserer",
    "vom",
    "von",
    "vor",
    "war",
    "waren",
    "warum",
    "welche",
    "welchem",
    "welchen",
    "welcher",
    "welches",
    "wenn",
    "werden",
    "wird",
    "wurde",
    "wurden",
    "zum",
    "zur",
    "damit",
    "dafür",
    "algo",
    "antes",
    "aquel",
    "aunque",
    "cada",
    "como",
    "con",
    "cual",
    "cuando",
    "cuál",
    "cuándo",
    "cuánto",
    "cuántos",
    "dar",
    "decir",
    "del",
    "desde",
    "donde",
    "dónde",
    "durante",
    "ella",
    "ellos",
    "entre",
    "era",
    "esa",
    "ese",
    "eso",
    "esta",
    "este",
    "esto",
    "está",
    "están",
    "hace",
    "hacer",
    "hago",
    "haré",
    "han",
    "hasta",
    "hay",
    "los",
    "las",
    "más",
    "mismo",
    "mucho",
    "muy",
    "nada",
    "nos",
    "otra",
    "otro",
    "para",
    "pero",
    "poco",
    "por",
    "porque",
    "pues",
    "que",
    "qué",
    "quien",
    "quién",
    "quiénes",
    "sea",
    "ser",
    "sin",
    "sobre",
    "son",
    "soy",
    "sus",
    "también",
    "tanto",
    "tengo",
    "tiene",
    "tienen",
    "todo",
    "todos",
    "una",
    "unas",
    "uno",
    "unos",
}
ALLOWED_HAN = {
    "什么",
    "怎么",
    "怎样",
    "为什",
    "我的",
    "的是",
    "是什",
    "了我",
    "我为",
    "我在",
    "在哪",
    "哪里",
    "我用",
    "用什",
    "因为",
    "什么时",
    "时候",
    "我们",
    "我是",
    "的东",
    "东西",
    "不能",
    "自己",
    "那个",
    "么时",
    "个月",
    "多少",
    "一个",
    "有什",
    "有多",
    "没有",
    "最后",
    "的时",
    "么人",
    "为我",
    "给我",
    "让我",
    "我要",
    "要我",
    "是我",
    "在什",
    "以后",
    "的那",
    "了什",
    "我那",
    "那天",
    "的人",
    "里的",
}

failures = []


def fail(text):
    failures.append(text)


def plain(text):
    return unicodedata.normalize("NFC", text).lower()


def words(text):
    return set(re.findall(r"[^\W\d_]{4,}", plain(text)))


def bigrams(text):
    out = set()
    for run in re.findall(r"[\u4e00-\u9fff]+", text):
        out.update(run[i : i + 2] for i in range(len(run) - 1))
    return out


def squeeze(text):
    return re.sub(r"[\W_]+", "", plain(text))


def has_id(identifier, text):
    """The identifier stands in the text and is not a piece of a longer one."""
    pattern = r"(?<![A-Za-z0-9])" + re.escape(plain(identifier)) + r"(?![A-Za-z0-9])"
    return re.search(pattern, plain(text)) is not None


def one_edit(a, b):
    if a == b:
        return False
    if a.split() != [a] and b.split() != [b]:  # a sentence: one word may differ
        wa, wb = a.split(), b.split()
        if len(wa) == len(wb) and sum(x != y for x, y in zip(wa, wb, strict=False)) == 1:
            return True
    if len(a) == len(b):
        diff = [i for i in range(len(a)) if a[i] != b[i]]
        return len(diff) == 1 or (
            len(diff) == 2 and diff[1] == diff[0] + 1 and a[diff[0]] == b[diff[1]] and a[diff[1]] == b[diff[0]]
        )
    if abs(len(a) - len(b)) == 1:
        long, short = (a, b) if len(a) > len(b) else (b, a)
        return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
    return False


def read(name):
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def check_counts(questions, turns):
    counts = collections.Counter((q["kind"], q["lang"]) for q in questions)
    halves = collections.Counter((q["kind"], q["lang"], q["half"]) for q in questions)
    for key, n in sorted(WANTED.items()):
        print(
            f"{key[0]:13s} {key[1]}  {counts[key]:4d}   dev {halves[(*key, 'dev')]:3d}  test {halves[(*key, 'test')]:3d}"
        )
        if counts[key] != n:
            fail(f"{key}: {counts[key]} questions, wanted {n}")
        if abs(halves[(*key, "dev")] - halves[(*key, "test")]) > 1:
            fail(f"{key}: uneven halves")
    cross = [q for q in questions if q["cross"]]
    print(
        f"cross-lingual {len(cross)}; questions {len(questions)}; turns {len(turns)} "
        f"{dict(collections.Counter(t['lang'] for t in turns))}; {turns[0]['date']} .. {turns[-1]['date']}"
    )
    if len(cross) != CROSS:
        fail(f"{len(cross)} cross questions")
    if len(turns) != TURNS or [t["turn"] for t in turns] != list(range(1, TURNS + 1)):
        fail("turn numbers")
    if any(a["date"] > b["date"] for a, b in itertools.pairwise(turns)):
        fail("turns are not in order of date")
    if len({q["id"] for q in questions}) != len(questions) or len({q["question"] for q in questions}) != len(questions):
        fail("an id or a question occurs twice")


def check_gold(questions, fact_of, by_turn):
    golds = collections.Counter(g for q in questions for g in q["gold"])
    for q in questions:
        fact = fact_of.get((q["kind"], q["question"]))
        if fact is None or len(q["gold"]) != 1 or q["gold"][0] not in by_turn:
            fail(f"{q['id']}: no gold turn or no fact")
        elif by_turn[q["gold"][0]]["user"] != fact["user"]:
            fail(f"{q['id']}: the gold turn is not the fact")
    if any(n > 1 for n in golds.values()):
        fail("a gold turn is used twice")


def check_paraphrases(questions, text, verbose):
    shared, stems = [], []
    for q in (q for q in questions if q["kind"] == "paraphrase"):
        turn = text[q["gold"][0]]
        if q["lang"] == "zh" and not q["cross"]:
            both = (bigrams(q["question"]) & bigrams(turn)) - ALLOWED_HAN
        else:
            a, b = words(q["question"]) - ALLOWED, words(turn) - ALLOWED
            both = a & b
            near = {(x, y) for x in a for y in b if x != y and x[:5] == y[:5] and min(len(x), len(y)) >= 5}
            if near:
                stems.append((q["id"], near))
        if re.findall(r"\d+", q["question"]):
            both |= set(re.findall(r"\d+", q["question"])) & set(re.findall(r"\d+", turn))
        if both:
            shared.append((q["id"], both))
    n = counts_total = sum(1 for q in questions if q["kind"] == "paraphrase")
    print(f"paraphrase: {len(shared)} of {n} questions share a content word (or a Chinese bigram) with the gold turn")
    for item in shared:
        print("   shared", *item)
        fail(f"{item[0]}: shares {item[1]}")
    print(f"paraphrase: {len(stems)} of {counts_total} share the first five letters of a word")
    if verbose:
        for item in stems:
            print("   stem", *item)


def check_names(questions, text, fact_of, verbose):
    few, extra = [], []
    spread = []
    for q in (q for q in questions if q["kind"] == "name_or_date"):
        keys = fact_of[(q["kind"], q["question"])]["key"]

        def holds(s):
            return any(k.lower() in s.lower() for k in keys)

        gold = q["gold"][0]
        others = [t for t, s in text.items() if t != gold and holds(s)]
        spread.append(len(others))
        if not holds(q["question"]) or not holds(text[gold]) or len(others) < 2:
            few.append(q["id"])
            fail(f"{q['id']}: name or date missing, or fewer than two distractors")
        if q["lang"] == "zh":
            drop = set().union(*(bigrams(k) for k in keys))
            both = {
                b
                for b in (bigrams(q["question"]) & bigrams(text[gold])) - ALLOWED_HAN - drop
                if not any(c in "".join(keys) for c in b)
            }
        else:
            drop = {w for k in keys for w in words(k)}
            both = {w for w in (words(q["question"]) & words(text[gold])) - ALLOWED - drop if not holds(w)}
        if both:
            extra.append((q["id"], both))
    print(
        f"name_or_date: {len(few)} without name, date or two distractors; "
        f"distractors per question min {min(spread)}, median {sorted(spread)[len(spread) // 2]}, max {max(spread)}"
    )
    print(f"name_or_date: {len(extra)} of {len(spread)} share a content word besides the name or date")
    if verbose:
        for item in extra:
            print("   besides", *item)


def check_identifiers(questions, text, fact_of):
    part, bad = 0, 0
    for q in (q for q in questions if q["kind"] == "identifier"):
        fact = fact_of[(q["kind"], q["question"])]
        gold, ident, asked = q["gold"][0], fact["identifier"], fact.get("asked", fact["identifier"])
        where = [t for t, s in text.items() if has_id(ident, s)]
        problems = []
        if gold not in where:
            problems.append("not in the gold turn")
        if where != [gold]:
            problems.append(f"also in {[t for t in where if t != gold]}")
        if squeeze(asked) not in squeeze(q["question"]) or squeeze(asked) not in squeeze(ident):
            problems.append("not in the question")
        near = fact["near"]["identifier"] if "near" in fact else fact["near_in_other"]
        if not any(has_id(near, s) for t, s in text.items() if t != gold):
            problems.append("near-miss in no turn")
        if has_id(near, text[gold]) or not one_edit(plain(ident), plain(near)):
            problems.append(f"near-miss {near}")
        if squeeze(asked) in squeeze(near) and len(squeeze(near)) == len(squeeze(ident)):
            problems.append("the part asked for also fits the near-miss")
        if not has_id(ident, q["question"]):
            part += 1
        if problems:
            bad += 1
            fail(f"{q['id']}: {problems}")
    print(f"identifier: {bad} faulty; {part} questions give it differently from the turn (a part, other spelling)")


def check_repeats(turns, text):
    users = collections.Counter(plain(t["user"]) for t in turns)
    twice = sum(n - 1 for n in users.values())
    print(f"user texts that occur again: {twice} ({100 * twice / len(turns):.2f} %)")
    if twice > 0.01 * len(turns):
        fail("more than 1 % duplicated turns")
    answers = collections.Counter(plain(t["assistant"]) for t in turns)
    print(f"assistant texts: {len(answers)} different ones")
    if any(re.search(r"[{}<>|]", s) for s in text.values()):
        fail("a pattern was not filled: " + str([t for t, s in text.items() if re.search(r"[{}<>|]", s)][:5]))


def check_build(questions, facts):
    """What the turns are made of, and that build.py makes exactly these files."""
    near = collections.Counter(f["kind"] for f in facts if "near" in f)
    other = sum(1 for f in facts if f["kind"] == "distractor")
    made, asked, filler = build.make()
    print(
        f"turns: {len(questions)} gold, {near['paraphrase']} of the same matter as a paraphrase, "
        f"{other} with a name or date, {near['identifier']} near-miss identifiers, {filler} filler "
        f"from {sum(len(build.load_patterns(lang)[1]) for lang in build.LANGS)} patterns"
    )
    for name, lines in (("turns.jsonl", made), ("questions.jsonl", asked)):
        if (HERE / name).read_text(encoding="utf-8") != "\n".join(lines) + "\n":
            fail(f"{name} is not what build.py makes")


def main():
    verbose = "-v" in sys.argv
    turns = read("turns.jsonl")
    questions = read("questions.jsonl")
    facts = [f for path in sorted(HERE.glob("facts_*.jsonl")) for f in read(path.name)]
    by_turn = {t["turn"]: t for t in turns}
    text = {t["turn"]: t["user"] + "\n" + t["assistant"] for t in turns}
    fact_of = {(f["kind"], f["question"]): f for f in facts if "question" in f}
    check_counts(questions, turns)
    check_gold(questions, fact_of, by_turn)
    check_paraphrases(questions, text, verbose)
    check_names(questions, text, fact_of, verbose)
    check_identifiers(questions, text, fact_of)
    check_repeats(turns, text)
    check_build(questions, facts)
    print("FAILURES:" if failures else "all checks passed")
    for f in failures:
        print("  ", f)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
