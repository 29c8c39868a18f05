"""What a `send` can say of its text: to whom, in which order, in other words, in quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smsflow.engine import codes
from smsflow.engine.language.parse import load
from smsflow.sms.messages import Tracking
from smsflow.sms.options import Options
from tests.engine.conftest import PROJECT
from tests.engine.reading_helpers import load_flow, only, steps

STAFF = "+447700900200"
GO = "triggers: [{keyword: GO}]\nsteps:\n"
LONG = "x" * 500  # four segments


def test_a_text_to_somebody_else_moves_the_session_that_sent_it(world, place, phone, dlr, ended):
    world(
        GO
        + f"""
  - {{send: Call Ann, to: "'{STAFF}'", save: told, on_failed: {{end: alone}}}}
  - {{send: We will call you}}
"""
    )
    phone.says("go")
    (text,) = place.sim.sent
    assert text.effect.to == STAFF
    phone.heard("Call Ann")
    dlr("delivered")
    phone.heard("We will call you")
    assert ended() == ["done"]


def test_its_failure_is_an_outcome_and_starts_no_flow(world, phone, dlr, ended, sessions):
    world(
        GO + f"  - {{send: Call Ann, to: \"'{STAFF}'\", on_failed: {{end: alone}}}}",
        "flow: lost\ntriggers: [{delivery: undeliverable}]\nsteps: [{send: Lost}]",
    )
    phone.says("go")
    dlr("undeliverable")
    assert ended() == ["alone"]
    assert sessions("lost") == []


def test_a_text_to_somebody_else_that_nobody_waits_for_starts_no_flow(world, phone, dlr, sessions):
    """The flow for texts that are lost would speak to the wrong person."""
    world(
        GO + f"  - {{send: Call Ann, to: \"'{STAFF}'\"}}",
        "flow: lost\ntriggers: [{delivery: undeliverable}]\nsteps: [{send: Lost}]",
    )
    phone.says("go")
    dlr("undeliverable")
    assert sessions("lost") == []


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("'+33612345678'", "no country"),
        ("'nobody'", "'to'"),
        ("'+447700900001'", "a number of ours"),
    ],
)
def test_a_phone_that_may_not_be_texted_is_an_error_of_the_step(
    world, phone, trace, ended, to, why
):
    world(GO + f'  - {{send: Call Ann, to: "{to}"}}')
    phone.says("go")
    phone.heard_nothing()
    assert ended() == ["failed"]
    assert why in trace("error")[0]


def test_to_the_contact_is_to_nobody_else(world, place, phone):
    world(GO + "  - {send: Hello, to: contact.phone}")
    phone.says("go")
    assert place.sim.sent[0].effect.to is None


def test_stop_leaves_a_text_to_somebody_else_alone(world, clock, phone):
    """It is queued for the morning of whoever it is to; the contact's STOP does not mean it."""
    clock.shows("2025-03-10 22:00")
    world(GO + f"  - {{send: Call Ann, to: \"'{STAFF}'\"}}\n  - {{send: Bye}}")
    phone.says("go")
    phone.heard("Bye")
    phone.says("stop")
    clock.shows("2025-03-11 08:00")
    assert "Call Ann" in [each.effect.text for each in phone._new()]


def test_texts_in_order_wait_for_each_other(world, phone, dlr, clock):
    world(GO + "  - {send: One, ordered: true}\n  - {send: Two, ordered: true}\n  - {send: Three}")
    phone.says("go")
    phone.heard("One")
    dlr("delivered")
    phone.heard("Two")
    clock.passes("9m")
    phone.heard_nothing()
    clock.passes("1m")
    phone.heard("Three")


def test_a_rejected_text_goes_out_in_other_words_once(world, phone, dlr, sessions):
    world(GO + "  - {send: Sale!, fallback: Hello, save: told, on_rejected: {end: no}}")
    phone.says("go")
    phone.heard("Sale!")
    assert sessions()[0].variables["told"]["status"] == "queued"
    dlr("rejected")
    phone.heard("Hello")
    dlr("rejected")
    phone.heard_nothing()
    (session,) = sessions()
    assert (session.outcome, session.variables["told"]["status"]) == ("no", "rejected")


def test_other_words_come_after_the_last_number(world, place, phone, dlr):
    project = PROJECT.replace("  normal: {via: [main]}", "  normal: {via: [main], fallback: Hi}")
    world(GO + "  - {send: Sale!, deliver: careful, fallback: Hello}", project=project)
    phone.says("go")
    dlr("rejected")
    dlr("rejected")
    dlr("rejected")
    said = [(each.effect.text, each.via) for each in place.sim.sent]
    assert said[:3] == [("Sale!", "main"), ("Sale!", "backup"), ("Hello", "main")]


