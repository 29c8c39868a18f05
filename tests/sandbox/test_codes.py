"""Response codes: the tables of the manual."""

from __future__ import annotations

import pytest

from smsflow.sandbox.codes import ERROR_BY_ID, STATUS_BY_ID, error_of, status_of


def test_the_tables_hold_every_row_of_the_manual():
    """34 statuses and 91 errors, each in a group that exists."""
    assert (len(STATUS_BY_ID), len(ERROR_BY_ID)) == (34, 91)
    assert all(status.group_name for status in STATUS_BY_ID.values())
    assert all(error.group_name for error in ERROR_BY_ID.values())


def test_a_code_is_found_by_name_and_by_id():
    """The name that two statuses share means the first."""
    assert status_of("REJECTED_DESTINATION").id == 14
    assert status_of(52).description == "Invalid destination address."
    assert error_of("EC_ABSENT_SUBSCRIBER") is error_of(27)


@pytest.mark.parametrize("lookup", [status_of, error_of])
@pytest.mark.parametrize("key", ["NO_SUCH_CODE", 9999])
def test_an_unknown_code_is_a_mistake(lookup, key):
    """A script can't invent codes."""
    with pytest.raises(ValueError, match="in the manual"):
        lookup(key)
