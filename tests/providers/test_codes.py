"""The provider's codes: the tables are whole, and each code is read as what it means."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.providers.codes import STATUSES, Group, Retry, classify, status_named
from smsflow.providers.gsm_errors import ERRORS, ErrorGroup, error_name, error_named
from smsflow.providers.words import told
from smsflow.sms.answers import Verdict
from smsflow.sms.states import State

# The manual's numbers, by group.
STATUS_IDS = {
    0: {0},
    1: {1, 3, 7, 26, 27},
    2: {4, 9, 31},
    3: {2, 5, 30},
    4: {15, 22, 29},
    5: {6, 8, *range(10, 15), *range(16, 22), 23, 24, 25, 28, 51, 52},
}
OPERATOR_ERRORS = {10, 20, 51, 71, 501, 2048, 2050, 2051, 4097, 4102}
USER_ERRORS = {2049, 4096, 4100, 4101, *range(5002, 5006)}
NO_ERRORS = {0, 5000, 5001}
HANDSET_ERRORS = {
    *(1, 5, 6, 9, 11, 12, 13, 21, 27, *range(31, 37), 72, *range(255, 263)),
    *(500, 502, 503, 504, 507, 508, 509, 511, *range(1024, 1032), *range(1152, 1167)),
    *(*range(1281, 1285), *range(1536, 1542), *range(1792, 1797)),
}
PERMANENT = {
    *(1, 9, 10, 11, 12, 51, 72, 511, 2049, 2050, 4096, 4100, 4101, 4102),
    *range(5000, 5006),
}


def test_every_status_of_the_manual_is_in_the_table():
    """Ids and groups are the manual's, none twice."""
    found = {group: {row.id for row in STATUSES if row.group == group} for group in STATUS_IDS}
    assert found == STATUS_IDS
    assert len({row.id for row in STATUSES}) == len(STATUSES) == 34


def test_every_error_of_the_manual_is_in_the_table():
    """Ids, groups and permanence are the manual's."""
    groups = [
        {id_ for id_, error in ERRORS.items() if error.group == group} for group in ErrorGroup
    ]
    assert groups == [NO_ERRORS, HANDSET_ERRORS, USER_ERRORS, OPERATOR_ERRORS]
    assert {id_ for id_, error in ERRORS.items() if error.permanent} == PERMANENT
    assert len({error.name for error in ERRORS.values()}) == len(ERRORS) == 91


def test_the_tables_say_what_the_manual_says(payload):
    """Row by row: id, group, name, whether it advises something, and permanence."""
    manual = json.loads(payload("codes"))
    ours = [[row.id, row.group, row.name, row.action is not None] for row in STATUSES]
    assert ours[0] == [0, Group.ACCEPTED, "MESSAGE_ACCEPTED", False]  # in its examples only
    assert ours[1:] == manual["statuses"]
    assert [
        [error.id, error.group, error.name, error.permanent] for error in ERRORS.values()
    ] == manual["errors"]


def test_every_code_is_in_words_of_its_own():
    """Groups, statuses and errors, for people; two that mean the same may say the same."""
    rows = [*Group, *ErrorGroup, *STATUSES, *ERRORS.values()]
    assert all(len(each.description) > 5 for each in rows)
    assert len({row.description for row in STATUSES}) == len(STATUSES)


# What an operator may do about a text that ended so.
HELPS = {
    Retry.NOT_NEEDED: STATUS_IDS[0] | STATUS_IDS[1] | STATUS_IDS[3],
    Retry.LATER: {9, 15, 20, 21, 22, 29},
    Retry.ELSEWHERE: {4, 6, 16, 19, 31},
    Retry.MENDED: {11, 12, 13, 14, 17, 18},
    Retry.NEVER: {8, 10, 23, 24, 25, 28, 51, 52},
}


def test_every_status_says_what_may_help():
    """And only what nothing can help is permanent."""
    found = {retry: {row.id for row in STATUSES if row.retry is retry} for retry in Retry}
    assert found == HELPS
    assert {row.id for row in STATUSES if row.permanent} == HELPS[Retry.NEVER]