def test_a_policy_has_other_words_for_all_its_texts(world, phone, dlr):
    project = PROJECT.replace("  normal: {via: [main]}", "  normal: {via: [main], fallback: Hi}")
    world(GO + "  - {send: Sale!}", project=project)
    phone.says("go")
    dlr("undeliverable")
    phone.heard("Sale!")
    phone.says("go")
    dlr("rejected")
    phone.heard("Sale!", "Hi")


def test_a_text_that_is_too_long_is_replaced_before_it_leaves(world, phone, start):
    world("inputs: {what: text}\nsteps: [{send: '{{ what }}', fallback: Hello}]")
    start(inputs={"what": LONG})
    phone.heard("Hello")
    start(inputs={"what": "short"})
    phone.heard("short")


def test_a_step_may_leave_in_quiet_hours_or_wait_for_their_end(world, clock, phone, start):
    clock.shows("2025-03-10 22:00")
    world("steps: [{send: Fire!, quiet: ignore}, {send: All is well}]")
    start()
    phone.heard("Fire!")
    clock.shows("2025-03-11 08:00")
    phone.heard("All is well")


def test_a_reply_can_be_held_by_quiet_hours(world, clock, phone):
    clock.shows("2025-03-10 22:00")
    world(GO + "  - {send: Got it}\n  - {send: A longer story, quiet: hold}")
    phone.says("go")
    phone.heard("Got it")
    clock.shows("2025-03-11 08:00")
    phone.heard("A longer story")


def test_a_wait_behind_a_held_text_runs_from_when_it_leaves(world, clock, phone, start):
    clock.shows("2025-03-10 22:00")
    world("steps: [{send: Good morning}, {wait: 1h}, {send: An hour later}]")
    start()
    clock.shows("2025-03-11 08:00")
    phone.heard("Good morning")
    clock.shows("2025-03-11 08:59")
    phone.heard()
    clock.shows("2025-03-11 09:00")
    phone.heard("An hour later")


def test_a_reminder_that_is_held_and_not_wanted_any_more_holds_up_nothing(world, clock, phone):
    """The answer comes before it leaves, and what is begun then runs from then."""
    clock.shows("2025-03-10 20:50")
    world("""
triggers: [{keyword: GO}]
steps:
  - {ask: How are you?, type: text, nudge: {after: 30m}}
  - {wait: 2m}
  - {send: Good}
""")
    phone.says("go")
    clock.shows("2025-03-10 21:25")
    phone.says("fine")
    clock.passes("2m")
    phone.heard("How are you?", "Good")


def test_the_timeout_of_an_event_behind_a_held_text_does_too(world, clock, phone, start):
    clock.shows("2025-03-10 22:00")
    world("steps: [{send: Pay here}, {wait: {event: paid}, timeout: 2h, on_timeout: {send: Late}}]")
    start()
    clock.shows("2025-03-11 09:59")
    phone.heard("Pay here")
    clock.shows("2025-03-11 10:00")
    phone.heard("Late")


def test_a_wait_behind_a_text_with_a_date_of_its_own_runs_from_now(world, clock, phone, start):
    world("steps: [{send: Soon, send_at: now + days(1)}, {wait: 1h}, {send: An hour later}]")
    start()
    phone.heard("Soon")  # the provider has it
    clock.passes("1h")
    phone.heard("An hour later")


def test_the_validity_of_a_text_ends_it(world, place, phone):
    world(GO + "  - {send: Today only, validity: 2h}")
    phone.says("go")
    (text,) = place.sim.sent
    assert text.effect.expires is not None
    assert (text.effect.expires - place.sim.now).total_seconds() == 7200


def test_what_is_asked_of_the_provider_travels_with_the_text(world, place, phone):
    world(
        GO
        + """
  - send: See https://example.com/a/very/long/link/that/is/shortened
    flash: true
    transliteration: CENTRAL_EUROPEAN
    track: true
    callback: "{{ 'order ' ~ 7 }}"
"""
    )
    phone.says("go")
    options = place.sim.sent[0].effect.options
    assert (options.flash, options.transliteration, options.tracking, options.callback) == (
        True,
        "CENTRAL_EUROPEAN",
        Tracking("URL", "talk"),
        "order 7",
    )


