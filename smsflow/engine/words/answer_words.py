"""Words that answers are made of, in seven languages: yes and no, numbers, and what says nothing.

Everything is folded (`smsflow.engine.words.folding`), so `sí`, `Sì` and `SI` are one word here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smsflow.engine.words.folding import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split(","))


YES: Mapping[str, frozenset[str]] = {
    "en": _words(
        "y,ya,yes,yeah,yea,yep,yup,ye,yess,ok,okay,k,sure,of course,absolutely,definitely,"
        "certainly,please do,go ahead,fine,correct,right,agreed,i agree,yes please,why not"
    ),
    "fr": _words(
        "o,oui,ouais,ouai,ui,d'accord,dac,bien sûr,volontiers,avec plaisir,certainement,exact"
    ),
    "de": _words("j,ja,jap,jo,jawohl,klar,gerne,gern,natürlich,sicher,einverstanden,stimmt,genau"),
    "es": _words("s,sí,sip,claro,vale,por supuesto,de acuerdo,desde luego,correcto"),
    "pt": _words("s,sim,claro,pode ser,com certeza,está bem,tá bom,certo,de acordo"),
    "it": _words("s,sì,certo,certamente,va bene,d'accordo,volentieri,esatto"),
    "nl": _words("j,ja,jazeker,jawel,zeker,graag,natuurlijk,goed,oké,prima,akkoord,klopt"),
}
NO: Mapping[str, frozenset[str]] = {
    "en": _words("n,no,nope,nah,nay,never,no thanks,no thank you,not now,no way,negative"),
    "fr": _words("n,non,nan,jamais,pas question,surtout pas,non merci"),
    "de": _words("n,nein,nö,nee,ne,niemals,auf keinen fall,nein danke"),
    "es": _words("n,no,nunca,para nada,no gracias"),
    "pt": _words("n,não,nunca,jamais,de jeito nenhum"),
    "it": _words("n,no,mai,per niente,no grazie"),
    "nl": _words("n,nee,neen,nooit,nee bedankt"),
}
# They turn a yes around ("not ok"), and are no answer on their own.
NEGATIONS: Mapping[str, frozenset[str]] = {
    "en": _words("not,don't,do not,can't,cannot,won't,isn't"),
    "fr": _words("pas,ne"),
    "de": _words("nicht,kein,keine"),
    "es": _words("tampoco,ni"),
    "pt": _words("nem,tampouco"),
    "it": _words("nemmeno,neanche,non"),
    "nl": _words("niet,geen"),
}
YES_SIGNS = frozenset("👍👌✅✔☑🆗🙆💯")
NO_SIGNS = frozenset("👎❌✖✗✘🚫🙅⛔")

# Said around an answer; taken away before an answer is looked for a second time.
FILLERS = _words(
    "please,pls,plz,thanks,thank,you,thx,ty,answer,option,choice,letter,number,reply,hi,hello,"
    "svp,merci,bonjour,réponse,choix,lettre,numéro,bitte,danke,hallo,antwort,nummer,buchstabe,"
    "gracias,hola,respuesta,opción,letra,número,obrigado,obrigada,olá,resposta,opção,"
    "grazie,ciao,risposta,opzione,lettera,numero,alstublieft,aub,bedankt,antwoord,optie"
)

_UNITS: Mapping[str, str] = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze"
    " quinze seize dix-sept dix-huit dix-neuf",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
    " fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce"
    " quince dieciséis diecisiete dieciocho diecinueve",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze"
    " quinze dezesseis dezessete dezoito dezenove",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici"
    " quattordici quindici sedici diciassette diciotto diciannove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien"
    " vijftien zestien zeventien achttien negentien",
}
_TENS: Mapping[str, str] = {  # 20, 30 ... 90, 100
    "en": "twenty thirty forty fifty sixty seventy eighty ninety hundred",
    "fr": "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix"
    " cent",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa cem",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta cento",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig honderd",
}
_MORE: Mapping[str, Mapping[str, int]] = {
    "en": {"a hundred": 100, "one hundred": 100},
    "fr": {"une": 1, "quatre vingt": 80},
    "de": {"ein": 1, "eine": 1, "zwo": 2, "fuenf": 5, "zwoelf": 12, "dreissig": 30},
    "es": {"un": 1, "una": 1},
    "pt": {"uma": 1, "duas": 2, "meia": 6, "quatorze": 14, "dezasseis": 16, "dezassete": 17},
    "it": {"un": 1, "una": 1},
    "nl": {"één": 1},
}


def _numbers(language: str) -> dict[str, int]:
    """The number words of one language, from 0 to 100."""
    units = _UNITS[language].split()
    numbers = {fold(word): number for number, word in enumerate(units)}
    tens = [fold(word) for word in _TENS[language].split()]
    numbers.update({word: 20 + 10 * index for index, word in enumerate(tens)})
    numbers.update({fold(word): number for word, number in _MORE[language].items()})
    for ten, word in enumerate(tens[:-1], start=2):
        for unit in range(1, 20 if language == "fr" else 10):
            for written in _compound(language, word, fold(units[unit]), unit):
                numbers.setdefault(written, 10 * ten + unit)
    return numbers


def _compound(language: str, ten: str, unit: str, number: int) -> Iterator[str]:
    """How a ten and a unit are written together, folded: `twenty one`, `einundzwanzig`."""
    match language:
        case "en":
            yield f"{ten} {unit}"
        case "fr":
            yield f"{ten.removesuffix('s') if ten.startswith('quatre') else ten} {unit}"
            yield f"{ten} et {unit}"
        case "de":
            yield f"{'ein' if number == 1 else unit}und{ten}"
        case "es":
            yield f"{ten} y {unit}"
            yield f"{ten.removesuffix('e')}i{unit}"  # veintiuno
        case "pt":
            yield f"{ten} e {unit}"
        case "it":
            yield f"{ten[:-1] if unit[0] in 'uo' else ten}{unit}"
        case "nl":
            yield f"{unit}en{ten}"


NUMBERS: Mapping[str, Mapping[str, int]] = {language: _numbers(language) for language in _UNITS}
# As the whole message a word of any language counts; what two languages read differently does not.
ANY_NUMBER: Mapping[str, int] = {
    word: number
    for numbers in NUMBERS.values()
    for word, number in numbers.items()
    if all(other.get(word, number) == number for other in NUMBERS.values())
}
