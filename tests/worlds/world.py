"""A labelled world: people and organisations, their records in every source, and the cases that go wrong.

`World(seed, people)` is the same for the same arguments. Every record knows its true person and organisation;
`traps` are pairs of records of different people that share a key or a name, `evident` pairs of one person
that a
chain of shared keys or of equal names at one organisation joins.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, combinations

import pandas as pd

from tests.worlds import pools

COLUMNS = [
    "source", "source_id", "first_name", "last_name", "full_name", "emails", "phones", "company_name",
    "organization_number", "company_ref", "is_private", "is_inactive", "address", "postal_code", "city",
    "website",
    "changed_at", "created_at", "organization_form", "unit_status", "parent_number", "former_names",
]  # fmt: skip
START = datetime(2019, 1, 1, tzinfo=UTC)


@dataclass
class Organization:
    """An organisation as it truly is."""

    ident: int
    name: str
    form: str | None
    number: str | None
    town: str
    postal_code: str
    address: str
    domain: str | None
    switchboard: str | None
    registered: bool = True
    status: str = "active"
    parent: Organization | None = None
    former: list[str] = field(default_factory=list)
    staff: list[Person] = field(default_factory=list)
    customer_id: str | None = None


@dataclass
class Person:
    """A person as they truly are, with what they use."""

    ident: int
    first: str
    last: str
    organization: Organization | None
    work_email: str | None
    private_email: str
    mobile: str
    address: str
    postal_code: str
    town: str
    former_last: str | None = None


class World:
    """Grows on construction; read `records`, `person`, `organization`, `traps()`, `evident()`."""

    def __init__(self, seed: int, people: int) -> None:
        self.random = random.Random(seed)
        self.rows: list[dict[str, object]] = []
        self.truth_person: list[int] = []
        self.truth_organization: list[int] = []
        self._taken_numbers: set[str] = set()
        self._taken_phones: set[str] = set()
        self._taken_emails: set[str] = set()
        self._taken_domains: set[str] = set()
        self._next = 1000
        self._owned: list[Organization] = []
        self.people: list[Person] = []
        self.organizations: list[Organization] = []
        self._make_organizations(max(4, people // 6))
        self._make_people(people)
        self._write_units()
        self._write_customers()
        for person in self.people:
            self._write_person(person)
        self._awkward(people)
        self.random.shuffle(order := list(range(len(self.rows))))
        self.rows = [self.rows[at] for at in order]
        self.person = [self.truth_person[at] for at in order]
        self.organization = [self.truth_organization[at] for at in order]

    @property
    def records(self) -> pd.DataFrame:
        """The records frame of `pipelines.identity.match`."""
        frame = pd.DataFrame(
            {column: pd.Series([row.get(column) for row in self.rows], dtype=object) for column in COLUMNS}
        )
        for column in ("changed_at", "created_at"):
            frame[column] = pd.to_datetime(frame[column], utc=True)
        return frame

    @property
    def registered(self) -> dict[int, int]:
        """Row of the register unit of every organisation that has one."""
        return {
            self.organization[at]: at for at, row in enumerate(self.rows) if row["source"] == "brreg_unit"
        }

    # Organisations.

    def _make_organizations(self, count: int) -> None:
        dice = self.random
        taken: set[str] = set()
        while len(self.organizations) < count:
            kind = dice.random()
            town, _ = dice.choice(pools.TOWNS)
            if kind < 0.60:
                self._company(
                    f"{dice.choice(pools.HEADS)}{dice.choice(['', ' '])}{dice.choice(pools.TRADES).lower()}",
                    "AS",
                    town,
                )
            elif kind < 0.68:
                self._company(f"{dice.choice(pools.SURNAMES)} {dice.choice(pools.TRADES)}", "AS", town)
            elif kind < 0.74:
                club = f"{town} {dice.choice(pools.CLUBS)}"
                if club not in taken:
                    taken.add(club)
                    self._company(club, "FLI", town)
            elif kind < 0.77:
                if town not in taken:
                    taken.add(town)
                    self._company(f"{town} kommune", "KOMM", town)
            elif kind < 0.80:
                self._foreign()
            elif kind < 0.84:
                self._group(town)
            elif kind < 0.87:
                self._namesakes()
            elif kind < 0.90:
                self._renamed(town)
            elif kind < 0.92:
                self._restarted(town)
            elif kind < 0.95:
                self._enk_and_as(town)
            elif kind < 0.97:
                parent = self._company(
                    f"{dice.choice(pools.HEADS)} {dice.choice(pools.TRADES).lower()}", "AS", town
                )
                self._sub_unit(parent)
            else:
                self._company(
                    f"{dice.choice(pools.HEADS)} {dice.choice(pools.TRADES).lower()}",
                    "AS",
                    town,
                    registered=False,
                )

    def _company(
        self, name: str, form: str | None, town: str, *, domain: str | None = "own", registered: bool = True
    ) -> Organization:
        dice = self.random
        codes = dict(pools.TOWNS).get(town, ("10115",))
        suffix = f" {form}" if form in ("AS", "GmbH") else ""
        organization = Organization(
            ident=len(self.organizations),
            name=f"{name}{suffix}",
            form=form,
            number=self._number() if form != "GmbH" else None,
            town=town,
            postal_code=dice.choice(codes),
            address=f"{dice.choice(pools.STREETS)} {dice.randint(1, 120)}",
            domain=self._domain(name)
            if domain == "own" and dice.random() < 0.85
            else (domain if domain != "own" else None),
            switchboard=self._phone("fixed") if dice.random() < 0.7 else None,
            registered=registered and form != "GmbH",
        )
        self.organizations.append(organization)
        return organization

    def _foreign(self) -> None:
        self._company(
            f"{self.random.choice(pools.HEADS)}werk {self.random.randint(2, 9999)}", "GmbH", "Berlin"
        )

    def _group(self, town: str) -> None:
        head = f"{self.random.choice(pools.HEADS)}{self.random.choice(['', self.random.randint(2, 99)])}"
        main = self._company(head, "AS", town)
        for tail in self.random.sample(["Holding", "Eiendom", "Drift", "Invest"], self.random.randint(1, 2)):
            self._company(f"{head} {tail}", "AS", town, domain=main.domain)

    def _namesakes(self) -> None:
        name = f"{self.random.choice(pools.SURNAMES)} {self.random.choice(pools.TRADES)}"
        for town, _ in self.random.sample(pools.TOWNS, 2):
            self._company(name, self.random.choice(["AS", "AS", "FLI"]), town)

    def _renamed(self, town: str) -> None:
        organization = self._company(
            f"{self.random.choice(pools.HEADS)} {self.random.choice(pools.TRADES)}", "AS", town
        )
        organization.former = [organization.name]
        organization.name = (
            f"{self.random.choice(pools.HEADS)}{self.random.choice(pools.TRADES).lower()} {town} AS"
        )

    def _restarted(self, town: str) -> None:
        old = self._company(
            f"{self.random.choice(pools.HEADS)} {self.random.choice(pools.TRADES)}", "AS", town
        )
        old.status = self.random.choice(["bankrupt", "deleted"])
        new = self._company("x", "AS", town, domain=old.domain)
        new.name = old.name if self.random.random() < 0.5 else f"Nye {old.name}"

    def _enk_and_as(self, town: str) -> None:
        first, last = self.random.choice(pools.MEN), self.random.choice(pools.SURNAMES)
        name = self.random.choice(
            [
                f"{last} {self.random.choice(pools.TRADES)}",
                f"{first} {last} {self.random.choice(pools.TRADES)}",
            ]
        )
        enk = self._company(name, "ENK", town, domain=None)
        self._person(first, last, enk)
        self._owned.append(enk)
        if self.random.random() < 0.6:
            self._company(name, "AS", town)

    def _sub_unit(self, parent: Organization) -> None:
        town, _ = self.random.choice(pools.TOWNS)
        name = parent.name if self.random.random() < 0.5 else f"{parent.name} avd {town}"
        unit = self._company("x", "BEDR", town, domain=parent.domain)
        unit.name, unit.parent = name, parent

    # People.

    def _make_people(self, count: int) -> None:
        dice = self.random
        employers = [org for org in self.organizations if org.form != "ENK" and org.status == "active"]
        weights = list(accumulate(dice.paretovariate(1.2) for _ in employers))
        for _ in range(count - len(self.people)):
            first = dice.choice(pools.WOMEN if dice.random() < 0.55 else pools.MEN)
            if dice.random() < 0.08:
                first = f"{first} {dice.choice(pools.WOMEN)}"
            last = dice.choice(pools.SURNAMES)
            if dice.random() < 0.06:
                last = f"{dice.choice(pools.SURNAMES)} {last}"
            employer = dice.choices(employers, cum_weights=weights)[0] if dice.random() < 0.88 else None
            self._person(first, last, employer)

    def _person(self, first: str, last: str, employer: Organization | None) -> Person:
        dice = self.random
        town, codes = dice.choice(pools.TOWNS)
        work = None
        if employer is not None and employer.domain and dice.random() < 0.93:
            work = self._email(
                first,
                last,
                employer.domain,
                dice.choice(("first.last", "first.last", "first", "flast", "first.last")),
            )
        person = Person(
            ident=len(self.people),
            first=first,
            last=last,
            organization=employer,
            work_email=work,
            private_email=self._email(
                first,
                last,
                dice.choice(pools.PUBLIC),
                dice.choice(("first.last", "firstlast##", "word##", "flast##")),
            ),
            mobile=self._phone("mobile"),
            address=f"{dice.choice(pools.STREETS)} {dice.randint(1, 150)}",
            postal_code=dice.choice(codes),
            town=town,
        )
        self.people.append(person)
        if employer is not None:
            employer.staff.append(person)
        return person

    # Records that are as they should be, more or less.

    def _write_units(self) -> None:
        for org in self.organizations:
            if not org.registered:
                continue
            self._row(
                "brreg_unit", None, org, source_id=org.number,
                full_name=org.name.upper(), organization_number=org.number, organization_form=org.form,
                unit_status=org.status, parent_number=org.parent.number if org.parent else None,
                former_names=[name.upper() for name in org.former],
                address=org.address, postal_code=org.postal_code, city=org.town.upper(),
                website=f"www.{org.domain}" if org.domain and not org.parent and self._chance(0.35) else None,
                emails=[f"post@{org.domain}"] if org.domain and self.random.random() < 0.25 else [],
                phones=[org.switchboard] if org.switchboard and self.random.random() < 0.3 else [],
            )  # fmt: skip

    def _write_customers(self) -> None:
        dice = self.random
        for org in self.organizations:
            if dice.random() < 0.75:
                self._customer(org)
                if dice.random() < 0.04:
                    self._customer(org)

    def _customer(self, org: Organization, **changes: object) -> int:
        dice = self.random
        number = org.number if dice.random() < 0.8 else None
        if number and dice.random() < 0.4:
            number = dice.choice(["NO {} MVA", "{}", "{} MVA", "NO{}MVA"]).format(
                f"{number[:3]} {number[3:6]} {number[6:]}"
            )
        emails = []
        if org.domain and dice.random() < 0.7:
            emails.append(f"{dice.choice(pools.ROLES)}@{org.domain}")
        elif org.staff and dice.random() < 0.5:
            emails.append(org.staff[0].work_email or org.staff[0].private_email)
        values: dict[str, object] = {
            "full_name": self._company_as_written(org, dice.random() < 0.3),
            "organization_number": number,
            "emails": emails,
            "phones": [self._phone_as_written(org.switchboard)]
            if org.switchboard and dice.random() < 0.6
            else [],
            "is_private": False,
            "is_inactive": False,
            "address": org.address,
            "postal_code": org.postal_code,
            "city": org.town,
            "website": None,
        }
        at = self._row("tripletex_customer", None, org, **(values | changes))
        org.customer_id = str(self.rows[at]["source_id"])
        return at

    def _write_person(self, person: Person) -> None:
        dice = self.random
        org = person.organization
        kinds = ["helpscout_customer", "course_signup", "order_form"]
        if org is not None and org.customer_id:
            kinds += ["tripletex_contact", "tripletex_contact"]
        if org is None:
            kinds += ["tripletex_customer"]
        for _ in range(1 + int(dice.paretovariate(1.1) - 0.4) % 5):
            self._record(person, dice.choice(kinds))

    def _record(self, person: Person, source: str, **changes: object) -> int:
        """One record of a person, with the noise such records have."""
        dice = self.random
        org = person.organization
        email = person.work_email if person.work_email and dice.random() < 0.8 else person.private_email
        mobile = person.mobile
        first, last = self._name_as_written(person)
        values: dict[str, object] = {"first_name": first, "last_name": last}
        if source == "helpscout_customer":
            luck = dice.random()
            if luck < 0.22:
                values |= {"first_name": "", "last_name": ""}
            elif luck < 0.38:
                values |= {"last_name": ""}
            values["emails"] = [self._email_as_written(email)]
            if dice.random() < 0.15 and person.work_email:
                values["emails"] = [person.private_email, person.work_email]
            values["phones"] = [self._phone_as_written(mobile)] if dice.random() < 0.35 else []
            if org is not None and dice.random() < 0.4:
                values["company_name"] = self._company_as_written(org, True)
            if org and org.switchboard and dice.random() < 0.08:
                values["phones"] = [org.switchboard]
        elif source == "tripletex_contact":
            values |= {
                "emails": [email] if dice.random() < 0.85 else [],
                "company_ref": org.customer_id if org else None,
            }
            values["phones"] = [self._phone_as_written(mobile)] if dice.random() < 0.6 else []
            if org and org.switchboard and dice.random() < 0.15:
                values["phones"] = [self._phone_as_written(org.switchboard)]
        elif source == "tripletex_customer":
            values = {
                "full_name": f"{first} {last}", "emails": [email] if dice.random() < 0.9 else [],
                "phones": [mobile] if dice.random() < 0.6 else [], "is_private": True,
                "address": person.address, "postal_code": person.postal_code, "city": person.town,
            }  # fmt: skip
        else:
            values |= {
                "emails": [self._email_as_written(email)],
                "phones": [self._phone_as_written(mobile)] if dice.random() < 0.85 else [],
            }
            if org is not None and dice.random() < 0.9:
                values["company_name"] = self._company_as_written(org, True)
        return self._row(source, person, org, **(values | changes))

    # Cases that go wrong.

    def _awkward(self, people: int) -> None:
        cases = [
            self._booker, self._family_phone, self._namesakes_apart, self._namesakes_together,
            self._father_and_son,
            self._job_change, self._marriage, self._reused_address, self._recycled_number, self._typo_domain,
            self._role_mailbox, self._accountant, self._office_community, self._company_in_name, self._owner,
            self._shared_mailbox, self._slips,
        ]  # fmt: skip
        for case in cases:
            for _ in range(max(2, people // 170)):
                case()

    def _staff(self, least: int = 1) -> Organization:
        while True:
            org = self.random.choice(self.organizations)
            if len(org.staff) >= least and org.form != "ENK":
                return org

    def _someone(self, *, work: bool) -> Person:
        """Somebody who is employed, with an address there if asked for."""
        while True:
            person = self.random.choice(self.people)
            if person.work_email if work else person.organization:
                return person

    def _booker(self) -> None:
        org = self._staff(3)
        booker = self.random.choice(org.staff)
        email = booker.work_email or booker.private_email
        self._record(booker, "course_signup", emails=[email], phones=[booker.mobile], company_name=org.name)
        for colleague in self.random.sample(org.staff, min(len(org.staff), self.random.randint(2, 6))):
            if colleague is not booker:
                self._record(
                    colleague, "course_signup", emails=[email],
                    phones=[booker.mobile if self._chance(0.7) else colleague.mobile], company_name=org.name,
                    first_name=colleague.first, last_name=colleague.last,
                )  # fmt: skip

    def _family_phone(self) -> None:
        last = self.random.choice(pools.SURNAMES)
        one = self._person(self.random.choice(pools.MEN), last, None)
        for first in self.random.sample(pools.WOMEN, self.random.randint(1, 2)):
            other = self._person(first, last, self.random.choice([None, self._staff()]))
            other.mobile = one.mobile
            for source in ("course_signup", "helpscout_customer"):
                self._record(other, source, phones=[one.mobile])
        for source in ("tripletex_customer", "course_signup"):
            self._record(one, source, phones=[one.mobile])

    def _namesakes_apart(self) -> None:
        first, last = self.random.choice(pools.WOMEN), self.random.choice(pools.SURNAMES)
        for _ in range(2):
            person = self._person(first, last, self._staff())
            for source in self.random.sample(["course_signup", "helpscout_customer", "order_form"], 2):
                self._record(person, source)

    def _namesakes_together(self) -> None:
        org = self._staff()
        first, last = self.random.choice(pools.WOMEN), self.random.choice(pools.SURNAMES)
        for _ in range(2):
            person = self._person(first, last, org)
            for source in self.random.sample(["course_signup", "helpscout_customer", "order_form"], 2):
                self._record(person, source, phones=[person.mobile], first_name=first, last_name=last)

    def _father_and_son(self) -> None:
        org = self._staff()
        first, last = self.random.choice(pools.MEN), self.random.choice(pools.SURNAMES)
        for _ in range(2):
            person = self._person(first, last, org)
            phone = org.switchboard or person.mobile
            self._record(person, "course_signup", phones=[phone], company_name=org.name)
            self._record(
                person, "helpscout_customer", phones=[person.mobile], first_name=first, last_name=last
            )

    def _job_change(self) -> None:
        old, new = self._staff(), self._staff()
        person = self._person(self.random.choice(pools.WOMEN), self.random.choice(pools.SURNAMES), old)
        self._record(person, "course_signup", phones=[person.mobile], company_name=old.name)
        person.organization = new
        person.work_email = (
            self._email(person.first, person.last, new.domain, "first.last") if new.domain else None
        )
        self._record(person, "course_signup", phones=[person.mobile], company_name=new.name)
        if self.random.random() < 0.5:
            self._record(person, "helpscout_customer")

    def _marriage(self) -> None:
        org = self._staff()
        person = self._person(self.random.choice(pools.WOMEN), self.random.choice(pools.SURNAMES), org)
        email = person.work_email or person.private_email
        self._record(person, "course_signup", emails=[email], phones=[person.mobile])
        person.last = self.random.choice([name for name in pools.SURNAMES if name != person.last])
        self._record(
            person, "helpscout_customer", emails=[email], first_name=person.first, last_name=person.last
        )
        self._record(
            person,
            "order_form",
            emails=[email if self.random.random() < 0.5 else person.private_email],
            phones=[person.mobile],
        )

    def _reused_address(self) -> None:
        org = self._staff()
        if not org.domain:
            return
        place = self.random.choice(["selger", "avd2", "kasse", "butikksjef", "sjef"])
        email = f"{place}{self.random.randint(1, 99)}@{org.domain}"
        years = [0, 4]
        for year in years:
            person = self._person(self.random.choice(pools.MEN), self.random.choice(pools.SURNAMES), org)
            person.work_email = email
            when = START + timedelta(days=365 * year + self.random.randint(0, 300))
            for source in ("course_signup", "helpscout_customer"):
                self._record(person, source, emails=[email], created_at=when, changed_at=when)

    def _recycled_number(self) -> None:
        number = self._phone("mobile")
        for year in (0, 5):
            person = self._person(
                self.random.choice(pools.WOMEN + pools.MEN), self.random.choice(pools.SURNAMES), self._staff()
            )
            person.mobile = number
            when = START + timedelta(days=365 * year + self.random.randint(0, 300))
            for source in ("course_signup", "order_form"):
                self._record(person, source, phones=[number], created_at=when, changed_at=when)

    def _typo_domain(self) -> None:
        person = self._someone(work=True)
        local, domain = str(person.work_email).split("@")
        at = self.random.randint(1, len(domain.split(".")[0]) - 1)
        wrong = domain[:at] + domain[at + 1 :]
        self._record(
            person,
            "course_signup",
            emails=[f"{local}@{wrong}"],
            first_name=person.first,
            last_name=person.last,
        )

    def _role_mailbox(self) -> None:
        org = self._staff()
        if not org.domain:
            return
        email = f"{self.random.choice(pools.ROLES)}@{org.domain}"
        self._row("helpscout_customer", None, org, first_name="", last_name="", emails=[email], phones=[])
        for person in self.random.sample(org.staff, min(2, len(org.staff))):
            self._record(person, "order_form", emails=[email], phones=[], company_name=org.name)

    def _shared_mailbox(self) -> None:
        """A mailbox that no list of roles knows, used by several people."""
        org = self._staff(2)
        if not org.domain:
            return
        place = self.random.choice(["lager2", "skift", "vakta", "avdnord", "prosjektrom"])
        email = f"{place}{self.random.randint(1, 9)}@{org.domain}"
        for person in self.random.sample(org.staff, min(3, len(org.staff))):
            self._record(person, self.random.choice(["helpscout_customer", "order_form"]), emails=[email],
                         first_name=person.first, last_name=person.last)  # fmt: skip

    def _accountant(self) -> None:
        firm = self._company(
            f"{self.random.choice(pools.SURNAMES)} Regnskap {self.random.randint(2, 9999)}", "AS", "Oslo"
        )
        if firm.domain is None:
            firm.domain = self._domain(firm.name)
        if self.random.random() < 0.7:
            self._unit_row(firm)
        else:
            firm.registered = False
        accountant = self._person(self.random.choice(pools.WOMEN), self.random.choice(pools.SURNAMES), firm)
        email = accountant.work_email or self._email(
            accountant.first, accountant.last, firm.domain, "first.last"
        )
        accountant.work_email = email
        for _ in range(self.random.randint(3, 7)):
            client = self._staff()
            self._customer(client, emails=[email])
            if self.random.random() < 0.5:
                self._row("tripletex_contact", accountant, client, first_name=accountant.first,
                          last_name=accountant.last, emails=[email], phones=[],
                          company_ref=client.customer_id)  # fmt: skip
            if client.staff and self.random.random() < 0.4:
                self._record(
                    self.random.choice(client.staff), "order_form", emails=[email], company_name=client.name
                )
        self._record(accountant, "helpscout_customer", emails=[email])

    def _unit_row(self, org: Organization) -> None:
        self._row("brreg_unit", None, org, source_id=org.number, full_name=org.name.upper(),
                  organization_number=org.number,
                  organization_form=org.form, unit_status="active", former_names=[], emails=[], phones=[],
                  postal_code=org.postal_code, city=org.town.upper())  # fmt: skip

    def _office_community(self) -> None:
        domain = self._domain(
            f"{self.random.choice(pools.HEADS)} kontorfellesskap {self.random.randint(1, 999)}"
        )
        phone = self._phone("fixed")
        for ident in self.random.sample(range(2, 999), self.random.randint(2, 4)):
            org = self._company(
                f"{self.random.choice(pools.HEADS)} {self.random.choice(pools.TRADES)} {ident}",
                "AS",
                "Oslo",
                domain=domain,
            )
            org.switchboard = phone
            self._unit_row(org)
            self._customer(org)
            person = self._person(self.random.choice(pools.MEN), self.random.choice(pools.SURNAMES), org)
            for source in ("course_signup", "helpscout_customer"):
                self._record(person, source, phones=[self.random.choice([phone, person.mobile])])

    def _company_in_name(self) -> None:
        person = self._someone(work=False)
        org = person.organization
        assert org is not None
        email = [person.work_email or person.private_email]
        name = f"{person.first} {person.last}"
        first, last = self.random.choice(
            [
                (name, org.name),
                (f"{org.name} v/ {name}", ""),
                (person.first, f"{person.last} ({org.name})"),
                (f"{name} - {org.name}", ""),
            ]
        )
        self._record(
            person, "helpscout_customer", emails=email, first_name=first, last_name=last, company_name=None
        )

    def _owner(self) -> None:
        if self._owned:
            org = self.random.choice(self._owned)
            owner = org.staff[0]
            self._customer(org, emails=[owner.private_email], phones=[owner.mobile])
            self._record(
                owner,
                self.random.choice(["helpscout_customer", "course_signup"]),
                emails=[owner.private_email],
            )

    def _slips(self) -> None:
        """The same person, one letter of the address or one digit of the number wrong."""
        person = self._someone(work=True)
        local, domain = str(person.work_email).split("@")
        at = self.random.randint(1, max(1, len(local) - 2))
        wrong = local[:at] + local[at + 1 : at + 2] + local[at : at + 1] + local[at + 2 :]
        digit = self.random.randint(4, 7)
        number = (
            person.mobile[:digit] + str((int(person.mobile[digit]) + 1) % 10) + person.mobile[digit + 1 :]
        )
        if self.random.random() < 0.5:
            self._record(
                person,
                "order_form",
                emails=[f"{wrong}@{domain}"],
                phones=[],
                first_name=person.first,
                last_name=person.last,
            )
        else:
            self._record(
                person,
                "order_form",
                emails=[],
                phones=[number],
                first_name=person.first,
                last_name=person.last,
            )

    # As people write it.

    def _name_as_written(self, person: Person) -> tuple[str, str]:
        dice = self.random
        first, last = person.first, person.last
        luck = dice.random()
        if luck < 0.03:
            first, last = last, first
        elif luck < 0.06:
            first = f"{first[0]}."
        elif luck < 0.10:
            first = pools.PETS.get(first, first.split(" ")[0])
        elif luck < 0.13 and " " in last:
            last = last.split(" ")[-1]
        elif luck < 0.17:
            first, last = first.upper(), last.upper()
        elif luck < 0.21:
            first, last = first.lower(), last.lower()
        elif luck < 0.26:
            first, last = (_transliterated(part, dice.random() < 0.5) for part in (first, last))
        elif luck < 0.285:
            first, last = (part.encode("utf-8").decode("cp1252", errors="ignore") for part in (first, last))
        elif luck < 0.31 and len(last) > 5:
            at = dice.randint(2, len(last) - 2)
            last = last[:at] + last[at + 1 :]
        elif luck < 0.32:
            first, last = "", f"{last}, {first}"
        return first, last

    def _company_as_written(self, org: Organization, free: bool) -> str:
        dice = self.random
        name = org.name
        if org.former and dice.random() < 0.4:
            name = org.former[0]
        if not free:
            return name
        luck = dice.random()
        if luck < 0.22:
            name = re.sub(r" (AS|GmbH)$", "", name)
        elif luck < 0.30:
            name = re.sub(r" AS$", " A/S", name)
        elif luck < 0.36:
            name = name.upper()
        elif luck < 0.42:
            name = name.lower()
        elif luck < 0.46:
            name = _transliterated(name, True)
        elif luck < 0.50:
            name = f"{name} avd. {org.town}"
        elif luck < 0.54 and len(name) > 10:
            at = dice.randint(3, 7)
            name = name[:at] + name[at + 1 :]
        elif luck < 0.56:
            name = f"{name}, {org.town}"
        return name

    def _email_as_written(self, email: str) -> str:
        luck = self.random.random()
        if luck < 0.05:
            return email.upper()
        if luck < 0.08:
            return f" {email} "
        if luck < 0.10:
            local, domain = email.split("@")
            return f"{local}+kurs@{domain}"
        return email

    def _phone_as_written(self, number: str) -> str:
        digits = number[3:]
        return self.random.choice(
            [
                number,
                digits,
                f"{digits[:3]} {digits[3:5]} {digits[5:]}",
                f"{digits[:2]} {digits[2:4]} {digits[4:6]} {digits[6:]}",
                f"0047{digits}",
                f"+47 {digits}",
            ]
        )

    # Small things.

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _row(self, source: str, person: Person | None, org: Organization | None, **values: object) -> int:
        self._next += 1
        when = START + timedelta(days=self.random.randint(0, 2700))
        row: dict[str, object] = {"source": source, "source_id": str(self._next), "emails": [], "phones": [],
                                  "created_at": when, "changed_at": when}  # fmt: skip
        self.rows.append(row | values)
        self.truth_person.append(-1 if person is None else person.ident)
        self.truth_organization.append(-1 if org is None else org.ident)
        return len(self.rows) - 1

    def _number(self) -> str:
        while True:
            body = f"3{self.random.randint(0, 9_999_999):07d}"
            total = sum(
                int(digit) * weight for digit, weight in zip(body, (3, 2, 7, 6, 5, 4, 3, 2), strict=True)
            )
            check = (11 - total % 11) % 11
            if check != 10 and body not in self._taken_numbers:
                self._taken_numbers.add(body)
                return f"{body}{check}"

    def _phone(self, kind: str) -> str:
        """Numbers from series that are not given out."""
        while True:
            lead = self.random.choice(
                ("42", "43", "44", "49") if kind == "mobile" else ("30", "34", "39", "50")
            )
            number = f"+47{lead}{self.random.randint(0, 999_999):06d}"
            if number not in self._taken_phones:
                self._taken_phones.add(number)
                return number

    def _domain(self, name: str) -> str:
        label = re.sub(
            r"[^a-z0-9-]",
            "",
            _transliterated(name.lower().replace(" as", ""), False).replace(
                " ", self.random.choice(["", "-"])
            ),
        )
        if self.random.random() < 0.1:
            label = "".join(word[0] for word in name.lower().split()) + str(self.random.randint(1, 999))
        while f"{label}.example.no" in self._taken_domains:
            label += str(self.random.randint(1, 9))
        self._taken_domains.add(f"{label}.example.no")
        return f"{label}.example.no"

    def _email(self, first: str, last: str, domain: str, pattern: str) -> str:
        one = re.sub(r"[^a-z]", "", _transliterated(first.lower().split(" ")[0], False))
        two = re.sub(r"[^a-z]", "", _transliterated(last.lower().split(" ")[-1], False))
        local = {"first.last": f"{one}.{two}", "first": one, "flast": f"{one[0]}{two}"}.get(pattern)
        if local is None:
            digits = str(self.random.randint(10, 9999))
            local = {
                "firstlast##": one + two,
                "word##": self.random.choice(["fjelltur", "skimor", "sommer", "hytta"]),
                "flast##": one[0] + two,
            }[pattern] + digits
        base, count = local, 1
        while f"{local}@{domain}" in self._taken_emails:
            count += 1
            local = f"{base}{count}"
        self._taken_emails.add(f"{local}@{domain}")
        return f"{local}@{domain}"

    # Pairs.

    def evident(self) -> set[tuple[int, int]]:
        """Pairs of one person's records that are joined by a chain of shared keys or equal names at one
        employer.
        """
        found: set[tuple[int, int]] = set()
        by_person: dict[int, list[int]] = defaultdict(list)
        for at, person in enumerate(self.person):
            if person >= 0:
                by_person[person].append(at)
        for rows in by_person.values():
            groups: list[tuple[set[object], list[int]]] = []
            for row in rows:
                mine, members = set(self._keys(row)), [row]
                rest = []
                for keys, other in groups:
                    if keys & mine:
                        mine |= keys
                        members += other
                    else:
                        rest.append((keys, other))
                groups = [*rest, (mine, members)]
            for _, members in groups:
                found.update(combinations(sorted(members), 2))
        return found

    def traps(self) -> set[tuple[int, int]]:
        """Pairs of different people's records that share a key or a name (at most 30 records a key)."""
        by_key: dict[object, list[int]] = defaultdict(list)
        for at, person in enumerate(self.person):
            if person >= 0:
                for key in self._keys(at):
                    by_key[key].append(at)
                name = self._name(at)
                if name:
                    by_key["name", name].append(at)
        return {
            (a, b)
            for rows in by_key.values()
            for a, b in combinations(sorted(rows[:30]), 2)
            if self.person[a] != self.person[b]
        }

    def _keys(self, at: int) -> Iterator[object]:
        row = self.rows[at]
        for email in row["emails"]:  # type: ignore[attr-defined]  # rows are loose dicts
            local, _, domain = email.strip().lower().partition("@")
            yield "email", f"{local.split('+')[0]}@{domain}"
        for phone in row["phones"]:  # type: ignore[attr-defined]
            yield "phone", re.sub(r"\D", "", phone)[-8:]
        if self._name(at) and self._shows_employer(at):
            yield "at", self._name(at), self.organization[at]

    def _shows_employer(self, at: int) -> bool:
        row = self.rows[at]
        domain = self.organizations[self.organization[at]].domain if self.organization[at] >= 0 else None
        return bool(row.get("company_name") or row.get("company_ref")) or bool(
            domain and any(domain in email.lower() for email in row["emails"])  # type: ignore[attr-defined]
        )

    def _name(self, at: int) -> str:
        row = self.rows[at]
        first, last = str(row.get("first_name") or ""), str(row.get("last_name") or "")
        if not (first and last) and not row.get("full_name"):
            return ""
        return _transliterated(f"{first} {last} {row.get('full_name') or ''}".lower(), False).strip()


def _transliterated(text: str, double: bool) -> str:
    table = {"ø": "oe" if double else "o", "å": "aa" if double else "a", "æ": "ae", "é": "e"}
    for letter, plain in list(table.items()):
        text = text.replace(letter, plain).replace(letter.upper(), plain.capitalize())
    return text
