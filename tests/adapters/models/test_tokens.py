"""The token estimate against real counts of two vocabularies (Qwen 2, Llama 3), and its speed."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.models.tokens import EstimatingCounter
from tests.support.values.token_mix import Sample, token_mix

count, estimate = EstimatingCounter().count, EstimatingCounter().estimate
PLAIN = {"english", "german", "polish", "chinese", "russian", "arabic", "python", "diff", "json", "dense json", "html"}
"""What people and tools mostly write."""

ENGLISH = (
    "The kettle hums while the light moves over the table and the garden wakes slowly behind the window. Somebody "
    "opens a book, reads a page, smiles, and puts it down again beside the cup. My name is Brad, not Chad; I work as a "
    "carpenter in Leipzig and I take my tea without milk.\n"
)
GERMAN = (
    "Der Kessel summt, während das Licht über den Tisch wandert und der Garten hinter dem Fenster langsam erwacht. "
    "Jemand öffnet ein Buch, liest eine Seite, lächelt und legt es wieder neben die Tasse. Ich heiße Brad, nicht Chad, "
    "und arbeite als Tischler in Köln.\n"
)
FRENCH = (
    "La bouilloire chante pendant que la lumière traverse la table et que le jardin s'éveille lentement derrière la "
    "fenêtre. Quelqu'un ouvre un livre, lit une page, sourit et le repose à côté de la tasse.\n"
)
SCHEMA = (
    '{"type":"function","function":{"name":"memory_replace","description":"Replace a piece of text in a memory block, '
    'to correct or update a fact.","parameters":{"type":"object","properties":{"label":{"type":"string","description":'
    '"Label of the memory block."},"old_string":{"type":"string"},"new_string":{"type":"string"}},"required":["label",'
    '"old_string","new_string"]}}}'
)
CHINESE = (
    "我的名字是布拉德，不是查德。我在柏林当木匠，每天早上喝不加牛奶的红茶。"
    "请记住我对花生过敏，下次推荐食谱的时候要注意这一点。"
)
JAPANESE = (
    "私の名前はブラッドです、チャドではありません。ベルリンで大工として働いていて、毎朝ミルクなしの紅茶を飲みます。"
    "ピーナッツアレルギーがあることを覚えておいてください。"
)
KOREAN = (
    "제 이름은 채드가 아니라 브래드입니다. 베를린에서 목수로 일하고 있으며 매일 아침 우유 없이 홍차를 마십니다. "
    "땅콩 알레르기가 있다는 것을 기억해 주세요."
)
RUSSIAN = (
    "Меня зовут Брэд, а не Чад. Я работаю плотником в Берлине и каждое утро пью чай без молока. Пожалуйста, запомни, "
    "что у меня аллергия на арахис."
)
ARABIC = (
    "اسمي براد وليس تشاد. أعمل نجارا في برلين وأشرب الشاي كل صباح بدون حليب. "
    "تذكر من فضلك أن لدي حساسية من الفول السوداني."
)
BASE64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkM9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
INDENTED = "def f():\n" + "".join("        " * depth + f"return value_{depth}\n" for depth in range(1, 8))


WALK = (
    "We walked from the station to the old mill and back along the river. It took three hours with a break; the "
    "weather held, and only the last part was steep. Next time we should start earlier and bring something to drink."
)
MARKDOWN = (
    "## What is open\n\n- Ask Mia whether Saturday at seven suits her guests.\n- Order 1.5 kg of rice and two bottles "
    "of wine.\n- The oven is broken until Tuesday (see the note of 12 March), so everything is cooked on the stove.\n"
)
PYTHON = '''def scaled(recipe: dict[str, float], guests: int, base: int = 4) -> dict[str, float]:
    """Amounts for so many guests, rounded to what a kitchen scale shows."""
    factor = guests / base
    return {name: round(amount * factor, 1) for name, amount in recipe.items() if amount > 0}


class Oven:
    def __init__(self, degrees: int) -> None:
        self.degrees = degrees
        self._open = False

    def heat(self, minutes: int) -> str:
        if self._open:
            raise ValueError("close the door first")
        return f"{self.degrees} degrees for {minutes} min"
'''
JAVASCRIPT = """export async function load(id, { retries = 3 } = {}) {
  for (let attempt = 1; attempt <= retries; attempt++) {
    const response = await fetch(`/api/items/${id}?full=1`);
    if (response.ok) return (await response.json()).items.map((one) => ({ ...one, at: Date.parse(one.at) }));
    await new Promise((done) => setTimeout(done, 250 * 2 ** attempt));
  }
  throw new Error("gave up");
}
"""
SPACED_JSON = """{
  "recipe": "risotto",
  "guests": 6,
  "vegetarian": true,
  "ingredients": [
    {"name": "rice", "grams": 480, "in_stock": true},
    {"name": "porcini", "grams": 60, "in_stock": false},
    {"name": "stock", "millilitres": 1500, "in_stock": true}
  ],
  "steps": null,
  "updated_at": "2026-03-12T18:30:00Z"
}
"""
DENSE_JSON = (
    '{"results":[{"id":"a81f","score":0.91,"text":"The oven is broken"},{"id":"77c0","score":0.64,"text":'
    '"Mia is vegetarian"}],"total":2,"next":null,"took_ms":14}'
)
CHINESE_WALK = (
    "昨天我们沿着河边从车站走到了老磨坊，一共走了三个小时。天气很好，只有最后一段路比较陡。下次"
    "应该早一点出发，并且带上水和一些吃的。"
)
CHINESE_DINNER = (
    "请帮我记住：米娅是素食者，对花生过敏；星期六晚上七点有六位客人来吃饭。烤箱要到星期二才能修"
    "好，所以只能用炉子做菜。酒在地窖里，别忘了提前冰一下。"
)

MIX = (
    (WALK, 47, 47),
    (MARKDOWN, 56, 56),
    (PYTHON, 150, 155),
    (JAVASCRIPT, 110, 117),
    (SPACED_JSON, 132, 133),
    (DENSE_JSON, 60, 63),
    (CHINESE_WALK, 40, 56),
    (CHINESE_DINNER, 56, 71),
)
"""Text, code, JSON and Chinese with their tokens in the vocabularies of Qwen and of Mistral (Tekken)."""


@pytest.mark.parametrize(
    ("text", "qwen", "llama"),
    [
        pytest.param(ENGLISH, 64, 64, id="english"),
        pytest.param(GERMAN, 70, 71, id="german"),
        pytest.param(FRENCH, 55, 56, id="french"),
        pytest.param(SCHEMA, 80, 80, id="json"),
        pytest.param(SPACED_JSON, 132, 133, id="json with blanks"),
        pytest.param(CHINESE, 39, 52, id="chinese"),
        pytest.param(JAPANESE, 53, 52, id="japanese"),
        pytest.param(KOREAN, 58, 47, id="korean"),
        pytest.param(RUSSIAN, 63, 55, id="russian"),
        pytest.param(ARABIC, 44, 46, id="arabic"),
        pytest.param("🎉🫖🍵😀🥳👩‍💻🇩🇪🚀", 14, 29, id="emoji"),
        pytest.param("3141592653589793238462643383279502884197 2024-11-22 07:59:31 1,234,567.89", 73, 35, id="digits"),
        pytest.param(BASE64, 55, 54, id="base64"),
        pytest.param(INDENTED, 45, 45, id="indented code"),
        pytest.param(
            "PLEASE REMEMBER THAT I AM ALLERGIC TO PEANUTS AND NEVER SUGGEST THEM AGAIN", 22, 21, id="capitals"
        ),
    ],
)
def test_estimate_is_near_the_real_counts(text: str, qwen: int, llama: int) -> None:
    assert 0.8 * min(qwen, llama) <= count(text) <= 1.25 * max(qwen, llama)


def test_nothing_costs_nothing_and_a_letter_costs_one() -> None:
    assert (count(""), count("a"), count(" ")) == (0, 1, 1)


@given(st.text(), st.text())
def test_two_texts_together_cost_hardly_more_than_one_by_one(first: str, second: str) -> None:
    assert count(first + second) <= count(first) + count(second) + 5


def test_half_an_emoji_is_counted() -> None:
    assert count("a\ud83d") >= 1


@pytest.mark.parametrize("vocabulary", [1, 2], ids=["qwen", "mistral"])
def test_an_estimate_corrected_by_the_last_count_is_right_to_a_few_percent(vocabulary: int) -> None:
    """A conversation of text, code, JSON and Chinese grows to 8,000 tokens; each request corrects the next estimate."""
    chance, errors = random.Random(3), list[float]()
    for _ in range(20):
        estimate = real = 400
        while real < 8_000:
            factor = real / estimate
            for sample in chance.choices(MIX, k=chance.randint(1, 4)):
                estimate += count(sample[0])
                real += sample[vocabulary]
            errors.append(abs(estimate * factor - real) / real)
    assert statistics.median(errors) < 0.01
    assert max(errors) < 0.10
    uncorrected = [abs(count(sample[0]) - sample[vocabulary]) / sample[vocabulary] for sample in MIX]
    assert statistics.median(uncorrected) < 0.12


@pytest.mark.parametrize("sample", token_mix(), ids=lambda sample: sample.kind.replace(" ", "-"))
def test_the_bound_is_as_far_off_as_twice_the_worst_error_of_any_vocabulary(sample: Sample) -> None:
    """Or as many tokens as the text has bytes: no vocabulary can need more."""
    tokens, most = estimate(sample.text)
    twice = tokens + 2 * (sample.worst - tokens)
    assert most >= min(twice, len(sample.text.encode())), (tokens, most, sample.tokens)


def test_the_bound_of_plain_text_is_near() -> None:
    plain = [estimate(sample.text) for sample in token_mix() if sample.kind in PLAIN]
    assert len(plain) == len(PLAIN)
    assert statistics.median(most / tokens for tokens, most in plain) < 2.3


def test_a_key_is_not_made_up_for_by_the_words_around_it() -> None:
    key = next(sample for sample in token_mix() if sample.kind == "base64 lines")
    assert estimate(key.text + ENGLISH * 30).most >= min(estimate(key.text).most, key.worst) + 30 * 64
