"""`smsflow chat`: a conversation without a server, and one that is written down as a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
Edit = Callable[[Path, str, str], None]

NOW = ("--now", "2025-03-28 12:00", "--seed", "3")
APPOINTMENT = (
    "--input=appointment.id=A7",
    "--input=appointment.at=2025-03-30 10:30",
    "--input=appointment.place=Elm Road",
)


def test_typed_texts_are_answered(small: Path, run: Run) -> None:
    """Replies appear with their parts and the number, and the end of the session is told."""
    done = run(small, "chat", "hello", *NOW, typed="hi\nGood!\n")
    assert done.exit_code == 0
    assert done.output == (
        "hello, 28 Mar 12:00 Europe/London, +447700900123. /help tells more.\n"
        "it waits: text HELLO or HI\n"
        "12:00 <- hi\n"
        "12:00 -> Hello friend! How are you today? Reply GOOD or BAD. Reply STOP to opt out.\n"
        "         text 1, 1 part GSM-7, via main\n"
        "12:00 <- Good!\n"
        "12:00 -> Glad to hear it!\n"
        "         text 2, 1 part GSM-7, via main\n"
        "end: happy\n"
    )


def test_an_end_is_told_once(small: Path, run: Run) -> None:
    """What is said after it belongs to no session."""
    done = run(small, "chat", "hello", *NOW, typed="hi\nGood!\nthanks\n/after 1h\n")
    assert done.output.count("end: happy") == 1
    assert "-> Sorry, we did not understand." in done.output


def test_a_flow_that_the_api_starts_begins_at_once(sample: Path, run: Run) -> None:
    """No text has to come first, and the code is shown."""
    done = run(sample, "chat", "flows/otp.yaml", *NOW, "--input", "purpose=pay")
    assert "12:00 -> 597919 is your Acme code to pay." in done.output
    assert "\n         @acme.example #597919\n" in done.output


def test_inputs_that_are_needed_are_named(sample: Path, run: Run) -> None:
    """Without them the flow waits for /start, which takes them."""
    typed = '/start appointment.id=A7 appointment.at="2025-03-30 10:30" appointment.place=X\n'
    done = run(sample, "chat", "appointment-reminder", *NOW, typed=typed)
    assert "/start appointment.id=... appointment.at=... appointment.place=..." in done.output
    assert "next due 29 Mar 10:30" in done.output


@pytest.fixture
def nested(small: Path) -> Path:
    """A project with a flow whose input is an object."""
    (small / "flows/visit.yaml").write_text(
        "smsflow: 1\ntriggers: [{api: true}]\n"
        "inputs: {o: {type: object, fields: {a: integer, b: text}}}\n"
        "steps: [{send: 'Hi {{ o.b }}'}]\n",
        "utf-8",
    )
    return small


def test_a_part_of_a_value_that_has_none_is_told(nested: Path, run: Run) -> None:
    """The chat goes on after /start, and does not begin with such options."""
    told = "'o' has a value already, so it has no parts"
    typed = "/start o=3 o.b=3\n/start o.a=3 o.b=4\n"
    done = run(nested, "chat", "visit", *NOW, typed=typed)
    assert f"{told}\n12:00 -> Hi 4\n" in done.output
    begun = run(nested, "chat", "visit", *NOW, "--input", "o=3", "--input", "o.b=3")
    assert (begun.exit_code, told in begun.output) == (2, True)


def test_what_other_flows_start_can_be_started_in_a_chat(nested: Path, run: Run) -> None:
    """A flow without triggers takes its inputs; one that waits for something else is not begun."""
    (nested / "flows/visit.yaml").write_text(
        "smsflow: 1\ninputs: {n: integer}\nsteps: [{send: 'Hi {{ n }} {{ trigger.kind }}'}]\n",
        "utf-8",
    )
    assert "it waits: /start n=...\n" in run(nested, "chat", "visit", *NOW).output
    assert "-> Hi 4 start" in run(nested, "chat", "visit", *NOW, "--input", "n=4").output
    told = "no trigger `api: true`, and no flow starts it: it begins by keyword\n"
    assert told in run(nested, "chat", "hello", *NOW, typed="/start\n").output


def test_time_and_reports_move_a_conversation(sample: Path, run: Run) -> None:
    """/at lets the reminder go out, /dlr makes it go out again from the backup number."""
    typed = "/at 2025-03-29 10:30\n/dlr undeliverable\n/dlr delivered 1\n/after 4h\n"
    done = run(sample, "chat", "appointment-reminder", *NOW, *APPOINTMENT, typed=typed)
    assert "29 Mar 10:30 -> friend, your appointment at Elm Road" in done.output
    assert "via backup" in done.output
    assert "text 1 is undeliverable already, so this changes nothing" in done.output
    assert "29 Mar 14:30 -> friend, your appointment" in done.output


def test_trace_and_variables_are_shown(sample: Path, run: Run) -> None:
    """What the flow did stands there with its place, what it holds with its name."""
    typed = "/trace\n/vars\n/verify 597919\n/vars\n"
    done = run(sample, "chat", "otp", *NOW, typed=typed)
    assert "28 Mar 12:00 start   api\n" in done.output
    assert "  flows/otp.yaml:15:5\n" in done.output
    assert "otp: waits at 'main/otp-1'\n  purpose = 'sign in'\n" in done.output
    assert "verify: verified\n" in done.output
    assert "contact.phone_verified = " in done.output


def test_another_language_begins_again(sample: Path, run: Run) -> None:
    """/lang gives a contact of that language, and so does --lang."""
    done = run(sample, "chat", "otp", *NOW, typed="/lang fr\n/restart\n")
    assert done.output.count("est votre code Acme") == 2
    assert "est votre code Acme" in run(sample, "chat", "otp", "--lang", "fr").output


def test_a_text_may_begin_with_a_slash(small: Path, run: Run) -> None:
    """Two slashes make it a text."""
    assert "<- /hi there\n" in run(small, "chat", "hello", typed="//hi there\n").output


def test_quit_ends_it_and_help_tells_the_commands(small: Path, run: Run) -> None:
    """Nothing that comes after /quit is heard."""
    done = run(small, "chat", "hello", typed="/help\n/quit\nhi\n")
    assert "/after 2d" in done.output
    assert "<- hi" not in done.output


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/aftre 2d", "there is no /aftre; did you mean after?"),
        ("/after tomorrow", "'tomorrow' is no length of time"),
        ("/after -1d", "'-1d' is no length of time"),
        ("/at noon", "'noon' is no date and time"),
        ("/at 2020-01-01 09:00", "'2020-01-01 09:00' is past"),
        ("/dlr delivred", "did you mean 'delivered'?"),
        ("/dlr delivered", "nothing was sent yet"),
        ("/dlr delivered nine", "there is no text nine"),
        ("/lang de", "flow 'hello' has no language 'de'"),
        ("/start mood=good", "flow 'hello' has no input 'mood'"),
        ("/start mood", "write key=value"),
        ("/start 'mood", "No closing quotation"),
        ("/verify", "write the code behind it"),
        ("/verify 123456", "verify: not_waiting"),
        ("/dlr", "'' is no report"),
        ("/", "there is no /"),
    ],
)
def test_a_mistyped_command_is_told_and_the_chat_goes_on(
    small: Path, run: Run, typed: str, said: str
) -> None:
    """A slip of the finger costs a line, not the conversation."""
    done = run(small, "chat", "hello", *NOW, typed=f"{typed}\nhi\n")
    assert done.exit_code == 0
    assert said in done.output
    assert "-> Hello friend!" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["helo"], "there is no flow 'helo'; did you mean 'hello'?"),
        (["hello", "--lang", "de"], "flow 'hello' has no language 'de'; it has: en"),
        (["hello", "--number", "mian"], "there is no number 'mian'; did you mean 'main'?"),
        (["hello", "--phone", "12"], "'12' is no possible phone number"),
        (["hello", "--now", "noon"], "--now 'noon' must be a time"),
        (["hello", "--input", "a=b"], "flow 'hello' has no input 'a'; it has: none"),
        (["hello", "--record", "nowhere/x.yaml"], "there is no folder nowhere"),
        (["hello", "--record", "{here}"], "exists already; name another file"),
    ],
)
def test_a_wrong_option_is_told(small: Path, run: Run, arguments: list[str], said: str) -> None:
    """Each wrong option is a sentence and code 2."""
    path = small / "flows" / "hello.yaml"
    done = run(small, "chat", *(each.format(here=path) for each in arguments))
    assert done.exit_code == 2
    assert said in done.output


def test_a_broken_project_tells_its_issues(small: Path, run: Run, edit: Edit) -> None:
    """Nobody can talk to half a flow."""
    edit(small / "flows" / "hello.yaml", "timeout: 1d", "timout: 1d")
    done = run(small, "chat", "hello")
    assert done.exit_code == 1
    assert "flows/hello.yaml:13:5: error F203: unknown key 'timout'" in done.output


def test_a_flow_that_breaks_says_where(small: Path, run: Run, edit: Edit) -> None:
    """The reason stands in the chat, with the place in the file."""
    edit(small / "flows" / "hello.yaml", "Glad to hear it!", "Half is {{ 1 // 0 }}.")
    done = run(small, "chat", "hello", typed="hi\ngood\n")
    assert "error: template: " in done.output
    assert "(flows/hello.yaml:16:17)" in done.output


def test_a_project_of_other_countries_asks_for_the_phone(small: Path, run: Run, edit: Edit) -> None:
    """The phone of fiction is British; where it may not be texted, another is needed."""
    edit(small / "smsflow.yaml", "countries: [GB]", "countries: [FR]")
    done = run(small, "chat", "hello")
    assert done.exit_code == 2
    assert "say whose phone it is with --phone; this project texts FR" in done.output
    done = run(small, "chat", "hello", "--phone", "+33612345678", typed="hi\n")
    assert "Europe/Paris" in done.output
    assert "-> Hello friend!" in done.output


# --- recording ------------------------------------------------------------------------------------

CHATS = {
    "hello": "hi\nhm?: # {{ x }} \"quoted\" \\ 'single'\n/after 2m\ngood\nhi\n/after 2d\n",
    "otp": "/start purpose=pay\n111111\nhello\nresend\n/after 40s\nresend\n/dlr delivered 1\n"
    "/verify 123\n/after 1h\n/lang fr\nCODE\n/dlr rejected\n/dlr rejected\n/restart\nstop\n",
    "hours": "true\n123\nnull\n- x\nhours\nstop\nhours\nstart\n😀 ouvert\nHORAIRES\n/after 1w\n",
    "csat-survey": "feedback\n2\nb\nskip\nmaybe\nyes\nfeedback\n/restart\nFEEDBACK\n/after 20h\n"
    "/dlr expired\n/after 2d\n",
}


@pytest.mark.parametrize("flow", CHATS)
@pytest.mark.parametrize("number", ["main", "backup", None])
def test_a_recorded_chat_passes_when_it_is_played(
    sample: Path, small: Path, run: Run, flow: str, number: str | None
) -> None:
    """Whatever was typed, the transcript says the same and passes."""
    folder = small if flow == "hello" else sample
    path = folder / "tests" / "flows" / "recorded.test.yaml"
    chosen = ["--number", number] if number and flow != "hello" else []
    done = run(folder, "chat", flow, *NOW, *chosen, "--record", str(path), typed=CHATS[flow])
    assert done.output.endswith(f"recorded; play it with: smsflow test {path}\n")
    played = run(folder, "test", str(path))
    assert played.exit_code == 0, played.output


TELL = """\
smsflow: 1
triggers: [{keyword: TELL}]
steps:
  - send: Somebody asked.
    to: "'+447700900200'"
  - lookup: contact.phone
    save: known
  - send: "{% if known.reachable %}You are here.{% else %}You are away.{% endif %}"
  - send: Siparişiniz yola çıktı, iyi günler dileriz. Bizi aramak için 0850 123 45 67. Teşekkürler
    shift: TR
  - end: told
