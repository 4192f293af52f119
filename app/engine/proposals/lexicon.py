"""The words by which a wish to change memory is known, in English, German, Spanish, French, Chinese and Japanese.

All languages together: people mix them, and the memory may be kept in another one than they speak.
"""

import re

_STOPS = """
a an the this that these those it its it's and or so but then than as if of to in on at by for from with
about into out up over after before is are was were be been being am m s t re ve ll d i me my mine you your
yours he him his she her hers we us our ours they them their who what when where which why how do does did
done has have had having will would can could should shall may might must please just also too very really
well way yes no not now new old one ones thing things something anything everything any more most much many
some all each other another again still yet ever never always usually often last next week weeks month
months day days today yesterday tomorrow ago time times minute minutes hour hours lot bit kind get gets got
make makes made say says said tell think thought know knows knew mean meant meaning mixed mind minds want
wants need needs let lets go goes oh hey hi hello ok okay sorry thanks thank there here people don isn aren
wasn weren doesn didn won cannot actually wrong correct correction right instead rather longer changed
change switched became become becomes turned because since while until both either neither only own same
different sure maybe perhaps memory line entry note notes forget delete remove erase remember wait mr mrs ms
dr der die das den dem des ein eine einen einem einer eines und oder aber sondern doch denn weil dass wenn
als wie zu zum zur im auf aus bei mit nach von vom vor seit für über um durch gegen ohne ist sind war waren
bin bist sein seine seinen ihr ihre ihren mein meine meinen meinem meiner dein deine deinen deinem du dich
dir ich mich mir er sie es wir uns euch man nicht kein keine keinen keinem keiner mehr nur auch noch schon
jetzt nun immer nie heute gestern morgen bitte übrigens eigentlich herr falsch richtig stimmt statt anstatt
hat habe haben hatte wird werden wurde kann kannst können soll sollte wer wo wann warum ja nein danke uhr
sache etwas alles el la los las un una unos unas y e o u pero sino que de del al en con por para sin sobre
son era soy eres ser estar está estoy ha hemos han mi mis tu tus su sus te se lo le les nos yo tú él ella
usted nosotros ni ya más muy también ahora siempre nunca hoy ayer mañana favor cierto final mal eso esto ese
este lugar vez cambio sí gracias qué cuál cuándo dónde cómo quién todo algo tengo tiene une l à au aux dans
sur sous avec pour par sans et ou mais donc car qu qui quoi dont où quand comment est sont était suis être
ai avons ont mon ma mes ton ta tes sa ses notre votre vos leur leurs je j il elle nous vous ils elles c ce
cet cette ces ne n pas plus jamais très aussi maintenant toujours aujourd'hui hier demain fait faux
finalement non oui merci ça cela tout lieu plaît
"""
STOPS = frozenset(_STOPS.split())

_RELATIONS = """
name: name names named call calls called heiße heißt heisse heisst namens nombre llamo llama llamado llamada
    nom prénom appelle appelles nommé renamed 姓名 名字 名叫 叫 名前
live: live lives living lived move moves moved moving address wohne wohnt wohnen gezogen umgezogen ziehe
    lebe lebt vivo vive viven mudado mudé mudo habite habites vis vit déménagé 住在 住 搬到 搬去 搬 住ん 引っ越し
work: work works worked working job jobs profession occupation employer arbeite arbeitet arbeiten beruf
    stelle trabajo trabaja profesión travaille métier boulot 工作 上班 职业 仕事 職業 働い
like: like likes liked love loves loved prefer prefers enjoy enjoys mag mögen liebe liebt bevorzuge
    bevorzugt gusta gustan prefiero prefiere aime aimes préfère adore 喜欢 爱 好き
favourite: favourite favorite lieblings favorito favorita préféré préférée 最喜欢 一番好き
age: age aged years alter alt jahre edad años âge ans 年龄 岁 年齢 歳
birth: birthday birthdays born geburtstag geboren cumpleaños nací nacido anniversaire né née 生日 出生 誕生日 生まれ
allergy: allergic allergy allergisch allergie alérgico alérgica alergia allergique 过敏 アレルギー
travel: trip trips travel travels going journey flight holiday vacation reise urlaub fahren fliegen fliege
    viaje viajo vamos voy vacaciones voyage voyageons vacances pars partons 旅行
learn: learn learning learns study studies studied studying lerne lernt lernen studiere studiert studium
    aprendo aprende estudio estudia apprends apprend étudie 学习 勉強
drive: drive drives drove driving car auto wagen fahre fährt conduzco conduce coche conduis conduit voiture
    开车 车 運転 車
play: play plays played playing spiele spielt juego juega toco toca joue joues 弹 玩 弾い
speak: speak speaks speaking language languages spreche spricht sprache hablo idioma parle parles langue 说
    语言 話し 言語
food: eat eats vegetarian vegan diet esse isst vegetarier veganer vegetariano vegano mange végétarien
    végétalien 吃 素食者 食べ ベジタリアン
dog: dog dogs hund hunde perro perros chien chiens 狗 犬
cat: cat cats katze katzen gato gatos 猫
sister: sister sisters schwester hermana sœur 妹妹 姐姐 妹 姉
brother: brother brothers bruder hermano frère 弟弟 哥哥 弟 兄
spouse: married husband wife spouse partner verheiratet ehemann ehefrau mann frau casado casada marido
    esposo esposa marié mariée mari femme époux épouse 结婚 丈夫 妻子 老公 老婆 結婚 夫 妻
child: child children kid kids daughter kinder sohn tochter hijo hija hijos enfant enfants fils fille 孩子 儿子
    女儿 子供 息子 娘
mother: mother mum mom mutter mama madre mère maman 妈妈 母亲 母
father: father dad vater papa padre père 爸爸 父亲 父
boss: boss chef chefin jefe jefa patron 老板 上司
phone: phone telephone mobile telefon teléfono móvil téléphone portable 电话 手机 電話 携帯
meeting: meeting meetings appointment treffen besprechung termin reunión cita réunion rendez-vous 开会 会议 会議
    予約
number: number nummer número numéro 号码 番号
dentist: dentist zahnarzt dentista dentiste 牙医 歯医者
doctor: doctor arzt ärztin médico médecin 医生 医者
"""
RELATIONS = {
    word: line.partition(":")[0]
    for line in _RELATIONS.replace("\n    ", " ").strip().split("\n")
    for word in line.partition(":")[2].split()
}
"""What a word says the line is about, so that “I moved to Hamburg” meets “Lives in Berlin.”"""

