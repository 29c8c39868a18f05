"""Files beside the project: nobody else on the machine reads them, and a broken key is no key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from smsflow.config import Settings
from smsflow.engine.words.keywords import PatternError, compile_pattern
from smsflow.errors import SettingsInvalid


def test_the_folder_of_the_embedded_default_is_private(tmp_path: Path) -> None:
    """Texts, numbers and the key of the codes lie in it."""
    settings = Settings.from_environment({}, project=tmp_path)
    settings.make_home()
    settings.digest_key()
    home = tmp_path / ".smsflow"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("key", ["", "\n", "short"])
def test_a_key_that_was_cut_off_is_refused(tmp_path: Path, key: str) -> None:
    """Codes keyed with nothing could be read from a stolen database."""
    home = tmp_path / ".smsflow"
    home.mkdir()
    (home / "secret.key").write_text(key)
    with pytest.raises(SettingsInvalid, match="no whole key"):
        Settings.from_environment({}, project=tmp_path).digest_key()


@pytest.mark.parametrize("name", ["SMSFLOW_SECRET_KEY", "SMSFLOW_API_TOKEN"])
def test_a_secret_that_can_be_guessed_is_refused(tmp_path: Path, name: str) -> None:
    """Sixteen characters at least."""
    with pytest.raises(SettingsInvalid, match=f"{name} must have 16"):
        Settings.from_environment({name: "letmein"}, project=tmp_path)


def test_a_pattern_that_takes_ages_to_compile_is_refused() -> None:
    """Its length is bounded before it is compiled."""
    with pytest.raises(PatternError, match="at most 1,000"):
        compile_pattern("(a|b)" * 50_000)
