"""The project that runs, in two versions: flows in which every reply names the text it answers."""

from __future__ import annotations

from pathlib import Path

ADDRESS = "447700900000"
PROVIDER = "primary"
VERSIONS = (1, 2)

_PROJECT = """\
smsflow-project: 1
name: Chaos
languages: [en]
timezone: Europe/London
numbers:
  main: {address: "+447700900000", provider: primary}
providers:
  primary:
    kind: pigeonhost
    url: env.SMS_URL
    user: env.SMS_USER
    password: env.SMS_PASSWORD
    webhook_secret: env.SMS_WEBHOOK_SECRET
countries: [GB]
limits: {replies: 100000/1h}
"""
_SAY = """\
smsflow: 1
description: One answer to one text
mode: parallel
limits: {{starts: 100000/1h}}
triggers:
  - keyword: SAY
steps:
  - send: "v{version} heard {{{{ message.text }}}}"
"""
_ASK = """\
smsflow: 1
description: Two questions, of one version from the first to the last
limits: {{starts: 100000/1h}}
triggers:
  - keyword: ASK
steps:
  - ask: "v{version} first question of {{{{ message.text }}}}"
    save: one
    timeout: 12h
    on_timeout: {{end: over}}
  - ask: "v{version} second question after {{{{ one }}}}"
    save: two
    timeout: 12h
    on_timeout: {{end: over}}
  - send: "v{version} thanks for {{{{ one }}}} and {{{{ two }}}}"
  - end: done
"""


def write(folder: Path, version: int) -> None:
    """Write the project's files as of that version."""
    flows = folder / "flows"
    flows.mkdir(parents=True, exist_ok=True)
    (folder / "smsflow.yaml").write_text(_PROJECT)
    (flows / "say.yaml").write_text(_SAY.format(version=version))
    (flows / "ask.yaml").write_text(_ASK.format(version=version))
