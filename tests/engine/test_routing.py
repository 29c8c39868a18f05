"""The routing order of a text that came in, top to bottom (flow language, section 1.4)."""

import pytest

from tests.engine.conftest import DEFAULT_REPLY, PROJECT

WORDS = """
flow: words
mode: parallel
triggers:
  - {keyword: HOURS}
  - {keyword: OUI, match: whole}
  - {keyword: PRICE, match: anywhere}
  - {pattern: '^order (?P<order>[0-9]{6})$'}
steps:
  - if: trigger.kind == 'pattern'
    then: {send: "Order {{ order | default('?') }}."}
    else: {send: "{{ trigger.keyword }} ({{ trigger.args | join(' ') }})"}
"""
QUESTION = """
triggers: [{keyword: GO}]
steps:
  - ask: A question
    TYPE
    skip: [SKIP]
    retry: {times: 1, text: Pardon me?}
    timeout: 1d
    on_skip: [{send: Skipped.}, {end: skipped}]
  - send: Thanks.
"""
TYPES = {
    "number": "type: integer",
    "yesno": "type: yesno",
    "choice": "choices: {one: [HOURS], two: [B]}",
    "text": "type: text",
}


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        # 1: compliance comes before every answer
        ("text", "help", "This is an automated number. Reply STOP to get no more texts."),
        # 2: the open question, when the text is a valid answer or a skip word
        ("number", "4", "Thanks."),
        ("number", "skip", "Skipped."),
        ("yesno", "oui", "Thanks."),
        ("choice", "hours", "Thanks."),
        ("number", "price of 4", "Thanks."),
        # 3: a keyword or pattern, before the question's invalid handling
        ("number", "hours", "HOURS ()"),
        ("number", "hours today please", "HOURS (today please)"),
        ("yesno", "the price?", "PRICE ()"),
        ("number", "order 123456", "Thanks."),
        ("yesno", "order 123456", "Order 123456."),
        # 4: the open question again
        ("number", "well", "Pardon me?"),
        ("number", "your hours", "Pardon me?"),
        # free text gives way to whole messages only
        ("text", "hours", "HOURS ()"),
        ("text", "Hours!", "HOURS ()"),
        ("text", "oui", "OUI ()"),
        ("text", "price", "PRICE ()"),
        ("text", "order 123456", "Order 123456."),
        ("text", "hours are too short", "Thanks."),
        ("text", "I like your price", "Thanks."),
        ("text", "anything", "Thanks."),
        ("text", "skip", "Skipped."),
    ],
)
def test_an_open_question_and_the_keywords_share_the_texts(world, phone, kind, text, answer):
    world(QUESTION.replace("TYPE", TYPES[kind]), WORDS, project=PROJECT + DEFAULT_REPLY)
    phone.says("go")
    phone.says(text)
    phone.heard("A question", answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hours", "HOURS ()"),
        ("HOURS, please", "HOURS (please)"),
        ("oui", "OUI ()"),
        ("oui oui", "Pardon?"),
        ("what is the price here", "PRICE (here)"),
        ("order 123456", "Order 123456."),
        ("order 12345", "Pardon?"),
        ("", "Pardon?"),
        ("???", "Pardon?"),
    ],
)
def test_without_a_question_keywords_come_first_and_then_the_default_reply(
    world, phone, text, answer
):
    world(WORDS, project=PROJECT + DEFAULT_REPLY)
    phone.says(text)
    phone.heard(answer)


# --- compliance -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", "stop.", " Stop ", "unsubscribe", "Arrêt", "END"])
def test_stop_ends_everything_and_is_confirmed_once(world, phone, clock, ended, word):
    simulator = world(QUESTION.replace("TYPE", "type: text"))
    phone.says("go")
    phone.says(word)
    phone.says(word)
    phone.says("go")
    phone.says("help")
    clock.passes("2d")
    assert [each.effect.name for each in simulator.sent] == [None, "compliance.stopped"]
    assert ended() == ["opted_out"]
    assert [(each.opted_out, each.wording) for each in simulator.consent] == [(True, word)]


def test_a_text_that_merely_contains_stop_is_no_stop(world, phone):
    world(QUESTION.replace("TYPE", "type: text"))
    phone.says("go")
    phone.says("please stop by on Monday")
    phone.heard("A question", "Thanks.")


@pytest.mark.parametrize("word", ["START", "unstop", "yes"])
def test_only_a_start_word_lets_texts_flow_again(world, phone, word):
    simulator = world(WORDS)
    phone.says("stop")
    phone.says("hours")
    phone.says(word)
    phone.says("hours")
    assert [each.effect.name or each.effect.text for each in simulator.sent] == [
        "compliance.stopped",
        "compliance.started",
        "HOURS ()",
    ]
    assert [each.opted_out for each in simulator.consent] == [True, False]


def test_a_start_word_of_a_subscriber_is_an_ordinary_text(world, phone):
    world(QUESTION.replace("TYPE", "type: yesno"))
    phone.says("go")
    phone.says("yes")
    phone.heard("A question", "Thanks.")


def test_stop_takes_texts_that_wait_with_it(start, world, phone, clock, place):
    clock.shows("2025-03-10 22:00")
    world("triggers: [{api: true}]\nsteps: [{send: Good morning}]")
    start()
    phone.says("stop")
    clock.shows("2025-03-11 12:00")
    assert [each.effect.name for each in place.sim.sent] == ["compliance.stopped"]


