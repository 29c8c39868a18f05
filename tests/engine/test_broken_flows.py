"""Each mistake an author can make is told once, at its line, with its code and its cure."""

import pytest

from tests.engine.reading_helpers import load_flow, only, steps

YAML = {
    "a text with a colon": ("- send: Opening times: 9-18", "F107", 4, '"Opening times: 9-18"'),
    "a colon inside braces": ("- send: {en: Opening: 9-18}", "F107", 4, '"Opening: 9-18"'),
    "a text that begins with braces": (
        "- send: {{ contact.city }} is fine",
        "F106",
        4,
        'quotes: "{{ contact.city }} is fine"',
    ),
    "braces and a comma": (
        "- send: {{ contact.city }}, at last",
        "F106",
        4,
        'quotes: "{{ contact.city }}, at last"',
    ),
    "braces, a comma and a comment": (
        "- send: {{ contact.city }}, at last  # so",
        "F106",
        4,
        'quotes: "{{ contact.city }}, at last" ',
    ),
    "braces inside braces": ("- send: {en: {{ contact.city }}}", "F106", 4, '"{{ contact.city }}"'),
    "nothing but braces": ("- send: {{ contact.city }}", "F106", 4, '"{{ contact.city }}"'),
    "a text cut at a hash": ("- send: Press #1 for help", "F108", 4, '"Press #1 for help"'),
    "a comma inside braces": ("- send: {en: Sorry, not understood}", "F109", 4, "quotes"),
    "a comma in half a text": (
        "- ask: Well?\n  retry: {text: Please reply A, B or C.}",
        "F109",
        5,
        "comma and all",
    ),
    "a comma and one word": ("- {send: Hello, friend}", "F109", 4, "comma and all"),
    "a comma in a text of a question": (
        "- ask: Well?\n  retry: {times: 2, text: Please, reply}",
        "F109",
        5,
        "comma and all",
    ),
    "a tab": ("- send: Hello\tAnn", "F103", 4, "spaces"),
    "a tag": ("- send: !shout Hello", "F104", 4, "quotes"),
    "a merge key": ("- send: Hello\n  <<: {id: a}", "F105", 5, "defaults"),
    "a key twice": ("- send: Hello\n  send: Bye", "F102", 5, "line 4"),
    "a quote left open": ("- send: 'Hello", "F101", 4, "close it"),
    "an at sign": ("- send: @home", "F101", 4, "quotes"),
    "a bracket left open": ("- ask: Well?\n  skip: [a, b", "F101", 5, "close it"),
    "a text that begins with a star": ("- send: *now", "F116", 4, "quotes"),
    "a key of its own list": ("- {[a]: b}", "F115", 4, "word"),
    "an indented key": ("- send: Hello\n    id: a", "F107", 5, "line the key up"),
    "a line that is no key": ("- send: Hello\n  id\n  when: 1", "F101", 5, "colon"),
    "no room for a hash": ("- send: #1 in town", "F210", 4, "quotes"),
    "an invisible character": ("- send: 'Hi\x01'", "F112", 4, "remove"),
}

