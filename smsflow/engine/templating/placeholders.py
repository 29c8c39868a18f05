"""What stands in braces in a text, so that a translation can be compared with its original."""

from __future__ import annotations

import re

from jinja2 import TemplateSyntaxError

from smsflow.engine.templating.syntax import tokens

_ENDS = {"variable_end": "{{ %s }}", "block_end": "{%% %s %%}"}
_QUOTED = re.compile(r"""(['"]).*\1""", re.DOTALL)


def placeholders(source: str) -> dict[str, str]:
    """Each `{{ ... }}` and `{% ... %}` of a text as it is written, by what has to stay in a
    translation: all of it but words in quotes. {} for a text that can't be read."""
    found: dict[str, str] = {}
    shape, shown = "", ""
    try:
        for _, kind, value in tokens(source):
            if kind in ("variable_begin", "block_begin"):
                shape = shown = ""
            elif kind in _ENDS:
                found.setdefault(_ENDS[kind] % shape.strip(), _ENDS[kind] % shown.strip())
            else:
                shape += "''" if _QUOTED.fullmatch(value) else value.strip() or " "
                shown += value
    except TemplateSyntaxError:
        return {}
    return {re.sub(r"\s+", "", key): text for key, text in found.items()}