def test_help_leaves_the_question_open(world, phone):
    world(QUESTION.replace("TYPE", "type: integer"))
    phone.says("go")
    phone.says("help")
    phone.says("3")
    phone.heard(
        "A question", "This is an automated number. Reply STOP to get no more texts.", "Thanks."
    )


# --- keywords -------------------------------------------------------------------------------------


def test_a_keyword_of_one_number_beats_the_same_word_of_every_number(world, phone):
    world(
        "triggers: [{keyword: HI}]\nsteps: [{send: Everywhere}]",
        "flow: b\ntriggers: [{keyword: HI, to: backup}]\nsteps: [{send: Backup}]",
    )
    phone.says("hi", to="main")
    phone.says("hi", to="backup")
    phone.heard("Everywhere", "Backup")


def test_the_answer_goes_out_on_the_number_that_was_texted(world, phone):
    world("triggers: [{keyword: HI}]\nsteps: [{send: Hello}]", project=PROJECT + DEFAULT_REPLY)
    phone.says("hi", to="third")
    phone.says("what", to="backup")
    phone.says("help", to="third")
    phone.heard_via("third", "backup", "third")


VIP = """
flow: vip
triggers:
  - {keyword: HI, to: main, when: contact.score > 5}
  - {catch_all: true, to: main, when: contact.score == 1}
steps: [{send: VIP}]
"""
ANYONE = "flow: anyone\ntriggers: [{keyword: HI}]\nsteps: [{send: Hello}]"


@pytest.mark.parametrize(
    ("score", "text", "answer"),
    [(9, "hi", "VIP"), (2, "hi", "Hello"), (1, "what", "VIP"), (2, "what", "Pardon?")],
)
def test_a_trigger_whose_condition_fails_lets_the_next_have_a_go(
    world, phone, place, score, text, answer
):
    place.contact.fields["score"] = score
    world(VIP, ANYONE, project=PROJECT + DEFAULT_REPLY)
    phone.says(text, to="main")
    phone.heard(answer)


@pytest.mark.parametrize(
    ("at", "answer"), [("2025-07-01 17:30", "Open"), ("2025-07-01 18:30", "Closed")]
)
def test_the_condition_of_a_trigger_reads_the_contacts_own_clock(world, phone, clock, at, answer):
    """In summer London is an hour ahead of UTC."""
    clock.shows(at)
    world(
        "flow: open\ntriggers: [{keyword: HI, to: main, when: now.hour < 18 and today.day == 1}]\n"
        "steps: [{send: Open}]",
        "flow: closed\ntriggers: [{keyword: HI}]\nsteps: [{send: Closed}]",
    )
    phone.says("hi", to="main")
    phone.heard(answer)


def test_a_condition_that_fails_to_work_out_is_traced_with_its_place(world, phone, trace):
    world(VIP, ANYONE)
    phone.says("hi", to="main")
    phone.heard("Hello")
    assert trace("error")[0].startswith("flows/talk.yaml:4:")


def test_a_keyword_sets_the_language_of_its_session(world, phone):
    world("""
languages: [en, fr]
triggers: [{keyword: HI}, {keyword: SALUT, lang: fr}]
steps: [{send: {en: Hello, fr: Bonjour}}]
""")
    phone.says("salut")
    phone.says("hi")
    phone.heard("Bonjour", "Hello")


def test_a_keyword_of_a_flow_with_required_inputs_says_why_nothing_happens(world, phone, trace):
    world("inputs: {id: text}\ntriggers: [{api: true}, {pattern: '^go$'}]\nsteps: [{send: Hi}]")
    phone.says("go")
    phone.heard_nothing()
    assert trace("refused") == ["talk: input 'id' is missing"]


def test_a_text_for_a_code_that_is_none_goes_to_keywords(world, phone, place):
    place.rng.codes = ["123456"]
    world("kind: otp\ntriggers: [{keyword: LOGIN}]\nsteps: [{otp: '{{ code }}'}]", WORDS)
    phone.says("login")
    phone.says("hours")
    phone.heard("123456", "HOURS ()")


# --- nothing matched ------------------------------------------------------------------------------


def test_default_replies_to_one_contact_are_limited(world, phone, clock):
    """Whatever the texts, so that two machines do not talk for ever."""
    world(WORDS, project=PROJECT + DEFAULT_REPLY)
    for turn in range(20):
        phone.says(f"nonsense {turn}")
    phone.heard(*["Pardon?"] * 5)
    clock.passes("1h")
    phone.says("more")
    phone.heard("Pardon?")


def test_two_instances_wired_to_each_other_fall_silent(world):
    """Each answers what the other says, with varying words."""
    simulator = world(WORDS, project=PROJECT + DEFAULT_REPLY)
    simulator.text("hello")
    seen = 0
    while seen < len(simulator.sent) < 100:
        said = simulator.sent[seen].effect.text
        seen += 1
        simulator.text(f"You said {said} {seen}")
    assert len(simulator.sent) <= 6


def test_catch_all_takes_what_nothing_else_takes(world, phone):
    world(
        "triggers: [{catch_all: true}]\nsteps: [{send: 'You said {{ message.text }}'}]",
        WORDS,
        project=PROJECT + DEFAULT_REPLY,
    )
    phone.says("hours")
    phone.says("{{ 7 * 7 }} <b>")
    phone.heard("HOURS ()", "You said {{ 7 * 7 }} <b>")


def test_without_default_reply_there_is_silence_with_a_reason(world, phone, trace):
    world(WORDS)
    phone.says("what")
    phone.heard_nothing()
    assert trace("silence") == ["nothing matched"]
