"""How a text would arrive, before it is sent: `/sms/1/preview`, a later addition to the API."""

from __future__ import annotations

from smsflow.sandbox import options
from smsflow.sandbox.fields import Fields
from smsflow.sandbox.forms import Tree
from smsflow.sms.encoding import Language, Shifts, shifts_for, split


def preview(body: object) -> Tree:
    """The text as it is, then with the language and the transliteration that were asked for."""
    fields = Fields(body)
    text = fields.text("text")
    if not text:
        raise fields.missing("text", "may not be empty")
    code = fields.one_of("languageCode", options.LANGUAGES)
    table = options.transliteration(fields)
    shown = [_shown(text, None, {})]
    if code is not None:
        shown.append(_spoken(text, Language(code), {}))
    if table is not None:
        rewritten = options.rewritten(text, table)
        told: Tree = {"transliteration": table}
        shown.append(_shown(rewritten, None, told))
        if code is not None:
            shown.append(_spoken(rewritten, Language(code), told))
    return {"originalText": text, "previews": shown}


def _spoken(text: str, language: Language, told: Tree) -> Tree:
    """The text by the tables of a language that serve it best."""
    shifts = shifts_for(text, language)
    configuration = {
        "languageCode": language.value,
        "singleShift": bool(shifts and shifts.single),
        "lockingShift": bool(shifts and shifts.locking),
    }
    return _shown(text, shifts, {"language": configuration} | told)


def _shown(text: str, shifts: Shifts | None, configuration: Tree) -> Tree:
    parts = split(text, shifts)
    return {
        "textPreview": text,
        "messageCount": parts.count,
        "charactersRemaining": parts.left,
        "configuration": configuration,
    }