KEYS = {
    "a misspelt key": ("- ask: Well?\n  timout: 2d", "F203", 5, "did you mean 'timeout'?"),
    "a misspelt key without a value": ("- send: Hello\n  wehn:", "F203", 5, "'when'?"),
    "the same inside braces": ("- {send: Hello, wehn: }", "F203", 4, "'when'?"),
    "a misspelt key behind a number": (
        "- ask: Well?\n  retry: {times: 2, txet}",
        "F203",
        5,
        "text",
    ),
    "a key of another verb": ("- send: Hello\n  digits: 4", "F203", 5, "known here"),
    "a misspelt verb": ("- sned: Hello", "F206", 4, "did you mean 'send'?"),
    "a key without its verb": ("- resend: {words: [NEW]}", "F206", 4, "'resend' belongs to a step"),
    "a key in a step of its own": ("- save: a", "F206", 4, "without the '-'"),
    "an assignment without a colon": ("- set: a = 3", "F202", 4, "such as set: {name: ...}"),
    "a step without a verb": ("- id: a", "F206", 4, "one of: send"),
    "two verbs": ("- send: Hello\n  end: done", "F205", 5, "new step"),
    "a type of its own": ("- ask: When?\n  type: day", "F207", 5, "it can be"),
    "a bound that is no day": ("- ask: When?\n  type: date\n  min: 3", "F202", 6, "2025-03-30"),
    "a bound for a phone": ("- ask: Who?\n  type: phone\n  max: 3", "F211", 6, "leave"),
    "a pattern for a number": ("- ask: W?\n  type: integer\n  pattern: a", "F211", 6, "leave"),
    "a pattern that is none": ("- ask: Well?\n  pattern: '('", "F406", 5, "single quotes"),
    "a choice listed twice": ("- ask: W?\n  choices: [red, Red]", "F321", 5, "another word"),
    "the same choice again": ("- ask: W?\n  choices: [red, red]", "F321", 5, "another word"),
    "a choice that stops texts": ("- ask: W?\n  choices: [go, stop]", "F701", 5, "opted out"),
    "no choice in the list": ("- ask: W?\n  choices: []", "F210", 5, ""),
    "several choices of none": ("- ask: Well?\n  type: multi", "F201", 5, "such as"),
    "a way for several choices": (
        "- ask: W?\n  type: multi\n  choices: {x: [a], y: [b]}\n  then: {x: {end: e}}",
        "F211",
        7,
        "leave",
    ),
    "an unknown type": ("- ask: When?\n  type: integr", "F207", 5, "did you mean 'integer'?"),
    "a step that is a text": ("- send", "F202", 4, "colon"),
    "a handler that is a text": ("- ask: Well?\n  on_invalid: end", "F202", 5, "{end: done}"),
    "a list for a text": ("- send: [a, b]", "F202", 4, "{en: ..., fr: ...}"),
    "an unreadable duration": ("- wait: soon", "F208", 4, "m, h, d"),
    "a duration without a unit": ("- wait: 30", "F208", 4, "m, h, d"),
    "a wait into the past": ("- wait: -1h", "F208", 4, ""),
    "two years of waiting": ("- wait: 800d", "F208", 4, ""),
    "a switch without cases": ("- switch: 1", "F201", 4, "value"),
    "a wait for no moment": ("- wait: {offset: 1h}", "F201", 4, "moment"),
    "a choice without choices": ("- ask: Well?\n  type: choice", "F201", 5, "such as"),
    "a range for a text": ("- ask: Well?\n  range: [1, 5]", "F211", 5, "leave"),
    "a range upside down": ("- ask: Well?\n  type: integer\n  range: [5, 1]", "F202", 6, "smaller"),
    "range and min": ("- ask: W?\n  type: integer\n  range: [1, 5]\n  min: 1", "F211", 7, "leave"),
    "an outcome that cannot be": ("- ask: Well?\n  on_timeout: {end: a}", "F212", 5, "timeout"),
    "a question that arrived": (
        "- ask: Well?\n  on_delivered: {end: a}",
        "F212",
        5,
        "put it on a `send`",
    ),
    "a past that cannot be": ("- wait: 1h\n  on_past: {end: a}", "F212", 5, "leave it out"),
    "a code that is not printed": ("- otp: Here it is", "F213", 4, "{{ code }}"),
    "a short code": ("- otp: 'Code {{ code }}'\n  digits: 3", "F208", 5, ""),
    "a long code": ("- otp: 'Code {{ code }}'\n  digits: 11", "F208", 5, ""),
    "half an expression": ("- set: {a: 'x {{ contact.city }}'}", "F208", 4, "inside the braces"),
    "a text as a truth": ("- ask: W?\n  retry: {times: many}", "F202", 5, ""),
    "an empty list of steps": ("- if: contact.city\n  then: []", "F502", 5, "at least one"),
    "ten thousand tries": ("- otp: 'Code {{ code }}'\n  attempts: 10000", "F208", 5, ""),
}

