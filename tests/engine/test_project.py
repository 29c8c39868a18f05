"""smsflow.yaml, and the sample project as a whole."""

import random
import time
from datetime import timedelta

import pytest

from smsflow.engine.language import grammar
from smsflow.engine.language.compose import read
from smsflow.engine.language.grammar import Key
from smsflow.engine.language.parse import load, read_project
from smsflow.engine.language.source import Mapping, Node, Scalar, Sequence
from smsflow.engine.model import Caps, Duration, Keep, Project, QuietHours, StartLimit
from smsflow.errors import Issue
from tests.engine.reading_helpers import PROJECT, sample


def project_of(text: str) -> Project:
    """The project of a text without issues."""
    project, issues = read_project(text)
    assert issues == [], issues
    assert project is not None
    return project


def test_the_sample_project_has_no_mistakes() -> None:
    """No errors and no warnings, four flows, two numbers."""
    loaded = load(sample())
    assert loaded.issues == ()
    assert set(loaded.flows) == {"hours", "otp", "appointment-reminder", "csat-survey"}
    assert loaded.project is not None
    assert [(each.name, each.address) for each in loaded.project.numbers.values()] == [
        ("main", "+447700900000"),
        ("backup", "+447700900001"),
    ]


def test_the_sample_says_what_it_says() -> None:
    """Providers, policies, quiet hours, fields and words arrive in the model."""
    project, issues = read_project(sample()["smsflow.yaml"])
    assert issues == []
    assert project is not None
    primary = project.providers["primary"]
    assert (primary.kind, primary.url, primary.password) == (
        "pigeonhost",
        "env.SMS_URL",
        "env.SMS_PASSWORD",
    )
    assert (primary.rate, primary.mo["sender"]) == (50.0, "who")
    careful = project.policies["careful"]
    assert (careful.via, careful.report_within) == (("main", "backup"), Duration(seconds=7200))
    assert careful.failover_on == {"rejected", "undeliverable"}
    assert (careful.resend_times, careful.resend_after) == (1, Duration(seconds=1800))
    assert careful.resend_on == {"expired", "no_report"}
    kinds = frozenset({"marketing", "transactional"})
    assert project.quiet == QuietHours(21 * 60, 8 * 60, kinds)
    assert project.fields["first_name"].default == "friend"
    assert "ARRET" in project.stop_words
    assert project.countries == ("GB", "FR")
    assert project.default_reply is not None


def test_a_small_project_has_defaults() -> None:
    """What is not written has a value that works."""
    project = project_of(PROJECT)
    assert (project.name, project.timezone, project.languages) == ("smsflow", "UTC", ("en",))
    assert (project.quiet, project.countries, project.stop_words) == (None, (), ())
    assert project.policy(None).via == ("main",)


def test_caps_and_how_long_things_are_kept() -> None:
    """What is not written keeps its default."""
    assert project_of(PROJECT).caps == Caps()
    text = PROJECT + "limits: {texts: 30/1d, prefix: 500/1h}\nkeep: {texts: 4w, traces: 72h}\n"
    project = project_of(text)
    assert project.caps == Caps(
        texts=StartLimit(30, Duration(days=1)), prefix=StartLimit(500, Duration(seconds=3600))
    )
    assert project.keep == Keep(texts=timedelta(days=28), traces=timedelta(days=3))


def test_texts_of_compliance_can_be_replaced() -> None:
    """They stand under the names of the built-in ones."""
    text = PROJECT + "compliance: {stop: [HALT], texts: {stopped: You are out.}}\n"
    project = project_of(text)
    assert project.stop_words == ("HALT",)
    assert project.texts["compliance.stopped"].in_language("en").source == "You are out."


@pytest.mark.parametrize(
    ("old", "new", "code", "hint"),
    [
        ("languages", "langauges", "F203", "did you mean 'languages'?"),
        ("smsflow-project: 1", "smsflow-project: 2", "F209", "smsflow-project: 1"),
        ("pigeonhost", "pigeon", "F207", "did you mean 'pigeonhost'?"),
        ("provider: one", "provider: two", "F306", "one"),
        ("+447700900000", "07700 900000", "F208", "country code"),
        ("https://sms.example", "sms.example", "F208", "https://"),
        ("via: [main]", "via: [mian]", "F302", "did you mean 'main'?"),
        ("deliver: {normal", "audit: {}\ndeliver: {normal", "F203", "did you mean"),
        ("url: ", "password: secret, url: ", "F208", "env.ONE_PASSWORD"),
        ("languages: [en]", "languages: [EN]", "F310", "pt-BR"),
        ("languages: [en]", "timezone: London", "F208", "Europe/London"),
        ("languages: [en]", "quiet: {from: 21:00, to: 8}", "F208", ""),
        ("languages: [en]", "quiet: {from: 21:00, to: 21:00}", "F208", "different"),
        ("languages: [en]", "quiet: {from: 21:00}", "F201", "not quiet"),
        ("languages: [en]", "countries: [uk]", "F208", "GB"),
        ("languages: [en]", "limits: {marketing: 1/60d}", "F208", "30/1d"),
        ("languages: [en]", "limits: {texts: 30}", "F208", ""),
        ("languages: [en]", "keep: {texts: 1d}", "F208", "3d or more"),
        ("languages: [en]", "keep: {consent: 30d}", "F203", ""),
        ("city: text", "phone: text", "F310", "leave"),
        ("city: text", "city: object", "F207", "fields"),
        ("city: text", "city: txt", "F207", "did you mean 'text'?"),
        ("numbers: {", "numbers: {b: {address: '+447700900000', provider: one}, ", "F307", "once"),
        ("languages: [en]", "default_reply: Well {{ x", "F401", "{{ }}"),
    ],
)
def test_a_broken_project_is_told_once_with_its_cure(
    old: str, new: str, code: str, hint: str
) -> None:
    """Each mistake in smsflow.yaml gives one issue, and no project."""
    assert old in PROJECT
    project, issues = read_project(PROJECT.replace(old, new, 1))
    assert project is None
    assert [issue.code for issue in issues] == [code], issues
    assert hint in issues[0].hint


