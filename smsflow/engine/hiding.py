"""Answers to sensitive questions, kept out of what people look at: traces, logs, kept texts."""

from __future__ import annotations

import re

from smsflow.engine.model import Flow, Text
from smsflow.engine.state import Session
from smsflow.engine.templating.templates import compile_text
from smsflow.engine.words.answers import label_of

MASKED = "••••"  # what is shown of a secret


def hidden(flow: Flow | None, session: Session, text: str) -> str:
    """A text without the answers to sensitive questions of the session."""
    for name in flow.sensitive if flow is not None else ():
        said = session.answers.get(name, {})
        values = {label_of(session.variables.get(name, "")), said.get("raw"), said.get("label")}
        for value in sorted((each for each in values if each), key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASKED, text)
    return text


def masked(flow: Flow, session: Session, text: str, slot: Text | None) -> str | None:
    """What may be shown of a text to the contact; None when it holds no secret."""
    shown = hidden(flow, session, text)
    if shown != text:
        return shown
    names = compile_text(slot.in_language(session.language).source).names if slot else ()
    return None if flow.sensitive.isdisjoint(names) else MASKED  # a filter spelt it in its way