NAMES = {
    "a goto astray": (
        "- goto: recepton\nsections: {reception: [{end: a}]}",
        "F301",
        4,
        "did you mean 'reception' (section, line 5)?",
    ),
    "an unknown number": ("- send: Hi\n  via: [mian]", "F302", 5, "did you mean 'main'?"),
    "an unknown policy": ("- send: Hi\n  deliver: fast", "F303", 5, "normal"),
    "an unknown text": ("- send: {text: hi}", "F304", 4, "write it in texts/en.yaml"),
    "an unknown template": ("- send: {template: hi}", "F305", 4, "templates/hi.en.j2"),
    "an id twice": ("- {send: Hi, id: a}\n- {send: Hi, id: a}", "F307", 5, "another id"),
    "one name for two asks": ("- {ask: A?, save: a}\n- {ask: B?, save: a}", "F307", 5, "`id`"),
    "a name with a blank": ("- {ask: A?, save: my answer}", "F310", 4, "letters"),
    "a reserved name": ("- {ask: A?, save: contact}", "F310", 4, "letters"),
    "a language too many": ("- send: {en: Hi, es: Hola}", "F311", 4, "en"),
    "an answer that is none": (
        "- ask: A?\n  type: yesno\n  then: {yse: {end: a}}",
        "F312",
        6,
        "did you mean 'yes'?",
    ),
    "a field of another type": (
        "- set: {contact.born: soon}",
        "F202",
        4,
        "the type is date",
    ),
    "a field of one value that gets two": (
        "- set: {contact.born: ['{{ today }}']}",
        "F208",
        4,
        "plain value",
    ),
    "a contact's zone that is none": ("- set: {contact.timezone: Mars}", "F208", 4, "London"),
    "a case of no answer": (
        "- {ask: A?, type: yesno, save: a}\n- {switch: a, cases: {yse: {end: a}}}",
        "F312",
        5,
        "did you mean 'yes'?",
    ),
    "a case of no choice, skipped or not": (
        "- {ask: A, choices: [x, y], save: a}\n- {switch: a, cases: {null: {end: c}, z: {end: b}}}",
        "F312",
        5,
        "it can be: x, y",
    ),
    "a case of no number": (
        "- {ask: A?, type: integer, save: a}\n- {switch: a, cases: {1: {end: a}, two: {end: b}}}",
        "F312",
        5,
        "a whole number",
    ),
    "two cases of a yes": (
        "- {ask: A?, type: yesno, save: a}\n- {switch: a, cases: {yes: {end: a}, true: {end: b}}}",
        "F321",
        5,
        "leave",
    ),
    "one word for two answers": ("- ask: A?\n  choices: {a: [x], b: [X]}", "F321", 5, "another"),
    "another phone": ("- set: {contact.phone: x}", "F310", 4, "known by"),
    "groups set by hand": ("- set: {contact.groups: x}", "F310", 4, "group: {add"),
    "lists set by hand": ("- set: {contact.subscribed: x}", "F310", 4, "subscribe: <list>"),
    "a field nobody declared": ("- set: {contact.ctiy: Leeds}", "F405", 4, "did you mean 'city'?"),
    "a word of ours is set": ("- set: {now: 1}", "F310", 4, "contact.<field>"),
}

TEMPLATES = {
    "a brace too few": ("- send: 'Hello {{ contact.city }'", "F401", 4, "{{ }}"),
    "an if without an end": ("- send: 'Hello {% if now %}'", "F401", 4, "endif"),
    "an unset name": ("- send: Hello {{ name }}", "F402", 4, "default('none')"),
    "a name set on one way": (
        "- {if: now, then: {set: {a: 1}}}\n- send: Got {{ a }}",
        "F402",
        5,
        "set it first",
    ),
    "a question that was skipped": (
        "- {ask: A?, save: a, skip: SKIP}\n- send: Got {{ a }}",
        "F402",
        5,
        "default",
    ),
    "an answer of a condition": (
        "- {ask: A?, save: a, when: today}\n- {if: a > 3, then: {end: b}}",
        "F402",
        5,
        "a is not none and ...",
    ),
    "an answer that is not saved": (
        "- ask: A?\n  choices: {a: [x]}\n- {if: answer == 'a', then: {end: b}}",
        "F402",
        6,
        "line 4 lacks `save: answer`",
    ),
    "a name of no step": ("- {send: Hi, when: colour}", "F402", 4, "set it first"),
    "a name nearly right": (
        "- {ask: A?, save: colour}\n- send: Got {{ color }}",
        "F402",
        5,
        "did you mean 'colour'?",
    ),
    "an unreadable condition": ("- {if: a >, then: {end: b}}", "F403", 4, "score <= 3"),
    "braces in a condition": ("- {if: '{{ now }}', then: {end: b}}", "F404", 4, "out: now"),
    "a contact's field misspelt": ("- send: In {{ contact.town }}", "F405", 4, "declare"),
}