def test_what_is_tracked_can_be_named(world, place, phone):
    """Its own type and key; a text that is tracked by what its reader does keeps its links."""
    link = "https://example.com/a/very/long/link/that/is/shortened"
    world(
        f"""
triggers: [{{keyword: GO}}]
steps:
  - send: See {link}
    track: {{type: SOCIAL_INVITES, key: spring}}
  - send: See {link}
    track: {{by: sms}}
  - send: See {link}
    track: false
  - otp: "{{{{ code }}}}"
    track: {{by: sms, type: ONE_TIME_PIN}}
"""
    )
    phone.says("go")
    options = [text.effect.options for text in place.sim.sent]
    assert [each.tracking for each in options] == [
        Tracking("URL", "SOCIAL_INVITES", "spring"),
        Tracking("SMS", "talk"),
        None,
        Tracking("SMS", "ONE_TIME_PIN"),
    ]
    assert [each.links(f"See {link}") for each in options] == [[link], [], [], []]
    assert len(options[0].as_sent(link)) == 25
    assert options[1].as_sent(link) == link
    assert [Options.from_json(each.to_json()) for each in options] == options


def test_a_text_that_an_earlier_release_left_waiting_keeps_its_tracked_links():
    """Its row names nothing but what the links were tracked as."""
    options = Options.from_json({"tracked_as": "talk", "flash": True})
    assert options == Options(flash=True, tracking=Tracking("URL", "talk"))


@pytest.mark.parametrize(
    ("track", "code"),
    [
        ("{by: mail}", "F207"),
        ("{tpye: x}", "F203"),
        ("often", "F202"),
        (f"{{key: {'x' * 101}}}", "F208"),
    ],
)
def test_tracking_that_cannot_be_read_is_named(track, code):
    flow = f"smsflow: 1\nsteps: [{{send: Hi, track: {track}}}]\n"
    files = {"smsflow.yaml": PROJECT.encode(), "flows/talk.yaml": flow.encode()}
    assert code in [issue.code for issue in load(files).issues]


def test_a_callback_that_is_too_long_fails_the_step(world, phone, start, trace):
    world("inputs: {what: text}\nsteps: [{send: Hi, callback: '{{ what }}'}]")
    start(inputs={"what": "x" * 201})
    phone.heard_nothing()
    assert "200 characters" in trace("error")[0]


# --- later ----------------------------------------------------------------------------------------

LATER = (
    "inputs: {at: datetime}\nsteps: [{send: Open, send_at: at, report_within: 5m, validity: 1h}]"
)


def test_the_provider_is_told_when_to_send(world, place, start):
    """Time for the report, and to live, runs from then."""
    world(LATER)
    start(inputs={"at": "2025-03-11 10:00"})
    (text,) = place.sim.sent
    assert text.effect.options.send_at == datetime(2025, 3, 11, 10, 0, tzinfo=UTC)
    assert text.effect.due == place.sim.now
    assert text.effect.expires == datetime(2025, 3, 11, 11, 0, tzinfo=UTC)
    report_due = text.plan.report_due(place.sim.now, text.effect.options.send_at)
    assert report_due == datetime(2025, 3, 11, 10, 5, tzinfo=UTC)
    assert Options.from_json(text.effect.options.to_json()) == text.effect.options


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2025-03-10 12:00", None),
        ("2025-03-01 12:00", None),
        ("2025-03-10 23:00", "2025-03-11T08:00:00+00:00"),
    ],
)
def test_what_is_past_goes_now_and_quiet_hours_hold_at_the_provider_too(
    world, place, start, at, told
):
    world(LATER)
    start(inputs={"at": at})
    (text,) = place.sim.sent
    later = text.effect.options.send_at
    assert (later and later.isoformat()) == told


def test_what_no_provider_holds_stays_here(world, start, clock):
    """With a provider of another kind."""
    project = PROJECT.replace(
        "{kind: pigeonhost, url: https://sms.example}",
        "{kind: http, url: https://sms.example, request: {query: {to: '{to}', t: '{text}'}}"
        ", answer: {accepted: {status: 200}}, mo: {sender: a, text: b}}",
    )
    sim = world(LATER, project=project)
    start(inputs={"at": "2025-03-11 10:00"})
    assert sim.sent == []
    clock.shows("2025-03-11 10:00")
    (text,) = sim.sent
    assert text.effect.due == text.effect.options.send_at == sim.now


def test_what_is_for_later_than_a_day_leaves_a_day_ahead(world, start, clock):
    sim = world(LATER)
    start(inputs={"at": "2025-12-01 10:00"})
    clock.shows("2025-11-30 09:59")
    assert sim.sent == []
    clock.shows("2025-11-30 10:00")
    (text,) = sim.sent
    assert text.effect.options.send_at == datetime(2025, 12, 1, 10, 0, tzinfo=UTC)