_WEEKDAYS = """monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag
samstag sonnabend sonntag lunes martes miércoles jueves viernes sábado domingo lundi mardi mercredi jeudi vendredi
samedi dimanche"""
_MONTHS = """january february march april may june july august september october november december januar februar märz
mai juni juli oktober dezember enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
janvier février mars avril juin juillet août septembre octobre novembre décembre"""
DATES = {**dict.fromkeys(_WEEKDAYS.split(), "weekday"), **dict.fromkeys(_MONTHS.split(), "month")}

_NEGATIONS = """
sold quit not isn aren wasn don doesn longer instead rather from nicht kein keine keinen keinem keiner statt
anstatt no lugar vez pas plus non lieu 不是 不叫 不去 不再 不在 不喜欢 不 没
"""
NEGATIONS = frozenset(_NEGATIONS.split())
"""What follows in the clause is what no longer holds."""
_ADVERSATIVES = """
but to and sondern und sino y mais et 而是
"""
ADVERSATIVES = frozenset(_ADVERSATIVES.split())
"""End what a negation reaches."""
NEGATED_BEFORE = re.compile("では?(?:ない|なく|ありません)|じゃ(?:ない|なく|ありません)")
"""Japanese: what stands before it in the clause no longer holds."""

_JAPANESE = """
違 間違 今 実 私 僕 俺 君 彼 彼女 何
"""
JAPANESE = tuple(_JAPANESE.split())
"""Words in Chinese characters that only hold a Japanese sentence together."""
_ARTICLES = """
a an the der die das den dem ein eine einen el la los las un una le les l une
"""
ARTICLES = frozenset(_ARTICLES.split())
"""Go with the word behind them: le droit, la médecine."""
_CHINESE = """
从现在起 从现在开始 改到了 弄错了 搞错了 说错了 不喜欢 不对 对了 错了 改到 改去 改成 改为 换成 现在 已经
不再 不是 不叫 不去 不在 而是 应该 可以 请 有一只 有一个 一只 一个 一条 我的 你的 他的 她的 我们 你们
他们 我 你 他 她 它 的 了 是 在 有 去 到 和 与 也 都 就 还 又 吧 吗 呢 啊 把 被 给 从 对 向
看 做 要 想 会 能 不 没 很 太 这 那 什么 怎么 怎么样 哪里 什么时候
"""
CHINESE = tuple(_CHINESE.split())
"""Words that only hold a Chinese sentence together."""

_SIGNS = (
    r"^\W*no\b[,.!\s]*(?=[,.]|no\b)",
    r"\b(?:actually|correct(?:ion)?|i meant|you got|mixed (?:something|that|it) up|mistaken?|not (?:true|right))\b",
    r"\b(?:wrong|incorrect|misspel\w+|misunderst\w+|it should be)\b",
    r"\b(?:now|these days|nowadays|from now on|changed|moved|switched|became|renamed|turned"
    r"|any ?more|no longer|sold)\b",
    r"\b(?:oh wait|wait,|went (?:up|down)|risen|fallen|postponed|pushed|rescheduled|delayed"
    r"|brought forward|quit|new)\b",
    r"\b(?:instead of|rather than|call me|it's not|\w+n't|not)\b",
    r"\b(?:name|number|favou?rite|birthday|address)\b.{0,30}\b(?:is|are)\b",
    r"^\W*nein\b",
    r"\b(?:falsch|stimmt nicht|übrigens|eigentlich|jetzt|inzwischen|mittlerweile|neuerdings|gezogen"
    r"|umgezogen|sondern)\b",
    r"\b(?:statt|anstatt|nicht|kein\w*|verlegt|verschoben|geändert|irrst|geirrt|erhöht|gesunken"
    r"|heiß\w+|doch|neue?r?)\b",
    r"^\W*no\s*,",
    r"\b(?:está mal|te equivocas|equivoqué|por cierto|ahora|al final|en realidad|ya no|sino|en lugar de|en vez de)\b",
    r"\b(?:mudado|mudé|confundes|aplazado|cambiado|no|me llamo|se llama|nueva?)\b",
    r"^\W*non\b",
    r"\b(?:faux|te trompes|trompé|au fait|maintenant|finalement|désormais|en fait|plus|pas|et non"
    r"|au lieu de|déménagé)\b",
    r"\b(?:changé|reporté|repoussé|déplacée?|m'appelle|s'appelle|nouve\w+)\b",
    "不对|错了|对了|现在|改|换成|变成|搬|不(?![用好错能会懂客知明太一])|而是|叫|新的",
    "^いいえ|違い|違う|間違|ちなみに|今は|実は|引っ越し|ではなく|じゃなく|ではありません|じゃありません|じゃない|ではない|もう",
    "変更|変わ|になりました|新しい|の名前は",
)
CORRECTING = re.compile("|".join(_SIGNS), re.IGNORECASE)
"""Says that something is, or has become, otherwise than it is remembered."""