"""
AWAY = """\
smsflow-test: 1
flow: tell
given: {now: 2025-03-10 09:00 Europe/London, lookup: {"*": {reachable: false}}, random: 7}
tests: [{name: away, steps: [{silent: true}]}]
"""


def test_a_chat_has_the_whole_world_of_a_test(small: Path, run: Run) -> None:
    """What is known of numbers counts; a text to somebody else is shown and recorded as one, and
    parts are those that are paid for."""
    (small / "flows/tell.yaml").write_text(TELL, "utf-8")
    given, record = small / "away.test.yaml", small / "tests/flows/recorded.test.yaml"
    given.write_text(AWAY, "utf-8")
    options = ("--given", str(given), "--record", str(record))
    done = run(small, "chat", "tell", *options, typed="tell\n")
    assert "-> (to +447700900200) Somebody asked.\n" in done.output
    assert "-> You are away.\n" in done.output
    assert "text 3, 1 part GSM-7, via main\n" in done.output
    written = record.read_text("utf-8")
    assert '- out: {text: "Somebody asked.", to: "+447700900200"}\n' in written
    assert "      random: 7\n" in written
    played = run(small, "test", str(record))
    assert played.exit_code == 0, played.output


def test_a_recording_holds_world_and_story(sample: Path, run: Run) -> None:
    """The moment, the contact, the codes, the start and what followed."""
    path = sample / "recorded.test.yaml"
    typed = "597 919\n"
    run(sample, "chat", "otp", *NOW, "--record", str(path), typed=typed)
    assert path.read_text("utf-8") == (
        "smsflow-test: 1\n"
        "flow: otp\n"
        "tests:\n"
        "  - name: recorded chat\n"
        "    given:\n"
        "      now: 2025-03-28 12:00 Europe/London\n"
        '      contact: {phone: "+447700900123"}\n'
        '      codes: ["597919"]\n'
        "    steps:\n"
        "      - start: {}\n"
        '      - out: "597919 is your Acme code to sign in. It works for 5 minutes. Never share'
        ' it.\\n@acme.example #597919"\n'
        '      - in: "597 919"\n'
        '      - out: "Thanks, your number is confirmed."\n'
        "      - end: verified\n"
    )


def test_a_recording_tells_the_number_of_a_failover(sample: Path, run: Run) -> None:
    """A text from another number than the first is expected from that one."""
    path = sample / "recorded.test.yaml"
    typed = "/dlr rejected\n/dlr delivered 2\nhours\n/dlr sent 2\n"
    run(sample, "chat", "otp", *NOW, "--record", str(path), typed=typed)
    written = path.read_text("utf-8")
    assert written.count('via: "backup"}') == 2  # the contact goes on where they heard from us
    assert "- dlr: {of: 2, status: sent}" in written
    assert run(sample, "test", str(path)).exit_code == 0


def test_a_chat_in_the_hour_that_comes_twice_passes(small: Path, run: Run) -> None:
    """A moment that the clocks show twice is written so that it reads back as itself."""
    path = small / "recorded.test.yaml"
    typed = "hi\n/at 2025-10-26T01:30+00:00\ngood\n"
    run(
        small,
        "chat",
        "hello",
        "--now",
        "2025-10-26T01:30+01:00",
        "--record",
        str(path),
        typed=typed,
    )
    assert "at: 2025-10-26T01:30:00+00:00" in path.read_text("utf-8")
    assert run(small, "test", str(path)).exit_code == 0


def test_nothing_said_is_nothing_recorded(small: Path, run: Run) -> None:
    """An empty test would pass and show nothing."""
    path = small / "recorded.test.yaml"
    done = run(small, "chat", "hello", "--record", str(path), typed="/help\n")
    assert "nothing was recorded" in done.output
    assert not path.exists()


def test_a_recording_that_cannot_be_written_is_told(small: Path, run: Run) -> None:
    """A folder that is not there is code 2, before a word is lost."""
    path = small / "nowhere" / "recorded.test.yaml"
    done = run(small, "chat", "hello", "--record", str(path), typed="hi\n")
    assert done.exit_code == 2
    assert "there is no folder" in done.output
    assert "->" not in done.output


def test_a_person_takes_over_answers_and_is_done(small: Path, run: Run, tmp_path: Path) -> None:
    """And the chat that is written down passes as a test."""
    steps = "[{handoff: desk, note: hi}, {send: Bye.}]"
    flow = f"smsflow: 1\ntriggers: [{{keyword: DESK}}]\nsteps: {steps}\n"
    (small / "flows" / "desk.yaml").write_text(flow, "utf-8")
    test = tmp_path / "desk.test.yaml"
    typed = "desk\nanybody?\n/agent Here I am.\n/close\n/close\n/agent\n"
    done = run(small, "chat", "desk", *NOW, "--record", str(test), typed=typed)
    assert "handoff: desk: hi" in done.output
    assert "person: it goes to a person: desk" in done.output
    assert "-> Here I am." in done.output
    assert "no person holds the conversation" in done.output
    assert "/agent One moment" in done.output
    assert run(small, "test", str(test)).exit_code == 0


RATING = """\
smsflow: 1
inputs: {id: text, at: datetime}
triggers:
  - event: visit.over
    inputs: {id: "{{ event.id }}", at: "{{ event.visit.at }}"}
