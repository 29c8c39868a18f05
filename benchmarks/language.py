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
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: keywords, flows, calls in a round, rounds."""

    words: int = 10_000
    flows: int = 200
    times: int = 2_000
    rounds: int = 7


FULL = Size()


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured, and what something well known took in the same run."""

    name: str
    took: float
    known: float
    unit: str
    what: str

    @property
    def told(self) -> str:
        """Both in a line."""
        ratio = self.took / self.known
        digits = 1 if ratio >= 3 else 2
        return (
            f"{self.name}: {self.took:.2f} {self.unit},"
            f" {ratio:.{digits}f} {self.what} ({self.known:.2f} {self.unit})"
        )


def project(flows: int) -> dict[str, bytes]:
    """A project of that many flows."""
    files = {f"flows/f{n}.yaml": FLOW.replace("NUMBER", str(n)).encode() for n in range(flows)}
    return {"smsflow.yaml": PROJECT, **files}


def microseconds(call: Callable[[], object], size: Size) -> float:
    """What one call takes in the best of some rounds, in time of this process."""
    taken = []
    for _ in range(size.rounds):
        begun = process_time()
        for _ in range(size.times):
            call()
        taken.append((process_time() - begun) / size.times * 1e6)
    return min(taken)


def checking(size: Size = FULL) -> Found:
    """Seconds of the check, and of PyYAML's load of the same files."""
    files = project(size.flows)
    begun = process_time()
    loaded = load(files)
    taken = process_time() - begun
    if loaded.errors or len(loaded.flows) != size.flows:
        raise SystemExit("\n".join(map(str, loaded.errors)) or "a flow is missing")
    begun = process_time()
    for data in files.values():
        yaml.safe_load(data)
    kilobytes = sum(map(len, files.values())) / 1000
    name = f"{size.flows} flows ({kilobytes:.0f} KB) checked cold"
    return Found(name, taken, process_time() - begun, "s", "times PyYAML's safe_load")


def routing(size: Size = FULL) -> Found:
    """Microseconds of a keyword among many, and of a look-up of it in a dict."""
    words = [f"word{n}" for n in range(size.words)]
    index = KeywordIndex(KeywordEntry((each,), "first", None, each, "auto") for each in words)
    plain = dict.fromkeys(words, 1)
    wanted = words[size.words * 3 // 4]
    text = f"{wanted.capitalize()} please"
    found = index.find(text, "main")
    if found is None or found.target != wanted:
        raise SystemExit(f"{text!r} does not find its keyword")
    return Found(
        f"keyword among {size.words:,}",
        microseconds(lambda: index.find(text, "main"), size),
        microseconds(lambda: plain[text.casefold().split()[0]], size),
        "us",
        "look-ups in a dict",
    )


def answering(size: Size = FULL) -> Found:
    """Microseconds of an answer, and of the conversation's way through JSON and back."""
    loaded = load({"smsflow.yaml": PROJECT, "flows/f1.yaml": FLOW.replace("NUMBER", "1").encode()})
    if loaded.project is None:
        raise SystemExit("\n".join(map(str, loaded.errors)))
    at_work = world.build(loaded.project, loaded.flows, secret=b"a secret of benchmarks")
    rng = Random(1)

    def texts(conversation: Conversation, text: str) -> Conversation:
        event = TextReceived(text, "main", NOW)
        return advance(at_work, conversation, event, now=NOW, rng=rng)[0]

    asked = texts(Conversation(Contact("+447700900123")), "word1")
    if texts(asked, "4").sessions[0].variables.get("score") != 4:
        raise SystemExit("the answer is not taken")
    return Found(
        "answer to an ask",
        microseconds(lambda: texts(asked, "4"), size),
        microseconds(lambda: Conversation.from_json(json.loads(json.dumps(asked.to_json()))), size),
        "us",
        "ways through JSON and back",
    )


def main() -> None:
    """Print the three figures."""
    for found in (checking(), routing(), answering()):
        print(found.told)


if __name__ == "__main__":
    main()