def test_a_missing_project_names_the_cure() -> None:
    """Without smsflow.yaml there is one issue, at that file."""
    loaded = load({"flows/a.yaml": b"smsflow: 1\nsteps: [{end: a}]"})
    (issue,) = loaded.issues
    assert (issue.place.file, issue.code, loaded.flows) == ("smsflow.yaml", "F201", {})
    assert "`smsflow init DIR`" in issue.hint


def test_flows_are_checked_though_the_project_is_broken() -> None:
    """A mistake in smsflow.yaml hides none in the flows, and makes none up."""
    files = sample()
    files["smsflow.yaml"] = files["smsflow.yaml"].replace(b"timezone", b"timezon")
    assert [issue.code for issue in load(files).issues] == ["F203"]
    files["flows/hours.yaml"] = files["flows/hours.yaml"].replace(b"send", b"sned")
    assert sorted(issue.code for issue in load(files).issues) == ["F203", "F206"]


# --- the samples, broken --------------------------------------------------------------------------

WORDS = {
    *grammar.VERBS,
    *grammar.FLOW,
    *grammar.TRIGGER,
    *grammar.PROJECT,
    *grammar.COMMON,
    *(name for verb in grammar.VERBS.values() for name in verb.keys),
}


def _inner(keys: dict[str, Key] | object) -> set[str]:
    """The keys of records inside keys."""
    found: set[str] = set()
    if isinstance(keys, dict):
        for key in keys.values():
            for slot in (key.slot, key.slot.item):
                if slot is not None:
                    found |= set(slot.keys) | _inner(dict(slot.keys))
    return found


WORDS |= _inner(dict(grammar.FLOW)) | _inner(dict(grammar.PROJECT))
for _verb in grammar.VERBS.values():
    WORDS |= _inner(dict(_verb.keys)) | set(_verb.slot.keys)

# Below these the author chooses the names of keys, so a misspelling is another name.
FREE = {"words", "choices", "fields", "vars", "set", "mo", "numbers", "providers", "deliver"}


def keys_of(node: Node, free: bool = False) -> list[Scalar]:
    """The keys of a tree that are words of the language."""
    found: list[Scalar] = []
    if isinstance(node, Sequence):
        for each in node:
            found += keys_of(each)
    elif isinstance(node, Mapping):
        for key, child in node:
            if key.text in WORDS and not free:
                found.append(key)
            found += keys_of(child, free=key.text in FREE and isinstance(child, Mapping))
    return found


def test_any_misspelt_key_of_the_samples_is_found_at_its_line() -> None:
    """Every word of the language in every sample, with two letters swapped or one doubled."""
    files = sample()
    tried = 0
    for path, data in files.items():
        if not path.endswith(".yaml"):
            continue
        lines = data.decode().split("\n")
        for document in read(data.decode(), path)[0]:
            for key in keys_of(document.root):
                line, start = key.place.line - 1, key.place.column - 1
                wrong = key.text + key.text[-1] + "q"
                changed = lines[line][:start] + wrong + lines[line][start + len(key.text) :]
                text = "\n".join([*lines[:line], changed, *lines[line + 1 :]])
                issues = load({**files, path: text.encode()}).issues
                places = {(each.place.file, each.place.line) for each in issues}
                assert (path, key.place.line) in places, (key, issues)
                tried += 1
    assert tried > 150


def mutated(rng: random.Random, data: bytes) -> bytes:
    """A file with some of it cut, doubled, moved or replaced."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(found) + 1)
        end = min(len(found), at + rng.randint(0, 12))
        piece = rng.choice([b"", bytes(found[at:end]) * 2, rng.randbytes(2), b"{{ ", b"- ", b": "])
        found[at:end] = rng.choice([piece, rng.choice([b"[", b"]", b"{", b"}", b"#", b"'", b"\n"])])
    return bytes(found)


def test_mutated_samples_never_raise() -> None:
    """Whatever becomes of a file, the project is read to its end, with places that exist."""
    rng = random.Random(20250330)
    files = sample()
    for _ in range(400):
        path = rng.choice(sorted(files))
        broken = {**files, path: mutated(rng, files[path])}
        for issue in load(broken).issues:
            assert issue.place.file in {*broken, "smsflow.yaml"}
            assert issue.place.line >= 1
            assert issue.place.column >= 1


def test_two_hundred_flows_are_read_in_a_moment() -> None:
    """Loading grows with the number of flows, and no faster."""
    files = sample()
    for number in range(200):
        text = files["flows/csat-survey.yaml"].decode()
        text = text.replace("FEEDBACK", f"FEED{number}").replace("AVIS", f"AVIS{number}")
        files[f"flows/copy{number}.yaml"] = text.encode()
    begun = time.process_time()
    loaded = load(files)
    assert time.process_time() - begun < 5
    assert (len(loaded.flows), loaded.issues) == (204, ())


def test_issues_come_sorted_and_once() -> None:
    """By file, line and column, the same mistake never twice."""
    files = sample()
    files["flows/a.yaml"] = b"smsflow: 1\nsteps:\n- sned: a\n- snd: b\n"
    files["flows/hours.yaml"] += b"x: 1\n"
    issues: tuple[Issue, ...] = load(files).issues
    assert list(issues) == sorted(issues, key=lambda issue: issue.place)
    assert len(set(issues)) == len(issues) == 3