def test_every_error_says_what_may_help():
    """The operator's faults by another way, permanent ones by none, the others later."""
    found = {retry: {e.id for e in ERRORS.values() if e.retry is retry} for retry in Retry}
    assert found[Retry.NOT_NEEDED] == NO_ERRORS
    assert found[Retry.ELSEWHERE] == OPERATOR_ERRORS
    assert found[Retry.NEVER] == PERMANENT - NO_ERRORS - OPERATOR_ERRORS
    assert found[Retry.MENDED] == set()


def test_an_error_is_found_by_its_name():
    """However its underscores are spelt."""
    assert error_named("EC ABSENT SUBSCRIBER") is error_named("EC_ABSENT_SUBSCRIBER") is ERRORS[27]
    assert error_named("EC_NEW") is None


@pytest.mark.parametrize("row", STATUSES, ids=lambda row: f"{row.id}-{row.name}")
def test_a_whole_status_is_read_as_its_row(row):
    """What the provider writes today is read without a conflict."""
    found = classify(
        {"id": row.id, "groupId": int(row.group), "groupName": row.group.name, "name": row.name}
    )
    assert found.status == row
    assert (found.state, found.name, found.conflict) == (row.state, row.name, False)


CASES = {
    "the operator has it, the handset not yet": (
        {"id": 2, "groupId": 3, "groupName": "DELIVERED", "name": "DELIVERED_TO_OPERATOR"},
        State.SENT,
    ),
    "spaces for underscores, and no id": (
        {"groupId": 3, "groupName": "DELIVERED", "name": "DELIVERED TO HANDSET"},
        State.DELIVERED,
    ),
    "a line break inside a word": ({"name": "REJECTED_NOT_ENOUGH_CREDIT\nS"}, State.REJECTED),
    "lower case": ({"name": "delivered_to_handset"}, State.DELIVERED),
    "the manual's trap: two groups, and another name's id": (
        {"id": 1, "groupId": 3, "groupName": "PENDING", "name": "PENDING_WAITING_DELIVERY"},
        State.PENDING,
    ),
    "a final name in a group that is not": (
        {"groupName": "PENDING", "name": "DELIVERED_TO_HANDSET"},
        State.PENDING,
    ),
    "a final name with the operator's id": (
        {"id": 2, "groupName": "DELIVERED", "name": "DELIVERED_TO_HANDSET"},
        State.SENT,
    ),
    "two final readings: the name is first": (
        {"id": 5, "groupId": 3, "name": "UNDELIVERABLE_NOT_DELIVERED"},
        State.UNDELIVERABLE,
    ),
    "an unknown name in a known group": (
        {"id": 77, "groupId": 4, "groupName": "EXPIRED", "name": "EXPIRED_LATELY"},
        State.EXPIRED,
    ),
    "an unknown name with a known id": ({"id": 15, "name": "EXPIRED_LATELY"}, State.EXPIRED),
    "a group's name alone": ({"groupName": "undeliverable"}, State.UNDELIVERABLE),
    "a group's id alone": ({"groupId": 2}, State.UNDELIVERABLE),
    "nothing": ({}, State.PENDING),
    "nothing known": ({"id": 500, "groupId": 60, "name": "LOST_IN_SPACE"}, State.PENDING),
    "wrong types": ({"id": True, "groupId": [], "name": 5, "groupName": None}, State.PENDING),
}


@pytest.mark.parametrize(("status", "state"), CASES.values(), ids=CASES)
def test_a_status_is_read_as(status, state):
    """Name, groupName, id and groupId are asked in turn, and the less final reading wins."""
    assert classify(status).state is state


def test_a_conflict_is_told_with_all_groups():
    """Whoever has to be sure sees that the status contradicts itself."""
    found = classify({"name": "REJECTED_NETWORK", "groupId": 0})
    assert found.conflict
    assert found.groups == {Group.REJECTED, Group.ACCEPTED}


