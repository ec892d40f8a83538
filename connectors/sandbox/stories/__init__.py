"""The awkward cases of the world, each told as a story with its name.

Everybody in them is invented. What makes a case awkward is said in its docstring.
"""

from connectors.sandbox.stage import Story
from connectors.sandbox.stories.companies import (
    bankrupt_company,
    dissolved_company,
    foreign_customer,
    mistyped_number,
    number_nobody_has,
    removed_company,
    renamed_company,
    sole_proprietor,
    sub_unit_and_parent,
)
from connectors.sandbox.stories.ledger import (
    accountant_of_several_customers,
    customer_twice_in_the_ledger,
    inactive_customers,
    invoices_of_every_kind,
    licences_that_are_over,
    private_customer,
)
from connectors.sandbox.stories.people import (
    address_of_nobody,
    another_surname,
    contact_without_a_name,
    couple_with_one_address,
    job_changer,
    last_seen_long_ago,
    lead_without_a_company,
    one_person_in_all_four_sources,
    shared_mailboxes,
    spam,
    transliterated_letters,
    twice_at_support,
    two_people_with_one_name,
)
from connectors.sandbox.stories.registrations import (
    course_that_was_cancelled,
    events_of_other_customers,
    identity_number_in_a_name,
    malformed_record,
)

STORIES: tuple[Story, ...] = (
    one_person_in_all_four_sources,
    two_people_with_one_name,
    shared_mailboxes,
    sole_proprietor,
    dissolved_company,
    removed_company,
    sub_unit_and_parent,
    bankrupt_company,
    number_nobody_has,
    lead_without_a_company,
    private_customer,
    couple_with_one_address,
    address_of_nobody,
    contact_without_a_name,
    transliterated_letters,
    job_changer,
    mistyped_number,
    accountant_of_several_customers,
    inactive_customers,
    last_seen_long_ago,
    invoices_of_every_kind,
    malformed_record,
    identity_number_in_a_name,
    course_that_was_cancelled,
    renamed_company,
    customer_twice_in_the_ledger,
    foreign_customer,
    licences_that_are_over,
    twice_at_support,
    spam,
    another_surname,
    events_of_other_customers,
)
"""In the order in which they are told: numbers and addresses are given out in it."""
