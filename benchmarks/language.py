"""What the flow language costs: routing a keyword, taking an answer, checking a project.

    python -m benchmarks.language

Each figure stands beside one of something well known that is measured in the same run, so that it
means the same on every machine: a look-up in a dict, the conversation's way through JSON and back,
PyYAML's own loading of the same files. Nothing is cached that a process at work would not have:
the check is the first of its process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from time import process_time

import yaml

from smsflow.engine import world
from smsflow.engine.events import TextReceived
from smsflow.engine.language.parse import load
from smsflow.engine.machine import advance
from smsflow.engine.state import Contact, Conversation
from smsflow.engine.words.keywords import KeywordEntry, KeywordIndex

WORDS = 10_000
FLOWS = 200
NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
PROJECT = b"""\
smsflow-project: 1
languages: [en, fr]
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
"""
FLOW = """\
smsflow: 1
description: Number NUMBER of many
triggers:
  - keyword: [WORDNUMBER, OTHERNUMBER]
steps:
  - ask:
      en: How did we do today at NUMBER? Reply 1 (poor) to 5 (great).
      fr: Comment était notre service NUMBER? Répondez de 1 (mauvais) à 5 (excellent).
    save: score
    type: integer
    range: [1, 5]
    retry:
      times: 2
      text: {en: Please reply from 1 to 5 to NUMBER., fr: Répondez de 1 à 5 à NUMBER.}
    timeout: 2d
    on_timeout: {end: silent}
  - ask:
      en: "What stood out at NUMBER? A) wait B) staff"
      fr: "Quel souci chez NUMBER? A) attente B) accueil"
    save: reason
    choices: {wait: [A, attente], staff: [B, rude]}
  - if: score <= 3 and score != NUMBER
    then:
      send: {en: "Sorry for NUMBER, {{ score }} is not enough.", fr: "Non, {{ score }}, NUMBER."}
    else: {send: {en: Thank you from NUMBER., fr: Merci de NUMBER.}}
  - set: {contact.language: en}
  - end: done
"""


def project() -> dict[str, bytes]:
    """A project of many flows."""
    flows = {f"flows/f{n}.yaml": FLOW.replace("NUMBER", str(n)).encode() for n in range(FLOWS)}
    return {"smsflow.yaml": PROJECT, **flows}


def microseconds(call: Callable[[], object], times: int = 2_000, rounds: int = 7) -> float:
    """What one call takes in the best of some rounds, in time of this process."""
    taken = []
    for _ in range(rounds):
        begun = process_time()
        for _ in range(times):
            call()
        taken.append((process_time() - begun) / times * 1e6)
    return min(taken)


def checking() -> tuple[float, float, int]:
    """Seconds of the check and of PyYAML's load of the same files, and the bytes of them."""
    files = project()
    begun = process_time()
    loaded = load(files)
    taken = process_time() - begun
    if loaded.errors:
        raise SystemExit("\n".join(map(str, loaded.errors)))
    begun = process_time()
    for data in files.values():
        yaml.safe_load(data)
    return taken, process_time() - begun, sum(map(len, files.values()))


def routing() -> tuple[float, float]:
    """Microseconds of a keyword among many, and of a look-up of it in a dict."""
    words = [f"word{n}" for n in range(WORDS)]
    index = KeywordIndex(KeywordEntry((each,), "first", None, each, "auto") for each in words)
    plain = dict.fromkeys(words, 1)
    text = "Word7391 please"
    return (
        microseconds(lambda: index.find(text, "main")),
        microseconds(lambda: plain[text.casefold().split()[0]]),
    )


def answering() -> tuple[float, float]:
    """Microseconds of an answer, and of the conversation's way through JSON and back."""
    loaded = load({"smsflow.yaml": PROJECT, "flows/f1.yaml": FLOW.replace("NUMBER", "1").encode()})
    if loaded.project is None:
        raise SystemExit("\n".join(map(str, loaded.errors)))
    at_work = world.build(loaded.project, loaded.flows, secret=b"a secret of benchmarks")
    rng = Random(1)
    contact = Contact("+447700900123")

    def texts(conversation: Conversation, text: str) -> Conversation:
        event = TextReceived(text, "main", NOW)
        return advance(at_work, conversation, event, now=NOW, rng=rng)[0]

    asked = texts(Conversation(contact), "word1")
    return (
        microseconds(lambda: texts(asked, "4")),
        microseconds(lambda: Conversation.from_json(json.loads(json.dumps(asked.to_json())))),
    )


def main() -> None:
    """Print the three figures."""
    check, load_only, size = checking()
    keyword, look_up = routing()
    answer, copied = answering()
    print(f"keyword among {WORDS:,}: {keyword:.1f} us, {keyword / look_up:.0f} look-ups in a dict")
    print(f"answer to an ask: {answer:.0f} us, {answer / copied:.1f} ways through JSON and back")
    print(
        f"{FLOWS} flows ({size / 1000:.0f} KB) checked cold: {check:.2f} s,"
        f" {check / load_only:.2f} times PyYAML's safe_load ({load_only:.2f} s)"
    )


if __name__ == "__main__":
    main()
