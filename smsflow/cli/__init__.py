"""The command line: `smsflow check`, `test`, `chat`, `web`, `worker` and the others.

A mistake of the user is told in their words, with the cure, and never as a traceback:

| exit code | meaning |
|---|---|
| 0 | done; `check` may have found warnings |
| 1 | the project's files hold mistakes, a test failed, the demo saw what the flows don't say, or |
|   | `audit` found differences; what was to be resent, closed, replayed or answered is gone |
|   | or stays; `texts import` left a text; |
|   | `trace` knows no such session |
| 2 | a setting, an option or a test file is wrong; `audit`, `lookup` or `provider logs` could not |
|   | ask the provider |
| 5 | `test` found no test |
| 130 | interrupted by Ctrl-C |

One module for each group of commands. Each command imports what it needs when it runs, so that
`smsflow --help` answers at once.
"""

from smsflow.cli import (  # their commands join the group
    auditing,
    broadcasting,
    chatting,
    checking,
    counting,
    database,
    describing,
    developing,
    drawing,
    erasing,
    explaining,
    handing,
    looking,
    moving,
    operating,
    providing,
    running,
    serving,
    starting,
    testing,
    tracing,
    translating,
)
from smsflow.cli.group import main, smsflow

__all__ = [
    "auditing",
    "broadcasting",
    "chatting",
    "checking",
    "counting",
    "database",
    "describing",
    "developing",
    "drawing",
    "erasing",
    "explaining",
    "handing",
    "looking",
    "main",
    "moving",
    "operating",
    "providing",
    "running",
    "serving",
    "smsflow",
    "starting",
    "testing",
    "tracing",
    "translating",
]
