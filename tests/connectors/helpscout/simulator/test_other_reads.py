"""Companies, inboxes, users, teams, tags: what an account has besides people and inquiries."""

from datetime import timedelta

import pytest

from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.simulator.served import AGENT, MAILBOX, Api
from tests.connectors.served import Time


@pytest.fixture
def companies(state: HelpScoutState, time: Time) -> None:
    """Company 1 has two people and one inquiry, company 2 one person and two inquiries."""
    past = time.now - timedelta(days=30)
    state.add_organization(1, "Fjord AS", domains=["fjord.example.no"], number="311234560", at=past)
    state.add_organization(2, "Ås Bakeri AS", at=past)
    state.add_organization(3, "Borg AS", at=past)
    for customer, company in ((11, 1), (12, 1), (21, 2)):
        state.add_customer(customer, organizationId=company, at=past)
    for days, (conversation, customer) in enumerate(((102, 21), (103, 21), (101, 11)), start=1):
        state.add_conversation(
            conversation, customer, "Spørsmål", mailbox=MAILBOX, at=past + timedelta(days=days)
        )


@pytest.mark.usefixtures("companies")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, [1, 2, 3]),
        ("lastInteractionAt", [1, 2, 3]),
        ("lastInteractionAt,asc", [3, 2, 1]),
        ("name,asc", [3, 1, 2]),
        ("name", [2, 1, 3]),
        ("customerCount,desc", [1, 2, 3]),
        ("conversationCount,asc", [3, 1, 2]),
    ],
)
def test_companies_are_sorted_by_last_interaction_unless_asked_otherwise(
    api: Api, sort: str | None, expected: list[int]
) -> None:
    assert api.ids("/v2/organizations", sort=sort) == expected


@pytest.mark.usefixtures("companies")
def test_an_inquiry_moves_its_company_to_the_front(api: Api, state: HelpScoutState) -> None:
    assert api.ids("/v2/organizations")[0] == 1

    state.add_conversation(104, 21, "Hei", mailbox=MAILBOX)
    assert api.ids("/v2/organizations")[0] == 2
    assert api.ids("/v2/organizations", sort="conversationCount")[0] == 2


@pytest.mark.parametrize("sort", ["shoeSize", "name,up"])
def test_an_unknown_order_of_companies_is_refused(api: Api, sort: str) -> None:
    assert api.get("/v2/organizations", sort=sort).status_code == 400


@pytest.mark.usefixtures("companies")
def test_a_company_shows_counts_and_properties_only_when_asked(api: Api) -> None:
    plain = api.get("/v2/organizations/1").json()
    full = api.get("/v2/organizations/1", includeCounts="true", includeProperties="true").json()

    assert not {"customerCount", "conversationCount", "properties"} & set(plain)
    assert (full["customerCount"], full["conversationCount"]) == (2, 1)
    assert full["properties"] == [
        {"definitionId": 1001, "slug": "orgnr", "name": "Org.nr", "type": "text", "value": "311234560"}
    ]
    assert "properties" not in api.rows("/v2/organizations")[0]


@pytest.mark.usefixtures("companies")
def test_a_company_lists_its_people_and_their_inquiries(api: Api, state: HelpScoutState) -> None:
    state.change_conversation(103, status="closed")

    assert sorted(api.ids("/v2/organizations/1/customers")) == [11, 12]
    assert sorted(api.ids("/v2/organizations/2/conversations")) == [102, 103]
    assert api.get("/v2/organizations/9/customers").status_code == 404

    state.change_customer(21, organizationId=1)
    assert sorted(api.ids("/v2/organizations/1/customers")) == [11, 12, 21]
    assert api.ids("/v2/organizations/2/conversations") == []


@pytest.mark.usefixtures("companies")
def test_a_deleted_company_leaves_its_people_behind(api: Api, state: HelpScoutState) -> None:
    state.delete_organization(1)

    assert api.get("/v2/organizations/1").status_code == 404
    assert "organizationId" not in api.get("/v2/customers/11").json()