steps:
  - send: Thank you for visit {{ id }} on {{ at | date }}.
  - wait: {event: visit.paid, where: event.pence > 100}
"""


def test_an_event_begins_a_flow_and_goes_on_with_it(small: Path, run: Run) -> None:
    """What it tells is typed as key=value, with parts of objects behind dots."""
    (small / "flows/rating.yaml").write_text(RATING, "utf-8")
    typed = "/event visit.over id=V1 visit.at='2025-03-28 10:00'\n/event visit.paid pence=250\n"
    done = run(small, "chat", "rating", *NOW, typed=typed)
    assert "it waits: /event visit.over id=... visit=...\n" in done.output
    assert "12:00 -> Thank you for visit V1 on 28 March." in done.output
    assert done.output.endswith("end: done\n")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/event", "name the event: /event ticket.closed id=T1"),
        ("/event visit.over id", "'id' tells nothing; write key=value, such as id=T1"),
        ("/event visit.over id=1 id.a=2", "'id' has a value already, so it has no parts"),
        ("/event visit.lost id=1", "no flow takes visit.lost to be about +447700900123"),
        ("/event visit.over id=1 phone=+447700900999", "to be about +447700900123"),
    ],
)
def test_an_event_that_can_not_come_is_told(small: Path, run: Run, typed: str, told: str) -> None:
    (small / "flows/rating.yaml").write_text(RATING, "utf-8")
    assert told in run(small, "chat", "rating", *NOW, typed=f"{typed}\n").output


def test_a_chat_begins_in_the_world_of_a_test(sample: Path, run: Run) -> None:
    """The contact, the moment, the inputs; what is recorded has them, and passes."""
    file, record = "tests/flows/appointment-reminder.test.yaml", sample / "tests/flows/r.test.yaml"
    options = ("--given", str(sample / file), "--record", str(record))
    typed = "/at 2025-03-29 10:30\nno\n"
    done = run(sample, "chat", "appointment-reminder", *options, typed=typed)
    assert "29 Mar 10:30 -> Ann, your appointment at Elm Road" in done.output
    assert run(sample, "test", str(record)).exit_code == 0


def test_a_chat_in_the_world_of_no_test_is_refused(small: Path, run: Run) -> None:
    file = small / "none.test.yaml"
    file.write_text("smsflow-test: 1\nflow: hello\ntests: []\n", "utf-8")
    done = run(small, "chat", "hello", "--given", str(file))
    assert (done.exit_code, done.output) == (2, f"smsflow: {file.name} has no test\n")


def test_the_longest_word_of_the_trace_stands_apart(small: Path, run: Run) -> None:
    flow = "smsflow: 1\ntriggers: [{keyword: NO NEWS}]\nsteps: [unsubscribe: news]\n"
    (small / "flows/leave.yaml").write_text(flow, "utf-8")
    done = run(small, "chat", "leave", *NOW, typed="no news\n/trace\n")
    assert "28 Mar 12:00 unsubscribe news  flows/leave.yaml:3:9\n" in done.output