def test_a_session_lives_to_hear_of_a_text_beyond_its_lifetime(world, start, clock, dlr, ended):
    """The lifetime does not run until it is sent."""
    flow = """
lifetime: 1d
inputs: {at: datetime}
steps:
  - send: Open
    send_at: at
    on_delivered: {end: told}
"""
    world(flow)
    start(inputs={"at": "2025-12-01 10:00"})
    clock.shows("2025-12-01 10:05")
    assert ended() == [None]
    dlr("delivered")
    assert ended() == ["told"]


def test_a_moment_that_nothing_sets_is_found():
    flow = "smsflow: 1\nsteps: [{send: Open, send_at: opening}]\n"
    files = {"smsflow.yaml": PROJECT.encode(), "flows/talk.yaml": flow.encode()}
    assert "F402" in [issue.code for issue in load(files).issues]


def test_a_moment_that_is_none_fails_the_step(world, start, trace):
    world("inputs: {at: text}\nsteps: [{send: Open, send_at: at}]")
    start(inputs={"at": "soon"})
    assert "'send_at' must be a date and time" in trace("error")[0]


# --- codes of letters -----------------------------------------------------------------------------


OTP = (
    GO
    + """
  - {otp: "Code {{ code }}", digits: 6, letters: true, wrong: No}
  - {end: verified}
"""
)


def code_of(place):
    return place.sim.sent[0].effect.text.removeprefix("Code ")


def test_a_code_of_letters_comes_back_in_any_case(world, place, phone, ended):
    world(OTP)
    phone.says("go")
    code = code_of(place)
    assert len(code) == 6
    assert not code.strip(codes.LETTERS)
    phone.says(f"my code is {code[:6].lower()}")
    assert ended() == ["verified"]


def test_a_page_posts_it_in_any_case_too(world, place, phone, ended):
    world(OTP)
    phone.says("go")
    code = code_of(place).lower()
    place.sim.verify(f"{code[:3]}-{code[3:]}")
    assert ended() == ["verified"]


def test_a_wrong_code_of_letters_costs_a_try_and_a_word_none(world, phone, sessions):
    world(OTP)
    phone.says("go")
    phone.says("pardon")
    assert sessions()[0].waiting.tries == 0
    phone.says("BCDFGH")
    assert sessions()[0].waiting.tries == 1


# --- what the checker says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("- {send: Hi, to: staff}", "F402", "set it first"),
        ("- {send: Hi, fallback: 'Hi {{ name }}'}", "F402", "set it first"),
        ('- {send: Hi, callback: "{{ 1 + name }}"}', "F402", "set it first"),
        ("- {send: Hi, quiet: never}", "F207", "ignore"),
        ("- {send: Hi, media: a.png}", "F203", "known here"),
        ("- {send: Hi, shift: DE}", "F207", "TR"),
        ("- {send: Hi, shift: TR, transliteration: TURKISH}", "F211", "leave one"),
        ("- {send: Hi, save: now}", "F310", "letters"),
        ("- {ask: Well?, ordered: true}", "F203", "known here"),
    ],
)
def test_a_mistake_is_told_with_its_cure(written, code, hint):
    issue = only(load_flow(steps(written)))
    assert (issue.code, issue.place.line) == (code, 4)
    assert hint in issue.hint


def test_what_is_saved_is_set():
    loaded = load_flow(steps("- {send: Hi, save: told}\n- {send: 'It is {{ told.status }}'}"))
    assert loaded.issues == ()


@pytest.mark.parametrize("key", ["quiet: ignore", "to: contact.phone"])
def test_marketing_keeps_to_its_hours_and_its_people(key):
    flow = "kind: marketing\n" + steps(f"- {{send: Sale, {key}}}")
    issue = only(load_flow(flow))
    assert (issue.code, issue.place.line) == ("F702", 5)


def test_a_national_table_counts_in_what_the_checker_says():
    """78 letters of Turkish are two parts of UCS-2, and one with the table."""
    text = "ğşıçĞŞİÇ" * 9
    plain, shifted = (load_flow(steps(f"- {{send: {text}{more}}}")) for more in ("", ", shift: TR"))
    assert [each.code for each in plain.issues] == ["F602"]
    assert shifted.issues == ()


def test_a_tracked_link_counts_as_a_short_one():
    text = "Look: https://example.com/" + "a" * 150
    plain, short = (
        load_flow(steps(f'- {{send: "{text}"{more}}}')) for more in ("", ", track: true")
    )
    assert [each.code for each in plain.issues] == ["F602"]
    assert short.issues == ()
