"""Words that say nothing about what is looked for, folded as `search_text.folded` does: English, German, Spanish."""

_ENGLISH = (
    "a about after again all am an and any anything are as at be been before but by can could did do does each "
    "everything find for from give had has have he her his how i if in info information into is it its just know look "
    "many may me more most much must my need needs not note notes of on one or our out over own please recall remember "
    "remind said say she should show so some something still than that the their them then there they thing things "
    "this to told two up us was we were what when where which who whom whose why will with would you your"
)
_GERMAN = (
    "ab aber als am an auch auf aus bei bin bis bist darf das dass dein dem den der des die du durch ein eine einem "
    "einen einer eines er es fur gegen haben hat hatte ich ihr im in ist ja kann kein keine man mein meine meinem "
    "meinen meiner mich mir mit muss nach nicht noch nur oder ohne sein sich sie sind so soll um und uns unser unsere "
    "unserem unseren vom von vor wann war waren warum was welche welchem welchen welcher welches wem wen wenn wer "
    "werden weshalb wie wieso wir wird wo zu zum zur"
)
_SPANISH = (
    "a al como con cual cuales cuando cuanto de del donde el en era es esta estan estar este fue ha han hay he la las "
    "le les lo los mas me mi mis muy no nos nuestra nuestras nuestro nuestros o para pero por porque puede puedo que "
    "quien quienes se ser si sin sobre son su sus te tengo tiene tienen u un una unas uno unos y ya"
)
STOP_WORDS = frozenset(f"{_ENGLISH} {_GERMAN} {_SPANISH}".split())
"""Words that no search looks for as long as the query has others."""
STOP_SIGNS = frozenset(
    "的了是在我有和就不人都一上也到说要去你会着看好这那吗呢吧谁什么哪为怎时候以后把给从对被让他她它们"
)
"""Chinese characters of which the same holds where two of them stand together."""