GRAPH = {
    "a step behind an end": ("- end: a\n- send: Hi", "F501", 5, "remove"),
    "a step behind a person who leads elsewhere": (
        "- handoff: desk\n  timeout: 1h\n  on_timeout: {end: a}\n  on_closed: {end: b}\n- send: Hi",
        "F501",
        8,
        "remove",
    ),
    "a step behind a question whose answers all end": (
        "- ask: Well?\n  type: yesno\n  then: {yes: {end: a}, no: {end: b}}\n- send: Hi",
        "F501",
        7,
        "remove",
    ),
    "a step behind a choice whose ways all end": (
        "- if: contact.city == 'Leeds'\n  then: {end: a}\n  else: {end: b}\n- send: Hi",
        "F501",
        7,
        "remove",
    ),
    "a section apart": ("- end: a\nsections:\n  b: [{end: c}]", "F501", 6, "goto: b"),
    "a loop without a wait": ("- {send: Hi, id: a}\n- goto: a", "F503", 5, "wait"),
    "a loop of conditions": ("- {send: Hi, id: a}\n- {goto: a, when: now}", "F503", 5, "wait"),
}

SMS = {
    "a text of two segments": (f"- send: {'long ' * 40}", "F602", 4, "shorter"),
    "a text of five segments": (f"- send: {'long ' * 140}", "F603", 4, "shorter"),
    "a dear character": (f"- send: {'long ' * 25} ê", "F602", 4, "another way"),
    "a stop word as an answer": (
        "- ask: A?\n  choices: {go: [cancel, X]}",
        "F701",
        5,
        "CANCEL is opted out",
    ),
    "a help word as an answer": ("- ask: A?\n  choices: {go: [Info!]}", "F701", 5, "help text"),
    "a stop word that skips": ("- {ask: A?, skip: [END]}", "F701", 4, "opted out"),
}

TABLE = {**YAML, **KEYS, **NAMES, **TEMPLATES, **GRAPH, **SMS}


@pytest.mark.parametrize(("text", "code", "line", "hint"), TABLE.values(), ids=TABLE)
def test_a_broken_step_is_told_once_with_its_cure(
    text: str, code: str, line: int, hint: str
) -> None:
    """One mistake gives one issue: its code, its line, and a hint that mends it."""
    issue = only(load_flow(steps(text)))
    assert (issue.code, issue.place.line) == (code, line), issue
    assert hint in issue.hint


