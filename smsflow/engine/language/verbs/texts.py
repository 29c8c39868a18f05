"""Building the steps that send texts: send, ask, otp."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smsflow.engine.language import slots
from smsflow.engine.language.asking import answer_of, forbid_compliance_words
from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Fields
from smsflow.engine.language.verbs.building import Builder, needs, variable
from smsflow.engine.model import (
    AnyStep,
    Ask,
    Delivery,
    Duration,
    Moment,
    Nudge,
    Otp,
    Resend,
    Retry,
    Send,
    Text,
)
from smsflow.engine.templating import templates
from smsflow.sms.encoding import Language
from smsflow.sms.encoding.transliteration import Transliteration
from smsflow.sms.messages import Tracking
from smsflow.sms.options import LONGEST_TRACKING, Options


def _delivery(ctx: Context, fields: Fields) -> Delivery:
    return Delivery(
        policy=fields.get("deliver"),
        via=fields.get("via", ()),
        report_within=fields.get("report_within"),
        fallback=fields.get("fallback"),
        ordered=fields.get("ordered", False),
        quiet=fields.get("quiet"),
        validity=fields.get("validity"),
        options=_options(ctx, fields),
        track=_tracking(ctx, fields),
        callback=fields.get("callback"),
    )


def _options(ctx: Context, fields: Fields) -> Options:
    """What is asked of the provider, as far as it is known before the text is."""
    table, language = fields.get("transliteration"), fields.get("shift")
    if table is not None and language is not None:
        message = "'transliteration' takes away the letters that 'shift' is for"
        ctx.issue(fields.places["shift"], "F211", message, "leave one of them out")
    return Options(
        flash=fields.get("flash", False),
        transliteration=Transliteration(table) if table else None,
        language=Language(language) if language else None,
    )


def _tracking(ctx: Context, fields: Fields) -> Tracking | None:
    """`true`, or `{by, type, key}`."""
    given = fields.get("track", False)
    if isinstance(given, bool):
        return Tracking("URL") if given else None
    for name in ("type", "key"):
        if len(given.get(name, "")) > LONGEST_TRACKING:
            message = f"'{name}' may have {LONGEST_TRACKING} characters at most"
            ctx.issue(given.places[name], "F208", message)
    return Tracking(given.get("by", "url").upper(), given.get("type"), given.get("key"))


def _send(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    if "save" in fields:
        variable(ctx, fields, "save")
    return Send(
        **common,
        text=draft.main,
        delivery=_delivery(ctx, fields),
        to=fields.get("to"),
        send_at=Moment(until=fields.get("send_at")) if "send_at" in fields else None,
        save=fields.get("save"),
    )


def _ask(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    answer, minimum, maximum = answer_of(ctx, draft)
    if "save" in fields:
        variable(ctx, fields, "save")
    needs(ctx, fields, "on_timeout", "timeout")
    needs(ctx, fields, "on_skip", "skip")
    retry, nudge = fields.get("retry"), fields.get("nudge")
    skip = fields.get("skip", ())
    forbid_compliance_words(ctx, skip)
    return Ask(
        **common,
        text=draft.main,
        delivery=_delivery(ctx, fields),
        answer=answer,
        save=fields.get("save"),
        valid=fields.get("valid"),
        invalid=fields.get("invalid"),
        retry=_retry(ctx, retry) if retry else Retry(),
        nudge=_nudge(ctx, nudge) if nudge and "after" in nudge else None,
        skip=slots.texts_of(skip),
        default=fields.get("default"),
        timeout=fields.get("timeout"),
        sensitive=fields.get("sensitive", False),
        keywords=fields.get("keywords") != "block",
        minimum=minimum,
        maximum=maximum,
    )


def _retry(ctx: Context, fields: Fields) -> Retry:
    times = fields.get("times", 2)
    if times > 10:
        ctx.issue(fields.places["times"], "F208", f"'times' must be from 0 to 10, not {times}")
    return Retry(times, fields.get("text"))


def _nudge(ctx: Context, fields: Fields) -> Nudge:
    times = slots.positive(ctx, fields, "times", 1, 10)
    return Nudge(fields.get("after"), times, fields.get("text"))


def _otp(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    digits = fields.get("digits", 6)
    if not 4 <= digits <= 10:
        message = f"'digits' must be from 4 to 10, not {digits}"
        ctx.issue(fields.places["digits"], "F208", message)
    _prints_code(ctx, draft.main)
    resend = fields.get("resend")
    return Otp(
        **common,
        text=draft.main,
        delivery=_delivery(ctx, fields),
        digits=digits,
        letters=fields.get("letters", False),
        expires=fields.get("expires", Otp.expires),
        attempts=slots.positive(ctx, fields, "attempts", Otp.attempts, 10),
        accept=fields.get("accept", Otp.accept),
        wrong=fields.get("wrong"),
        resend=_resend(ctx, resend) if resend and "words" in resend else None,
        lock=fields.get("lock", Otp.lock),
    )


def _prints_code(ctx: Context, text: Text) -> None:
    for template in text.variants.values():
        if "code" not in templates.compile_text(template.source, None).names:
            message = "this text does not print the code"
            ctx.issue(template.place, "F213", message, "write {{ code }} where it belongs")


def _resend(ctx: Context, fields: Fields) -> Resend:
    words = fields.get("words")
    forbid_compliance_words(ctx, words)
    times = slots.positive(ctx, fields, "times", 2, 10)
    return Resend(slots.texts_of(words), times, fields.get("every", Duration(seconds=30)))


BUILDERS: Mapping[str, Builder] = {
    "send": _send,
    "ask": _ask,
    "otp": _otp,
}
