"""Numbers: one spelling for each address, and what a number tells of its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, example_number, format_number

from smsflow.sms.numbers import (
    bare,
    country_of,
    is_phone,
    normalise,
    number_hash,
    zones_of,
)

TEST_PHONE = "+447700900123"  # in a range that Ofcom keeps for films: possible, never assigned


@pytest.mark.parametrize(
    "raw",
    [
        "+447700900123",
        "447700900123",
        "00447700900123",
        "+44 7700 900123",
        "+44 (0)7700-900.123",
        " 44\u00a07700/900\u2011123\n",
        "\u202a+44 7700 900123\u202c",
    ],
)
def test_one_phone_has_one_spelling_whoever_wrote_it(raw: str) -> None:
    """Digits as a provider sends them, and what people and address books make of them."""
    assert normalise(raw) == TEST_PHONE


@pytest.mark.parametrize(
    ("raw", "region", "number"),
    [
        ("07700 900123", "GB", "+447700900123"),
        ("7700 900123", "GB", "+447700900123"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("1 202 555 0123", "US", "+12025550123"),
        ("011 44 7700 900123", "US", "+447700900123"),
        ("612 345 678", "ES", "+34612345678"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("81234 56789", "IN", "+918123456789"),
    ],
)
def test_national_form_is_read_with_a_region(raw: str, region: str, number: str) -> None:
    """With and without the national 0, and out of a region by its own way of dialling abroad."""
    assert normalise(raw, region=region) == number


@pytest.mark.parametrize("region", ["GB", "US", "DE", "AT", "IT", "NO"])
def test_bare_international_digits_stay_international_in_any_region(region: str) -> None:
    """German and Austrian numbers have no fixed length, and the digits would pass as one."""
    assert normalise("447700900123", region=region) == TEST_PHONE
    assert normalise("358412345678", region=region) == "+358412345678"


def test_digits_that_are_two_mobiles_are_refused_with_both() -> None:
    """A guess would text a stranger in another country."""
    both = r"\+15123456789 or \+4915123456789"
    with pytest.raises(ValueError, match=f"'15123456789' can be {both}: write it with "):
        normalise("15123456789", region="DE")


def test_digits_that_are_one_mobile_and_one_landline_are_the_mobile() -> None:
    """2015550123 is a number of New Jersey, and has the form of a landline in Egypt."""
    assert normalise("2015550123", region="US") == "+12015550123"
    assert normalise("2015550123") == "+2015550123"


@pytest.mark.parametrize("raw", ["+44 0 7700 900123", "+44 00 7700 900123", "+44 000 7700 900123"])
def test_needless_zeros_after_the_country_code_go_at_once(raw: str) -> None:
    """Else the spelling of a spelling would be another, and one phone would have two rows."""
    assert normalise(raw) == TEST_PHONE


@pytest.mark.parametrize(
    "sender", ["123", "88202", "123456", "ACME", "Acme Shop 1", "A-1", "Café", "4U2"]
)
@pytest.mark.parametrize("region", [None, "GB"])
def test_short_codes_and_alphanumeric_senders_stay_as_they_are(
    sender: str, region: str | None
) -> None:
    """A region changes nothing: a short code is dialled as it is."""
    assert normalise(f" {sender} ", region=region) == sender
    assert not is_phone(sender)
    assert country_of(sender) is None
    assert zones_of(sender) == ()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "  ",
        "12",
        "1234567",
        "+15550123",
        "+12345",
        "+00447700900123",
        "++447700900123",
        "44+7700900123",
        "+49151123456789012",
        "+999123456789",
        "AB",
        "+44abc",
        "Twelve chars",
        "Привет",
        "AC\nME",
        "mail@example.com",
        "+44 7700 900123 ext. 5",
        "٤٤٧٧٠٠٩٠٠١٢٣",
        "12-345",
    ],
)
def test_anything_else_is_refused_with_the_text_and_the_cure(raw: str) -> None:
    """The sentence says what was read and what to write."""
    with pytest.raises(ValueError, match=r"is no .*: write a phone number with \+") as caught:
        normalise(raw)
    assert str(caught.value).startswith(repr(raw))


def test_national_form_without_a_region_is_told_the_cure() -> None:
    """The region is what is missing when a number begins with 0, unless it was given."""
    with pytest.raises(ValueError, match="or name its region"):
        normalise("07700 900123")
    with pytest.raises(ValueError, match=r"\+447700900123$"):
        normalise("07700 9", region="GB")
    with pytest.raises(ValueError, match=r"\+447700900123$"):
        normalise("+44 7700 9")


def test_an_endless_text_is_refused_and_only_its_beginning_told() -> None:
    """A column read by mistake must not fill the log."""
    with pytest.raises(ValueError, match="is no phone number") as caught:
        normalise("7" * 100_000)
    assert len(str(caught.value)) < 200


@given(st.text(max_size=50), st.sampled_from([None, "GB", "US", "DE", "XX"]))
def test_any_text_is_normalised_once_and_for_all_or_refused(raw: str, region: str | None) -> None:
    """The spelling of a spelling is itself, so rows written at any time meet."""
    try:
        address = normalise(raw, region=region)
    except ValueError:
        return
    assert normalise(address) == address


@given(
    st.text("0123456789+ ", max_size=18)
    | st.from_regex(r"\+?(44|49|61|39|1)0{0,3}[0-9]{6,11}", fullmatch=True),
    st.sampled_from([None, "GB", "US", "DE"]),
)
def test_phones_are_e164_and_come_back_from_the_providers_form(
    raw: str, region: str | None
) -> None:
    """A number that goes out without + is known when it comes in."""
    try:
        address = normalise(raw, region=region)
    except ValueError:
        return
    if is_phone(address):
        assert normalise(address) == normalise(bare(address)) == address


@pytest.mark.parametrize("region", ["GB", "US", "DE", "FR", "IT", "ES", "IN", "BR", "NG", "AU"])
def test_a_number_of_each_country_is_placed(region: str) -> None:
    """Also where zeros are part of the number, as in Italy."""
    example = example_number(region)
    assert example is not None
    number = format_number(example, PhoneNumberFormat.E164)
    assert normalise(bare(number)) == number
    assert country_of(number) == region
    assert zones_of(number)


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("+447700900123", True),
        ("447700900123", False),
        ("+0447700900123", False),
        ("+44 7700 900123", False),
        ("+1234567890123456", False),
        ("+447700900123\n", False),
        ("88202", False),
        ("ACME", False),
        ("", False),
    ],
)
def test_only_e164_with_plus_is_a_phone(address: str, answer: bool) -> None:
    """One form inside smsflow."""
    assert is_phone(address) is answer


def test_bare_takes_the_plus_off_and_leaves_other_senders() -> None:
    """The provider's API takes numbers so."""
    assert bare(TEST_PHONE) == "447700900123"
    assert bare("ACME") == "ACME"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+447700900123", "GB"),
        ("+447624123456", "IM"),
        ("+12025550123", "US"),
        ("+14165550123", "CA"),
        ("+77011234567", "KZ"),
        ("+80012345678", None),
        ("+999123456789", None),
        ("447700900123", None),
    ],
)
def test_countries_that_share_a_code_are_told_apart(number: str, country: str | None) -> None:
    """An unassigned number has the main country of its code, and a worldwide one has none."""
    assert country_of(number) == country


@pytest.mark.parametrize(
    ("number", "zone", "count"),
    [("+12025550123", "America/New_York", 1), ("+447700900123", "Europe/London", 3)],
)
def test_zones_are_those_where_the_number_may_be(number: str, zone: str, count: int) -> None:
    """A landline names its zone; a mobile all zones of its country; test ranges count as well."""
    assert zone in zones_of(number)
    assert len(zones_of(number)) == count


@pytest.mark.parametrize("number", ["+80012345678", "+999123456789", "447700900123"])
def test_a_number_of_nowhere_has_no_zone(number: str) -> None:
    """No made-up Etc/Unknown reaches those who work out local times."""
    assert zones_of(number) == ()


def test_the_hash_of_a_number_never_changes() -> None:
    """Rows keep it, so these values are for ever."""
    assert number_hash(TEST_PHONE) == 0x3CF8E9C6
    assert number_hash("ACME") == 0x3351578A


@given(st.text("ACME+0123456789é", max_size=15))
def test_the_hash_is_an_unsigned_32_bit_number(address: str) -> None:
    """It fits the column that holds it."""
    assert 0 <= number_hash(address) < 2**32