TOPS = {
    "no version": ("steps: [{end: a}]", "F201", 1, "version"),
    "another version": ("smsflow: 2\nsteps: [{end: a}]", "F209", 1, "smsflow: 1"),
    "no steps": ("smsflow: 1", "F201", 1, "order"),
    "a misspelt key": ("smsflow: 1\nsteps: [{end: a}]\nmod: queue", "F203", 3, "'mode'"),
    "mistakes that are not counted so": (
        "smsflow: 1\ntriggers: [{keyword: A, fuzzy: 3}]\nsteps: [{end: a}]",
        "F207",
        2,
        "auto",
    ),
    "mistakes of a pattern": (
        "smsflow: 1\ntriggers: [{pattern: a, fuzzy: auto}]\nsteps: [{end: a}]",
        "F211",
        2,
        "leave",
    ),
    "an answer to no question": (
        "smsflow: 1\ntriggers: [{keyword: A, fills: [b, c]}]\nsteps: [{ask: B, save: b}]",
        "F319",
        2,
        "its questions save: b",
    ),
    "an answer to a question with a typo": (
        "smsflow: 1\ntriggers: [{keyword: A, fills: dya}]\nsteps: [{ask: B, save: day}]",
        "F319",
        2,
        "'day'",
    ),
    "consent by a mistyped word": (
        "smsflow: 1\ntriggers: [{keyword: OFFERS, fuzzy: 1}]\nsteps: [{subscribe: offers}]",
        "F703",
        2,
        "exact",
    ),
    "a trigger of two kinds": (
        "smsflow: 1\ntriggers: [{api: true, keyword: A}]\nsteps: [{end: a}]",
        "F205",
        2,
        "one of",
    ),
    "a schedule with inputs of an event": (
        "smsflow: 1\ntriggers: [{schedule: '0 9 * * *', inputs: [n]}]\nsteps: [{end: a}]",
        "F211",
        2,
        "name: value",
    ),
    "a schedule with the group of a text": (
        "smsflow: 1\ntriggers: [{schedule: '0 9 * * *', from_group: vip}]\nsteps: [{end: a}]",
        "F211",
        2,
        "audience",
    ),
    "a trigger that says no": (
        "smsflow: 1\ntriggers: [{api: false}]\nsteps: [{end: a}]",
        "F208",
        2,
        "leave",
    ),
    "a broken pattern": (
        "smsflow: 1\ntriggers: [{pattern: '(a'}]\nsteps: [{end: a}]",
        "F406",
        2,
        "quotes",
    ),
    "a stop word as a keyword": (
        "smsflow: 1\ntriggers: [{keyword: [GO, Stop]}]\nsteps: [{end: a}]",
        "F701",
        2,
        "STOP",
    ),
    "a keyword twice": (
        "smsflow: 1\ntriggers: [{keyword: A}, {keyword: a!}]\nsteps: [{end: a}]",
        "F320",
        2,
        "never",
    ),
    "an unknown number": (
        "smsflow: 1\ntriggers: [{keyword: A, to: b}]\nsteps: [{end: a}]",
        "F302",
        2,
        "main",
    ),
    "a default of no verb": (
        "smsflow: 1\ndefaults: {aks: {timeout: 1d}}\nsteps: [{end: a}]",
        "F206",
        2,
        "'ask'",
    ),
    "a default of no key": (
        "smsflow: 1\ndefaults: {ask: {timeuot: 1d}}\nsteps: [{end: a}]",
        "F203",
        2,
        "'timeout'",
    ),
    "an input of no type": (
        "smsflow: 1\ninputs: {a: strin}\nsteps: [{end: a}]",
        "F207",
        2,
        "text",
    ),
    "a default that does not fit": (
        "smsflow: 1\ninputs: {a: {type: integer, default: x}}\nsteps: [{end: a}]",
        "F202",
        2,
        "integer",
    ),
    "a section called main": (
        "smsflow: 1\nsteps: [{end: a}]\nsections: {main: [{end: a}]}",
        "F310",
        3,
        "another",
    ),
    "nothing": ("", "F502", 1, "smsflow: 1"),
    "a list": ("- smsflow: 1", "F202", 1, "keys"),
    "two flows without names": (
        "smsflow: 1\nflow: a\nsteps: [{end: a}]\n---\nsmsflow: 1\nsteps: [{end: a}]",
        "F201",
        5,
        "flow: name",
    ),
    "two flows of one name": (
        "smsflow: 1\nflow: a\nsteps: [{end: a}]\n---\nsmsflow: 1\nflow: a\nsteps: [{end: a}]",
        "F308",
        5,
        "rename",
    ),
    "a keyword that brings no input": (
        "smsflow: 1\ninputs: {a: text}\ntriggers: [{keyword: A}]\nsteps:\n- send: Hi {{ a }}",
        "F402",
        5,
        "default",
    ),
}


@pytest.mark.parametrize(("text", "code", "line", "hint"), TOPS.values(), ids=TOPS)
def test_a_broken_flow_is_told_once_with_its_cure(
    text: str, code: str, line: int, hint: str
) -> None:
    """Mistakes at the top of a flow are told like those in steps."""
    issue = only(load_flow(text))
    assert (issue.code, issue.place.line) == (code, line), issue
    assert hint in issue.hint


def test_a_filter_nearly_right_is_told_with_the_right_one() -> None:
    """A name far from all filters is told with the list of them."""
    issue = only(load_flow(steps("- send: 'Hi {{ contact.city | uper }}'")))
    assert issue.message.endswith("no filter 'uper'; did you mean 'upper'?")
    assert "docs/language.md" in issue.hint
    issue = only(load_flow(steps("- send: 'Hi {{ contact.city | xyz }}'")))
    assert "there are abs, capitalize" in issue.message


def test_a_template_file_of_another_name_is_to_be_renamed() -> None:
    """The file is there, and only its language is missing or written otherwise."""
    loaded = load_flow(steps("- send: {template: hi}"), {"templates/hi.EN.j2": "Hello"})
    assert only(loaded).hint == "name templates/hi.EN.j2 so"
