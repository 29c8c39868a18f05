"""Texts and expressions render what authors mean, within limits, and fail with one error."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsflow.engine.templating.templates import (
    MAX_OUTPUT,
    TemplateError,
    compile_expression,
    compile_text,
)

SCOPE: dict[str, Any] = {
    "contact": {"first_name": "Ann", "items": "keys come first"},
    "appointment": {"at": datetime(2025, 3, 30, 9, 30, tzinfo=UTC), "place": "Elm Road"},
    "score": 4,
    "comment": None,
    "words": ["one", "two"],
    "today": date(2025, 3, 28),
    "now": datetime(2025, 3, 28, 12, 0, tzinfo=UTC),
}


def render(source: str, language: str = "en", **more: Any) -> str:
    return compile_text(source).render({**SCOPE, **more}, language=language, zone="Europe/London")


def evaluate(source: str, **more: Any) -> Any:
    expression = compile_expression(source)
    return expression.evaluate({**SCOPE, **more}, language="en", zone="Europe/London")


def failure(source: str, **more: Any) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        render(source, **more)
    return caught.value


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello", "Hello"),
        ("Hi {{ contact.first_name }}!", "Hi Ann!"),
        ("{{ contact['first_name'] }}", "Ann"),
        ("{{ contact.items }}", "keys come first"),
        ("{{ words[0] }}{{ words[-1] }}", "onetwo"),
        ("{{ words.count('one') }}", "1"),
        ("{% if score >= 4 %}glad{% else %}sorry{% endif %}", "glad"),
        ("{% for w in words %}{{ loop.index }}{{ w }} {% endfor %}", "1one 2two "),
        ("{% set n = score + 1 %}{{ n }}", "5"),
        ("{{ 'a' ~ 1 ~ score }}", "a14"),
        ("{{ score * 2 / 4 }}", "2.0"),
        ("{{ score == 4 }}", "true"),
        ("{{ today }}", "2025-03-28"),
        ("{{ appointment.at.hour }}:{{ appointment.at.minute }}", "10:30"),
        ("{{ appointment.at.weekday() }}", "6"),
        ("{{ '  x '.strip().upper() }}", "X"),
        ("{{ comment or 'nothing' }}", "nothing"),
        ("{# a remark #}x\n", "x\n"),
        ("{% raw %}{{ score }}{% endraw %}", "{{ score }}"),
        ("line\r\nnext", "line\nnext"),
    ],
)
def test_a_text_renders_with_the_values_of_its_scope(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% if reason %}yes{% else %}no{% endif %}", "no"),
        (
            "{{ reason is none }} {{ reason is defined }} {{ reason is undefined }}",
            "true false true",
        ),
        ("{{ reason | default('other') }} {{ comment | default('other') }}", "other other"),
        ("{{ reason == 1 }} {{ reason != 1 }} {{ reason == '' }}", "false true false"),
        ("{{ reason or 'other' }}", "other"),
        ("{{ answers.reason.raw | default('none') }}", "none"),
        ("{{ contact.city or 'your town' }}", "your town"),
        ("{{ comment is none }} {{ comment is defined }}", "true true"),
    ],
)
def test_an_unset_name_is_falsy_and_none_and_takes_a_default(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    "source",
    [
        *("{{ reason }}", "{{ reason > 1 }}", "{{ reason + 1 }}", "{{ 1 - reason }}"),
        *("{{ -reason }}", "{{ reason | upper }}", "{{ reason | length }}", "{{ reason() }}"),
        *("{{ 'a' ~ reason }}", "{% for x in reason %}{% endfor %}", "{{ 'a' in reason }}"),
        *("{{ comment }}", "{{ comment > 1 }}", "{{ comment + 1 }}", "{{ contact.city }}"),
        *("{{ answers.reason.raw }}", "{{ 'x' if reason }}", "{{ reason[1:2] }}"),
    ],
)
def test_printing_ordering_or_calculating_with_an_unset_name_is_an_error(source: str) -> None:
    assert failure(source).kind == "undefined"


def test_an_error_names_what_is_unset_and_its_line() -> None:
    error = failure("Hello\n{{ contact.first_name }},\n{{ reason }}")
    assert (error.line, error.message) == (3, "'reason' is not set")
    assert failure("{{ answers.reason.raw }}").message == "'answers.reason.raw' is not set"


def test_a_syntax_error_has_its_line() -> None:
    error = failure("Hello\n{% if score %}\n{{ score + }}")
    assert (error.kind, error.line) == ("syntax", 3)


PAYLOADS = [
    "{{ 7 * 7 }}",
    "{% for i in range(9) %}{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{# gone #}",
    "${7*7} #{7*7} <%= 7*7 %> %(x)s %s {0.__class__}",
    "<script>alert(1)</script>",
    "'; DROP TABLE contacts; --",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_person_texted_comes_back_as_literal_text(payload: str) -> None:
    scope = {"said": payload, "message": {"text": payload, "words": [payload]}}
    assert render("You said {{ said }}.", **scope) == f"You said {payload}."
    assert render("{{ message.text ~ '' }}", **scope) == payload
    assert render("{{ message.words | join }}", **scope) == payload
    assert evaluate("said", **scope) == payload


@pytest.mark.parametrize(
    "source",
    [
        *("{{ 'a' * 10**9 }}", "{{ 'a' * 1000000000 }}", "{{ [0] * 1000000000 }}"),
        *("{{ 9 ** 9 ** 9 }}", "{{ 1000000000 * 1000000000 * 1000000000 }}"),
        *("{{ '%1000000000d' % 1 }}", "{{ '{:1000000000}'.format(1) }}"),
        *("{{ 'a'.center(1000000000) }}", "{{ 'a'.ljust(1000000000) }}", "{{ 'a'.zfill(10) }}"),
        *("{{ 'a' | center(1000000000) }}", "{{ '1e999999999' | int }}", "{{ 1e308 * 10 }}"),
        "{% for a in range(1000000000) %}x{% endfor %}",
        "{% for a in big %}{% for b in big %}{% endfor %}{% endfor %}",
        "{% for a in big %}{% for b in big %}{% if b in big %}{% endif %}{% endfor %}{% endfor %}",
        "{% for a in big %}{{ long }}{% endfor %}",
        "{% set a = long %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% set a = long %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
        "{% set a = [1] %}" + "{% set a = a + a %}" * 40 + "{{ a | length }}",
        "{% set a = [1] %}{% set b = [1] %}"
        + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40
        + "{{ a == b }}",
        "{{ long.replace('x', long).replace('x', long) }}",
        "{{ long | replace('', long) }}",
        "{{ '' | default(" + "(" * 4000 + ")" * 4000 + ") }}",
        "{{ " + "not " * 2000 + "x }}",
        "{{ " + "1 + " * 2000 + "1 }}",
        "{% if x %}" * 500 + "{% endif %}" * 500,
        "{{ " + "[" * 200 + "]" * 200 + " }}",
        "{{ " + "9" * 5000 + " }}",
        "{{ 'x' * 3 }}",
        "x" * (MAX_OUTPUT + 1),
        "{{ days(1000000000000) }}",
        "{{ now + days(99999999) }}",
    ],
)
def test_a_costly_template_fails_fast_and_in_little_memory(source: str) -> None:
    tracemalloc.start()
    began = time.process_time()
    failure(source, long="x" * 2000, big=list(range(5000)))
    took = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Tracing slows Python several times over; the bound is for "not for ever".
    assert took < 2
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "source",
    [
        *("{{ ''.__class__ }}", "{{ contact.__class__.__init__.__globals__ }}", "{{ _value }}"),
        *("{{ self }}", "{{ self._TemplateReference__context }}", "{{ cycler.__init__ }}"),
        *("{{ lipsum.__globals__ }}", "{{ namespace() }}", "{{ dict(a=1) }}", "{{ joiner }}"),
        *("{{ ''|attr('__class__') }}", "{{ words|map('upper')|list }}", "{{ days.function }}"),
        *("{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}"),
        *("{% extends 'x' %}", "{% block a %}{% endblock %}", "{% macro m() %}{% endmacro %}"),
        *("{% call x() %}{% endcall %}", "{% filter upper %}a{% endfilter %}", "{% do 1 %}"),
        *(
            "{% set x %}a{% endset %}",
            "{% with a=1 %}{% endwith %}",
            "{% autoescape true %}{% endautoescape %}",
        ),
        *("{% set contact.first_name = 1 %}", "{{ words.append(1) }}", "{{ contact.clear() }}"),
        *(
            "{{ days(*words) }}",
            "{{ contact }}",
            "{{ words }}",
            "{{ 'a'.upper }}",
            "{{ callable() }}",
        ),
        "{% for x in words recursive %}{{ loop(x) }}{% endfor %}",
        "{% for x in words %}{{ loop.cycle(1) }}{% endfor %}",
    ],
)
def test_what_is_not_listed_does_not_exist_for_a_template(source: str) -> None:
    failure(source, callable=lambda: "called")


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("score <= 3", False),
        ("reason or 'none'", "none"),
        ("reason is none", True),
        ("[score, 'a']", [4, "a"]),
        ("{'score': score, 'reason': reason}", {"score": 4, "reason": None}),
        ("today + days(1)", date(2025, 3, 29)),
        ("(appointment.at - now).days", 1),
        ("days(1) > hours(23)", True),
        ("-minutes(90)", timedelta(minutes=-90)),
        ("comment", None),
        ("words", ["one", "two"]),
        ("contact.get('city', 'Leeds')", "Leeds"),
        ("'1' | int + 1", 2),
    ],
)
def test_an_expression_gives_its_value_in_its_own_type(source: str, value: Any) -> None:
    assert evaluate(source) == value


def test_whole_days_keep_the_wall_clock_over_a_clock_change_and_hours_do_not() -> None:
    before = datetime(2025, 3, 29, 10, 30, tzinfo=UTC)
    assert evaluate("at + days(1)", at=before) == datetime(2025, 3, 30, 9, 30, tzinfo=UTC)
    assert evaluate("at + hours(23)", at=before) == datetime(2025, 3, 30, 9, 30, tzinfo=UTC)


def test_an_unset_expression_raises_when_evaluated_and_does_not_hold() -> None:
    with pytest.raises(TemplateError, match="'reason' is not set"):
        evaluate("reason")
    expression = compile_expression("reason")
    assert not expression.holds(SCOPE, language="en", zone="UTC")
    assert compile_expression("score").holds(SCOPE, language="en", zone="UTC")


def test_braces_around_an_expression_are_told_apart_from_other_mistakes() -> None:
    with pytest.raises(TemplateError, match="written bare"):
        compile_expression("{{ score }}")


@pytest.mark.parametrize("source", ["", "1 2", "score }}", "score =", "a b c", "'open"])
def test_what_is_no_expression_is_a_syntax_error(source: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_expression(source)
    assert caught.value.kind == "syntax"


def test_the_names_that_a_template_reads_are_known() -> None:
    text = compile_text(
        "{{ a.b }}{% set c = d %}{{ c }}{% for e in f %}{{ e + days(g) }}{% endfor %}"
    )
    assert text.names == {"a", "d", "f", "g"}
    assert compile_expression("score > limit").names == {"score", "limit"}
    assert compile_text("plain").names == frozenset()


def test_the_output_is_at_most_its_limit() -> None:
    assert len(render("{{ long }}", long="x" * MAX_OUTPUT)) == MAX_OUTPUT
    assert failure("{{ long }}.", long="x" * MAX_OUTPUT).kind == "limit"


FRAGMENTS = st.sampled_from(
    [
        *("{{", "}}", "{%", "%}", "{#", "#}", "if", "else", "endif", "for", "in", "endfor", "set"),
        *("loop.index", "x", "y.z", "words", "contact", "'a'", '"b"', "1", "2.5", "999999"),
        *("+", "-", "*", "/", "//", "%", "**", "~", "(", ")", "[", "]", "{", "}", ",", ":", "."),
        *("|", "upper", "default", "join", "sms", "round", "replace", "is", "none", "defined"),
        *("not", "and", "or", "==", "<", ">", "=", "days", "\n", "__class__", ".__init__"),
        *("items()", "raw", "endraw", "macro", "é", "👍", "\x00"),
    ]
)
SOURCES = st.one_of(st.lists(FRAGMENTS, max_size=25).map(" ".join), st.text(max_size=60))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(SOURCES, VALUES, VALUES)
def test_any_source_renders_within_the_limits_or_raises_a_template_error(
    source: str, x: Any, y: Any
) -> None:
    with suppress(TemplateError):
        assert len(render(source, x=x, y=y)) <= MAX_OUTPUT


@settings(max_examples=300, deadline=None)
@given(SOURCES, VALUES)
def test_any_expression_gives_a_value_or_raises_a_template_error(source: str, x: Any) -> None:
    with suppress(TemplateError):
        evaluate(source, x=x)


@given(st.text(max_size=MAX_OUTPUT))
def test_any_value_is_printed_as_it_is(said: str) -> None:
    assert render("{{ said }}", said=said) == said