def test_company_properties_are_found_by_their_slug(api: Api, state: HelpScoutState) -> None:
    state.organization_properties.append({"slug": "orgnr", "name": "Org.nr", "type": "text"})

    assert [row["slug"] for row in api.rows("/v2/organizations/properties")] == ["orgnr"]
    assert api.get("/v2/organizations/properties/orgnr").json()["name"] == "Org.nr"
    assert api.get("/v2/organizations/properties/ukjent").status_code == 404


def test_an_inbox_is_a_mailbox_with_fields_and_folders(api: Api, state: HelpScoutState) -> None:
    state.folders[MAILBOX] = [{"id": 11, "name": "Ubesvart", "type": "open", "userId": 0, "totalCount": 1}]
    state.mailbox_fields[MAILBOX] = [{"id": 6688, "name": "Kontotype", "type": "dropdown"}]

    (mailbox,) = api.rows("/v2/mailboxes")

    assert set(mailbox) == {"id", "name", "slug", "email", "createdAt", "updatedAt", "_links"}
    assert api.get(f"/v2/mailboxes/{MAILBOX}").json() == mailbox
    assert api.ids(f"/v2/mailboxes/{MAILBOX}/folders") == [11]
    assert api.ids(f"/v2/mailboxes/{MAILBOX}/fields") == [6688]
    assert api.get("/v2/mailboxes/99").status_code == 404
    assert api.get("/v2/mailboxes/99/folders").status_code == 404


def test_users_are_found_by_address_and_inbox(api: Api, state: HelpScoutState) -> None:
    state.add_user(100, "Berit", "Lie", "berit@selskap.example.no")
    state.mailbox_users[14] = [100]

    assert api.ids("/v2/users") == [AGENT, 100]
    assert api.ids("/v2/users", email="berit@selskap.example.no") == [100]
    assert api.ids("/v2/users", mailbox=14) == [100]
    assert api.ids("/v2/users", mailbox=MAILBOX) == [AGENT, 100]
    assert api.get("/v2/users/100").json()["initials"] == "BL"
    assert api.get("/v2/users/7").status_code == 404


def test_the_members_of_a_team_are_embedded_as_users(api: Api, state: HelpScoutState) -> None:
    state.add_team(1, "Support", members=[AGENT])

    assert api.ids("/v2/teams") == [1]
    page = api.get("/v2/teams/1/members").json()
    assert [user["id"] for user in page["_embedded"]["users"]] == [AGENT]
    assert api.get("/v2/teams/2/members").status_code == 404


def test_a_tag_is_named_here_and_a_text_in_an_inquiry(api: Api, state: HelpScoutState) -> None:
    state.add_customer(1)
    for number in (10, 11):
        state.add_conversation(number, 1, "Spørsmål", mailbox=MAILBOX, tags=["faktura"])

    (tag,) = api.rows("/v2/tags")

    assert (tag["name"], tag["ticketCount"]) == ("faktura", 2)
    assert api.get(f"/v2/tags/{tag['id']}").json()["name"] == "faktura"
    assert api.get("/v2/tags/1").status_code == 404


def test_a_trailing_slash_makes_no_difference(api: Api) -> None:
    assert api.get("/v2/mailboxes/").json() == api.get("/v2/mailboxes").json()


def test_what_is_not_there_answers_an_error_body_with_the_trace_of_its_header(api: Api) -> None:
    answer = api.get("/v2/unknown")

    assert answer.status_code == 404
    assert answer.json()["logRef"] == answer.headers["Correlation-Id"]
    assert api.send("PUT", "/v2/mailboxes").status_code == 405


@pytest.mark.parametrize("identifier", ["-1", "0", "kari", "9" * 20])
def test_an_identifier_that_is_none_is_refused(api: Api, identifier: str) -> None:
    assert api.get(f"/v2/customers/{identifier}").status_code == 400
