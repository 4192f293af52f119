"""The words by which a wish to change memory is known, in English, German, Spanish, French, Chinese and Japanese.

All languages together: people mix them, and the memory may be kept in another one than they speak.
"""

import re

_STOPS = """
a aber about actually after again ago ahora ai al algo all alles als also always am an and another anstatt
any anything are aren as at au auch auf aujourd'hui aus aussi aux avec avons ayer be became because become
becomes been before bei being bin bist bit bitte both but by c cambio can cannot car ce cela ces cet cette
change changed cierto comment con correct correction could cuál cuándo cómo d danke dans das dass day days
de dein deine deinem deinen del delete dem demain den denn der des dich did didn die different dir do doch
does doesn don donc done dont dr du durch dónde e each eigentlich ein eine einem einen einer eines either el
ella elle elles en entry er era erase eres es ese eso est estar este esto estoy está et etwas euch ever
everything fait falsch faux favor final finalement for forget from für gegen gestern get gets go goes got
gracias ha habe haben had han has hat hatte have having he hello hemos her here herr hers heute hey hi hier
him his hour hours how hoy i ich if ihr ihre ihren il ils im immer in instead into is isn ist it it's its j
ja jamais je jetzt just kann kannst kein keine keinem keinen keiner kind knew know knows können l la las
last le les let lets leur leurs lieu line ll lo longer los lot lugar m ma made maintenant mais make makes
mal man many may maybe mañana me mean meaning meant mehr mein meine meinem meinen meiner memory merci mes mi
mich might mind minds mine minute minutes mir mis mit mixed mon month months more morgen most mr mrs ms much
must muy my más n nach ne need needs nein neither never new next ni nicht nie no noch non nos nosotros not
note notes notre nous now nun nunca nur o oder of often oh ohne ok okay old on one ones only ont or other ou
oui our ours out over own où par para pas people perhaps pero plaît please plus por pour qu quand que qui
quién quoi qué rather re really remember remove richtig right s sa sache said same sans say says schon se
sein seine seinen seit ser ses shall she should sie siempre sin since sind sino so sobre soll sollte some
something son sondern sont sorry sous soy statt still stimmt su suis sur sure sus switched sí t ta también
te tell tengo tes than thank thanks that the their them then there these they thing things think this those
thought tiene time times to today todo tomorrow ton too toujours tout très tu turned tus tú u uhr um un una
unas und une unos uns until up us usted usually ve very vez vom von vor vos votre vous wait wann want wants
war waren warum was wasn way we week weeks weil well wenn wer werden were weren what when where which while
who why wie will wir wird with wo won would wrong wurde y ya yes yesterday yet yo you your yours zu zum zur
à ça él était être über übrigens
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
but and sondern und sino y mais et 而是
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
_MINE = """
my our mein meine meinen meinem meiner unser unsere unseren unserem unserer mi mis nuestro nuestra mon ma mes notre
nos 我 我的 我们 我们的
"""
MINE = frozenset(_MINE.split())
"""Go before what belongs to the person who speaks."""
OTHERS = frozenset(
    ("boss", "brother", "cat", "child", "dentist", "doctor", "dog", "father", "mother", "sister", "spouse")
)
"""Relations to somebody else, of whom a name or an address may be told."""
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