def test_the_id_tells_apart_what_shares_a_name():
    """REJECTED_DESTINATION is a blocked number as 14 and no number as 52."""
    for id_ in (14, 52):
        found = classify({"id": id_, "name": "REJECTED_DESTINATION"})
        assert found.status.id == id_
        assert status_named(found.key) is found.status


def test_what_is_kept_of_a_status_finds_its_row_again():
    """By its name, in any spelling, and by nothing else."""
    assert [status_named(row.key) for row in STATUSES] == list(STATUSES)
    assert status_named("DELIVERED TO HANDSET").id == 5
    assert status_named("LOST_IN_SPACE") is status_named("") is None


@pytest.mark.parametrize(
    ("status", "error", "words", "help_"),
    [
        (None, None, "", ""),
        ("MISSING_TO", None, "the request names no number",
         "again: never, check the parameter `to`"),
        ("UNDELIVERABLE_NOT_DELIVERED", "EC_NEW", "sent and not delivered: EC_NEW", "again: later"),
        ("LOST_IN_SPACE", "error 31337", "LOST_IN_SPACE: error 31337", ""),
        (None, "opted out", "opted out", ""),
        ("REJECTED_DND", "the number is on a do-not-disturb list",
         "the number is on a do-not-disturb list", "again: never"),
        ("EXPIRED_EXPIRED", "EC_VALIDITYEXPIRED", "its validity ran out", "again: later"),
        ("UNDELIVERABLE_NOT_DELIVERED", "EC_UNKNOWN_SUBSCRIBER",
         "sent and not delivered: the number is given to nobody", "again: never"),
        ("UNDELIVERABLE_REJECTED_OPERATOR", "EC_ABSENT_SUBSCRIBER",
         "the operator refused it: the phone is off or out of reach", "again: elsewhere"),
        ("DELIVERED_TO_HANDSET", "EC_ABSENT_SUBSCRIBER",
         "the phone has it: the phone is off or out of reach", ""),
    ],
)  # fmt: skip
def test_codes_in_words(status, error, words, help_):
    """The status and its error, and what may help against the worse of the two."""
    said = told(status, error)
    assert (said.words, said.help) == (words, help_)


def test_refusals_that_pass_are_told_from_those_for_good():
    """12, 19, 20 and 21 come again, 23 is settled, all other refusals end the text."""
    found = {verdict: {row.id for row in STATUSES if row.verdict is verdict} for verdict in Verdict}
    assert found[Verdict.FOR_NOW] == {12, 19, 20, 21}
    assert found[Verdict.DUPLICATE] == {23}
    assert found[Verdict.ACCEPTED] == STATUS_IDS[0] | STATUS_IDS[1] | STATUS_IDS[3]
    refused = STATUS_IDS[2] | STATUS_IDS[4] | STATUS_IDS[5]
    assert found[Verdict.REJECTED] == refused - {12, 19, 20, 21, 23}


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ({"id": 0, "name": "NO_ERROR"}, None),
        ({"id": 0, "name": "NO ERROR"}, None),
        ({"id": 27, "name": "EC ABSENT SUBSCRIBER"}, "EC_ABSENT_SUBSCRIBER"),
        ({"id": 27}, "EC_ABSENT_SUBSCRIBER"),
        ({"id": 31337}, "error 31337"),
        ({"id": 31337, "name": "EC_NEW"}, "EC_NEW"),
        ({}, None),
    ],
)
def test_an_error_is_named(error, name):
    """By its name, else by its id; no error has no name."""
    assert error_name(error) == name


anything = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
words = st.sampled_from([row.name for row in STATUSES] + [group.name for group in Group])


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": anything | words,
            "groupName": anything | words,
            "id": anything | st.integers(0, 60),
            "groupId": anything | st.integers(0, 6),
        },
    )
)
def test_no_status_breaks_the_reading_and_a_doubt_is_never_final(status):
    """A final state is only read when no part of the status says that more may follow."""
    found = classify(status)
    if found.state.final:
        assert found.groups.isdisjoint({Group.ACCEPTED, Group.PENDING})
