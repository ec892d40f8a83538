"""People: the object, the filters of both list versions, and the search language."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.helpscout.simulator_records import timestamp
from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.simulator.served import MAILBOX, Api
from tests.connectors.served import Time

Add = Callable[[int], None]


def test_a_customer_embeds_its_entries_and_links_its_parts(api: Api, state: HelpScoutState) -> None:
    state.add_organization(3501, "Fjordbakeriet AS")
    state.add_customer(
        1,
        "Kari",
        "Nordmann",
        emails=["kari@fjordbakeriet.example.no", {"id": 5, "value": "k@example.no", "type": "home"}],
        phones=["+47 59 44 00 01"],
        jobTitle="Daglig leder",
        organizationId=3501,
    )

    customer = api.get("/v2/customers/1").json()

    embedded = customer.pop("_embedded")
    assert [entry["value"] for entry in embedded["emails"]] == [
        "kari@fjordbakeriet.example.no",
        "k@example.no",
    ]
    assert embedded["emails"][1] == {"id": 5, "value": "k@example.no", "type": "home"}
    assert {*embedded} == {"emails", "phones", "chats", "social_profiles", "websites", "properties"}
    assert customer.pop("_links")["social-profiles"] == {"href": f"{api.url}/v2/customers/1/social-profiles/"}
    assert {key: type(value) for key, value in customer.items()} == {
        "id": int,
        "firstName": str,
        "lastName": str,
        "gender": str,
        "jobTitle": str,
        "organizationId": int,
        "photoType": str,
        "photoUrl": str,
        "conversationCount": int,
        "createdAt": str,
        "updatedAt": str,
        "background": str,
        "draft": bool,
    }


def test_an_unknown_name_is_an_empty_text_and_other_fields_without_value_are_absent(
    api: Api, state: HelpScoutState
) -> None:
    state.add_customer(1, emails=["post@example.no"])

    customer = api.get("/v2/customers/1").json()

    assert (customer["firstName"], customer["lastName"]) == ("", "")
    assert not {"jobTitle", "organization", "organizationId", "location", "age"} & set(customer)


def test_a_field_may_be_left_out_or_hold_what_it_should_not(api: Api, state: HelpScoutState) -> None:
    state.add_customer(1, "Kari", emails=["kari@example.no"])
    state.remove_fields("customers", 1, "lastName")
    state.put_fields("customers", 1, firstName=None, gender="forsquare")

    customer = api.get("/v2/customers/1").json()

    assert "lastName" not in customer
    assert (customer["firstName"], customer["gender"]) == (None, "forsquare")
    assert api.ids("/v2/customers", sortField="lastName") == [1]


def test_times_are_whole_seconds_of_utc_and_an_update_may_precede_its_creation(
    api: Api, state: HelpScoutState, time: Time
) -> None:
    created = time.now.replace(microsecond=999_999)
    state.add_customer(1, at=created, modified_at=created - timedelta(seconds=1))

    customer = api.get("/v2/customers/1").json()

    assert customer["createdAt"] == "2026-03-10T12:00:00Z"
    assert customer["updatedAt"] == "2026-03-10T11:59:59Z"


def test_a_new_inquiry_moves_its_customers_update_time(api: Api, state: HelpScoutState, time: Time) -> None:
    state.add_customer(1, "Kari", at=time.now - timedelta(days=30))
    before = api.get("/v2/customers/1").json()

    state.add_conversation(9, 1, "Spørsmål", mailbox=MAILBOX)
    after = api.get("/v2/customers/1").json()

    assert before["updatedAt"] < after["updatedAt"] == timestamp(time.now)
    assert (before["conversationCount"], after["conversationCount"]) == (0, 1)


def test_the_lists_default_order_is_newest_first(api: Api, add_customers: Add) -> None:
    add_customers(3)

    assert api.ids("/v2/customers") == [3, 2, 1]
    assert api.ids("/v2/customers", sortOrder="asc") == [1, 2, 3]


def test_the_list_sorts_by_the_hidden_time_of_change(
    api: Api, state: HelpScoutState, add_customers: Add
) -> None:
    add_customers(3)
    state.change_customer(1, jobTitle="Daglig leder")

    assert api.ids("/v2/customers", sortField="modifiedAt") == [1, 3, 2]


@pytest.mark.parametrize("inclusive", [False, True])
def test_modified_since_compares_the_hidden_time_of_change(
    api: Api, state: HelpScoutState, time: Time, inclusive: bool
) -> None:
    for number, seconds in ((1, -1), (2, 0), (3, 1)):
        state.add_customer(number, at=time.now - timedelta(days=9))
        state.put_fields("customers", number, at=time.now + timedelta(seconds=seconds))
    api.simulator.behaviour.modified_since_inclusive = inclusive

    expected = [2, 3] if inclusive else [3]
    for version in ("v2", "v3"):
        ids = api.ids(f"/{version}/customers", modifiedSince=timestamp(time.now))
        assert sorted(ids) == expected


def test_created_since_is_known_to_the_cursor_list_only(api: Api, add_customers: Add, time: Time) -> None:
    add_customers(5)
    since = timestamp(time.now - timedelta(minutes=3))

    assert api.ids("/v3/customers", createdSince=since) == [5, 4]
    assert len(api.ids("/v2/customers", createdSince=since)) == 5


@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize(
    "time_text",
    [
        "2026-03-10T12:00:00.123Z",
        "2026-03-10T12:00:00+00:00",
        "2026-03-10T12:00:00",
        "2026-03-10 12:00:00",
        "2026-03-10",
        "2026-13-10T12:00:00Z",
        "1773144000",
    ],
)
def test_a_time_is_utc_to_the_second_or_refused(api: Api, version: str, time_text: str) -> None:
    answer = api.get(f"/{version}/customers", modifiedSince=time_text)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/vnd.error+json"
    (problem,) = answer.json()["_embedded"]["errors"]
    assert (problem["path"], problem["rejectedValue"]) == ("modifiedSince", time_text)
    assert problem["_links"]["about"]["href"].endswith("#MalformedDate")


def test_names_are_compared_whole_without_regard_to_case(api: Api, state: HelpScoutState) -> None:
    state.add_customer(1, "Kari", "Ås")
    state.add_customer(2, "Karianne", "Ås")

    for version in ("v2", "v3"):
        assert api.ids(f"/{version}/customers", firstName="KARI", lastName="ås") == [1]


def test_the_numbered_list_does_not_know_an_email_filter_and_ignores_it(
    api: Api, state: HelpScoutState
) -> None:
    state.add_customer(1, emails=["kari@example.no"])
    state.add_customer(2, emails=["ola@example.no"])

    assert api.ids("/v2/customers", email="kari@example.no") == [2, 1]
    assert api.ids("/v3/customers", email="Kari@example.no") == [1]


def test_the_mailbox_filter_keeps_those_who_wrote_to_it(api: Api, state: HelpScoutState) -> None:
    state.add_mailbox(14, "Salg", "salg@selskap.example.no")
    for customer, mailbox in ((1, MAILBOX), (2, 14)):
        state.add_customer(customer)
        state.add_conversation(customer * 10, customer, "Spørsmål", mailbox=mailbox)
    assert api.ids("/v2/customers", mailbox=14) == [2]

    state.change_conversation(10, mailboxId=14)
    assert api.ids("/v2/customers", mailbox=14) == [2, 1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('(email:"kari@fjord.example.no")', [1, 2]),
        ('(email:"@FJORD.example.no")', [1, 2, 3]),
        ('email:("ola@" OR "berit@")', [3, 4]),
        ('(emailDomain:"fjord.example.no")', [1, 2, 3]),
        ('(firstName:"Kari")', [1]),
        ('(firstName:"Kari" OR firstName:"Berit")', [1, 4]),
        ('(lastName:"Lie" AND NOT firstName:"Kari")', [4]),
        ("lastName:Lie firstName:Kari", [1]),
        ("(createdAt:[2026-03-10T11:00:02Z TO 2026-03-10T11:00:03Z])", [2, 3]),
        ("(createdAt:[2026-03-10T11:00:03Z TO *])", [3, 4]),
        ("(modifiedAt:[* TO 2026-03-10T11:00:01Z])", [1]),
        ('(modifiedSince:"2026-03-10T11:00:04Z")', [4]),
    ],
)
def test_the_search_language(
    api: Api, state: HelpScoutState, time: Time, query: str, expected: list[int]
) -> None:
    """A search by e-mail is a `contains`; ranges include both ends."""
    people = [
        ("Kari", "Lie", "kari@fjord.example.no"),
        ("Mari", "Vik", "xkari@fjord.example.no"),
        ("Ola", "Vik", "ola@fjord.example.no"),
        ("Berit", "Lie", "berit@vann.example.no"),
    ]
    for number, (first, last, email) in enumerate(people, start=1):
        created = time.now - timedelta(hours=1) + timedelta(seconds=number)
        state.add_customer(number, first, last, emails=[email], at=created)

    assert sorted(api.ids("/v2/customers", query=query)) == expected
    assert sorted(api.ids("/v3/customers", query=query)) == expected


@pytest.mark.parametrize(
    "query",
    [
        '(email:"a"',
        "(email:)",
        '(shoeSize:"44")',
        "(modifiedAt:[2026-03-10T11:00:04.1Z TO *])",
        '(modifiedSince:"yesterday")',
        "]",
        "AND",
    ],
)
def test_a_search_that_cannot_be_read_is_refused(api: Api, query: str) -> None:
    assert api.get("/v2/customers", query=query).status_code == 400


@pytest.mark.parametrize("options", [{"sortField": "shoeSize"}, {"sortOrder": "up"}])
def test_an_unknown_order_is_refused_with_the_known_ones(api: Api, options: dict[str, Any]) -> None:
    answer = api.get("/v2/customers", **options)

    assert answer.status_code == 400
    (problem,) = answer.json()["_embedded"]["errors"]
    assert problem["message"].startswith("Expected one of these: '")


@pytest.mark.parametrize("kind", ["emails", "phones", "chats", "websites"])
def test_the_entries_of_a_customer_have_a_list_of_their_own(
    api: Api, state: HelpScoutState, kind: str
) -> None:
    state.add_customer(1)
    assert "_embedded" not in api.get(f"/v2/customers/1/{kind}").json()

    changed: dict[str, Any] = {kind: ["verdi.example.no"]}
    state.change_customer(1, **changed)
    page = api.get(f"/v2/customers/1/{kind}").json()

    (entry,) = page["_embedded"][kind]
    assert entry["value"] == "verdi.example.no"
    assert entry["_links"]["self"]["href"] == f"{api.url}/v2/customers/1/{kind}/{entry['id']}"
    assert ("type" in entry) == (kind != "websites")
    assert "page" not in page


@pytest.mark.parametrize("key", ["social-profiles", "social_profiles"])
def test_the_key_of_the_social_profiles_is_disputed(api: Api, state: HelpScoutState, key: str) -> None:
    state.add_customer(1)
    state.change_customer(1, social_profiles=["https://profil.example.no/kari"])
    api.simulator.behaviour.social_profiles_key = key  # type: ignore[assignment]  # one of the two

    assert set(api.get("/v2/customers/1/social-profiles").json()["_embedded"]) == {key}


def test_a_customer_without_an_address_answers_404_for_it(api: Api, state: HelpScoutState) -> None:
    state.add_customer(1)
    assert api.get("/v2/customers/1/address").status_code == 404
    assert "address" not in api.get("/v2/customers/1").json()["_embedded"]

    state.change_customer(1, address={"city": "Bergen", "lines": ["Bryggen 1"]})
    assert api.get("/v2/customers/1/address").json()["city"] == "Bergen"
    assert api.get("/v2/customers/1").json()["_embedded"]["address"]["city"] == "Bergen"


def test_an_email_may_stand_twice_on_a_customer(api: Api, state: HelpScoutState) -> None:
    state.add_customer(1, emails=["kari@example.no", "kari@example.no"])

    emails = api.get("/v2/customers/1").json()["_embedded"]["emails"]
    assert len({entry["id"] for entry in emails}) == 2


def test_an_email_may_move_to_another_customer(api: Api, state: HelpScoutState) -> None:
    state.add_customer(1, emails=["kari@example.no", "k@example.no"])
    state.add_customer(2)

    state.move_email("k@example.no", source=1, target=2)

    assert api.ids("/v3/customers", email="k@example.no") == [2]
    with pytest.raises(KeyError):
        state.move_email("k@example.no", source=1, target=2)


def test_property_definitions_are_listed(api: Api, state: HelpScoutState) -> None:
    definition = {"type": "text", "slug": "orgnr", "name": "Org.nr"}
    state.customer_properties.append(definition)

    assert api.rows("/v2/customer-properties") == [definition]


def test_a_hostile_value_survives_the_way(api: Api, state: HelpScoutState) -> None:
    hostile = "\x00\u202e=1+1<b>\ud83d 😀" + "x" * 1_000_000
    state.add_customer(1, hostile)

    assert api.get("/v2/customers/1").json()["firstName"] == hostile
