"""From what was read of a step to the step: one builder for each verb."""

from __future__ import annotations

from collections.abc import Mapping

from smsflow.engine.language.verbs import calling, deciding, people, texts, waiting
from smsflow.engine.language.verbs.building import Builder

BUILDERS: Mapping[str, Builder] = {
    **texts.BUILDERS,
    **waiting.BUILDERS,
    **deciding.BUILDERS,
    **people.BUILDERS,
    **calling.BUILDERS,
}
