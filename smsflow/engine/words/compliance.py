"""The words by which people stop, start and ask for help, and what they are answered.

They are law and operators' rule, so they work whatever a flow says: in every language at once, as
the whole message, in any case, punctuation ignored. A project can add words and cannot remove any.
A word stands here only when people of that language use it to opt out and for little else, as
each one is lost to keywords and answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from smsflow.engine.words.folding import fold

Meaning = Literal["stop", "start", "help"]

STOP_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": (
        *("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE"),
        *("OPTOUT", "OPT OUT", "REMOVE"),
    ),
    "fr": ("ARRET", "ARRETER", "DESABONNER", "DESINSCRIRE", "DESINSCRIPTION"),
    "de": ("STOPP", "ABMELDEN", "ABBESTELLEN"),
    "es": ("ALTO", "BAJA", "CANCELAR", "DARME DE BAJA"),
    "pt": ("PARAR", "SAIR", "CANCELAR"),
    "it": ("FERMA", "CANCELLAMI", "DISISCRIVIMI", "DISISCRIVERE"),
    "nl": ("STOPPEN", "AFMELDEN", "UITSCHRIJVEN"),
}
# Only of a contact who has opted out: a survey must be able to hear YES.
START_WORDS: Mapping[str, tuple[str, ...]] = {"en": ("START", "UNSTOP", "YES")}
HELP_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": ("HELP", "INFO"),
    "fr": ("AIDE",),
    "de": ("HILFE",),
    "es": ("AYUDA",),
    "pt": ("AJUDA",),
    "it": ("AIUTO",),
    "nl": ("HULP",),
}

# GSM-7 in every language (some of them around their own accents), one part each.
TEXTS: Mapping[str, Mapping[str, str]] = {
    "compliance.stopped": {
        "en": "You are unsubscribed and will get no more texts. Reply START to get them again.",
        "fr": "Désinscription confirmée. Plus aucun SMS. Répondez START pour reprendre.",
        "de": "Sie sind abgemeldet und erhalten keine SMS mehr. START meldet Sie wieder an.",
        "es": "Baja confirmada. No le enviaremos otros SMS. Responda START para volver.",
        "pt": "Cancelado. Deixamos de lhe enviar SMS. Responda START para voltar a receber.",
        "it": "Disiscrizione confermata. Non riceverai altri SMS. Rispondi START per riprendere.",
        "nl": "U bent afgemeld en krijgt geen sms meer. Antwoord START om weer sms te krijgen.",
    },
    "compliance.started": {
        "en": "You will get our texts again. Reply STOP to end them.",
        "fr": "Vous recevrez de nouveau nos SMS. Répondez STOP pour ne plus en recevoir.",
        "de": "Sie erhalten wieder unsere SMS. Mit STOP melden Sie sich ab.",
        "es": "Le enviaremos de nuevo nuestros SMS. Responda STOP para dejar de recibirlos.",
        "pt": "Voltamos a enviar-lhe SMS. Responda STOP para cancelar.",
        "it": "Riceverai di nuovo i nostri SMS. Rispondi STOP per non riceverli.",
        "nl": "U krijgt onze sms weer. Antwoord STOP om ze te stoppen.",
    },
    "compliance.help": {
        "en": "This is an automated number. Reply STOP to get no more texts.",
        "fr": "Ce numéro est automatique. Répondez STOP pour ne plus recevoir de SMS.",
        "de": "Dies ist eine automatische Nummer. Mit STOP erhalten Sie keine SMS mehr.",
        "es": "Este mensaje viene de un sistema. Responda STOP para no recibir SMS.",
        "pt": "Sistema automatizado. Responda STOP para deixar de receber SMS.",
        "it": "Questo numero risponde in automatico. Rispondi STOP per non ricevere SMS.",
        "nl": "Dit nummer antwoordt automatisch. Antwoord STOP om geen sms meer te krijgen.",
    },
    # Beside compliance: a mistyped keyword that may be one of several.
    "did_you_mean": {
        "en": "Did you mean {{ words }} or {{ last }}?",
        "fr": "Vouliez-vous dire {{ words }} ou {{ last }}?",
        "de": "Meinten Sie {{ words }} oder {{ last }}?",
        "es": "¿Quiso decir {{ words }} o {{ last }}?",
        "pt": "Quis dizer {{ words }} ou {{ last }}?",
        "it": "Volevi dire {{ words }} o {{ last }}?",
        "nl": "Bedoelt u {{ words }} of {{ last }}?",
    },
}


class ComplianceWords:
    """The built-in words of every language and a project's own, ready to be asked."""

    def __init__(
        self,
        *,
        stop: Iterable[str] = (),
        start: Iterable[str] = (),
        help: Iterable[str] = (),  # noqa: A002
    ) -> None:
        # The last entry of a word counts: whoever says a stop word means it.
        self._meanings: dict[str, Meaning] = {
            **_folded(HELP_WORDS, help, "help"),
            **_folded(START_WORDS, start, "start"),
            **_folded(STOP_WORDS, stop, "stop"),
        }

    def meaning(self, text: str, *, opted_out: bool) -> Meaning | None:
        """What a whole message asks for; start words mean nothing unless `opted_out`."""
        found = self._meanings.get(fold(text))
        return None if found == "start" and not opted_out else found

    def of_word(self, word: str) -> Meaning | None:
        """What a keyword or an answer would be taken for, for the checker."""
        return self._meanings.get(fold(word))


def _folded(
    built_in: Mapping[str, tuple[str, ...]], extra: Iterable[str], meaning: Meaning
) -> dict[str, Meaning]:
    words = [word for language in built_in.values() for word in language]
    return {folded: meaning for word in (*words, *extra) if (folded := fold(word))}
