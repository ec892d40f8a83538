"""Who may be written to, as SQL over the cards: the default is nobody.

Important updates go to the contacts of active customers. Invitations to courses are marketing, which the
Marketing Act (markedsføringsloven, 2009-01-09-2) § 15 forbids to natural persons without prior consent,
except in an existing customer relationship, to an address that came with a sale, for own similar services,
with a way to opt out. No source records a consent, so nobody is invited by one. An address that letters came
back from for good is not written to; another one of the same right is.
"""

from __future__ import annotations

AGREEMENT_DAYS = 400
"""Of a customer without recurring orders: a licence is billed once a year at least, so without an invoice for
longer than that it has ended. Where the ledger has licences, they tell: the relationship ends with the last
one, however late the last invoice was."""

PREPARE = (
    # Customers of the ledger that are not inactive there, nor at an end in the register. Those that are wound
    # up are told, but not invited.
    """
    CREATE TEMPORARY TABLE active_organization ON COMMIT DROP AS
    SELECT organization.organization_id, organization.is_personal,
        organization.status <> 'liquidation'
            AND bool_or(coalesce(licensed.runs, billed.organization_id IS NOT NULL)) AS is_invited
    FROM landing.tripletex_customer AS customer
    JOIN crm.source_link AS link
        ON link.source = 'tripletex_customer' AND link.source_id = customer.id::text
    JOIN crm.organization AS organization ON organization.organization_id = link.organization_id
    LEFT JOIN (
        SELECT DISTINCT organization_id FROM crm.invoice
        WHERE is_credit_note IS NOT TRUE AND is_credited IS NOT TRUE AND invoice_date > %(since)s
    ) AS billed ON billed.organization_id = organization.organization_id
    LEFT JOIN (
        SELECT organization_id, bool_or(NOT is_closed AND coalesce(valid_from <= %(today)s, true)
            AND coalesce(valid_to >= %(today)s, true)) AS runs
        FROM crm.license GROUP BY organization_id
    ) AS licensed ON licensed.organization_id = organization.organization_id
    WHERE customer.deleted_at_source IS NULL AND customer.is_inactive IS NOT TRUE
        AND customer.is_customer IS NOT FALSE
        AND organization.status NOT IN ('bankrupt', 'deleted', 'removed')
    GROUP BY organization.organization_id, organization.is_personal, organization.status
    """,
    """
    CREATE TEMPORARY TABLE active_private ON COMMIT DROP AS
    SELECT link.person_id, lower(btrim(customer.email)) AS sale_email,
        bool_or(coalesce(licensed.runs, billed.person_id IS NOT NULL)) AS is_invited
    FROM landing.tripletex_customer AS customer
    JOIN crm.source_link AS link
        ON link.source = 'tripletex_customer' AND link.source_id = customer.id::text
    LEFT JOIN (
        SELECT DISTINCT person_id FROM crm.invoice
        WHERE is_credit_note IS NOT TRUE AND is_credited IS NOT TRUE AND invoice_date > %(since)s
            AND organization_id IS NULL
    ) AS billed ON billed.person_id = link.person_id
    LEFT JOIN (
        SELECT person_id, bool_or(NOT is_closed AND coalesce(valid_from <= %(today)s, true)
            AND coalesce(valid_to >= %(today)s, true)) AS runs
        FROM crm.license GROUP BY person_id
    ) AS licensed ON licensed.person_id = link.person_id
    WHERE customer.deleted_at_source IS NULL AND customer.is_inactive IS NOT TRUE
        AND customer.is_customer IS NOT FALSE
        AND link.organization_id IS NULL AND link.person_id IS NOT NULL
    GROUP BY link.person_id, lower(btrim(customer.email))
    """,
    "ANALYZE active_organization, active_private",
    # Each way in which a person is known to act for a customer, with each address of theirs; somebody who has
    # left is inactive in the ledger. Invited is only the address that came with the sale: the one in the
    # ledger. A role's mailbox of a company is no natural person's; that of a sole proprietor is.
    """
    CREATE TEMPORARY TABLE reach ON COMMIT DROP AS
    SELECT acting.person_id, acting.organization_id, acting.way, address.email, address.is_role_address,
        address.is_primary, address.source, address.source_id,
        acting.is_invited AND CASE WHEN address.is_role_address THEN NOT acting.is_personal
            ELSE acting.sale_email = address.email END AS is_invited
    FROM (
        SELECT link.person_id, link.organization_id, active.is_invited, active.is_personal,
            CASE link.source WHEN 'tripletex_contact' THEN 1 WHEN 'order_form' THEN 2
                WHEN 'helpscout_customer' THEN 3 ELSE 4 END::smallint AS way,
            lower(btrim(contact.email)) AS sale_email
        FROM crm.source_link AS link
        JOIN active_organization AS active USING (organization_id)
        LEFT JOIN landing.tripletex_contact AS contact
            ON contact.id = CASE WHEN link.source = 'tripletex_contact' THEN link.source_id::bigint END
        WHERE link.person_id IS NOT NULL
            AND link.source IN ('tripletex_contact', 'order_form', 'helpscout_customer', 'course_signup')
            AND (link.source <> 'tripletex_contact'
                OR (contact.deleted_at_source IS NULL AND contact.is_inactive IS NOT TRUE))
        UNION ALL
        SELECT person_id, NULL, is_invited, true, 0::smallint, sale_email FROM active_private
    ) AS acting
    JOIN crm.person_email AS address USING (person_id)
    """,
    # Persons who are left out of one audience or both, with the reason; those who objected or were erased are
    # added to it from outside, where the keyed hashes can be recognised, and so are addresses that bounced.
    """
    CREATE TEMPORARY TABLE left_out ON COMMIT DROP AS
    SELECT person_id, NULL::text AS audience, 'is an own employee' AS reason
    FROM crm.person WHERE is_internal
    UNION
    SELECT link.person_id, NULL, 'its use is restricted (GDPR art. 18)'
    FROM privacy.hold AS hold
    JOIN crm.source_link AS link
        ON hold.data = 'landing.' || link.source AND hold.value = link.source_id
    WHERE hold.kind = 'restriction' AND hold.lifted_at IS NULL AND link.person_id IS NOT NULL
    """,
    "CREATE TEMPORARY TABLE met_email (value text, audience text, reason text) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE met_phone (value text, audience text, reason text) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE bounced (email text NOT NULL) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE mailbox (email text NOT NULL, mailbox text NOT NULL) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE wording (way smallint, fell_back boolean, reason text, legal_basis text)"
    " ON COMMIT DROP",
)
"""Temporary tables that the rules ask. Parameters: `today`; `since`, after which an invoice counts."""

RECOGNISED = (
    "ANALYZE met_email, met_phone, bounced, mailbox",
    """
    INSERT INTO left_out SELECT person_id, met.audience, met.reason
    FROM met_email AS met JOIN crm.person_email ON person_email.email = met.value
    """,
    """
    INSERT INTO left_out SELECT person_id, met.audience, met.reason
    FROM met_phone AS met JOIN crm.person_phone ON person_phone.phone = met.value
    """,
    """
    CREATE TEMPORARY TABLE bounced_person ON COMMIT DROP AS
    SELECT DISTINCT person_id FROM crm.person_email JOIN bounced USING (email)
    """,
)
"""Whose the addresses and numbers are that were recognised: few, looked up one by one."""

WORDS = "INSERT INTO wording VALUES (%(way)s, %(fell_back)s, %(reason)s, %(legal_basis)s)"
"""One of `schemas.audience_reasons.WAYS`, with or without FELL_BACK."""

CANDIDATES = (
    """
    CREATE TEMPORARY TABLE against ON COMMIT DROP AS
    SELECT one.audience, left_out.person_id, min(left_out.reason) AS reason
    FROM left_out JOIN (VALUES ('important_updates'), ('course_invitations')) AS one (audience)
        ON left_out.audience IS NULL OR left_out.audience = one.audience
    GROUP BY one.audience, left_out.person_id
    """,
    "ANALYZE against, bounced_person, wording",
    # The address on the card, a person's own before a mailbox that several share, one that works before all.
    """
    CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
    SELECT 'important_updates' AS audience, nearest.person_id, nearest.email, nearest.is_role_address,
        nearest.organization_id, nearest.way, bounced_person.person_id IS NOT NULL AS fell_back,
        nearest.source, nearest.source_id, coalesce(mailbox.mailbox, nearest.email) AS mailbox,
        coalesce(against.reason, CASE WHEN nearest.is_bounced THEN %(bounced)s END) AS against
    FROM (
        SELECT DISTINCT ON (person_id) reach.*, bounced.email IS NOT NULL AS is_bounced
        FROM reach LEFT JOIN bounced USING (email)
        ORDER BY person_id, way, organization_id, bounced.email IS NOT NULL, is_role_address,
            is_primary DESC, reach.email
    ) AS nearest
    LEFT JOIN mailbox ON mailbox.email = nearest.email
    LEFT JOIN bounced_person ON bounced_person.person_id = nearest.person_id
    LEFT JOIN against
        ON against.audience = 'important_updates' AND against.person_id = nearest.person_id
    """,
    """
    INSERT INTO candidate (audience, person_id, email, is_role_address, organization_id, way, fell_back,
        source, source_id, mailbox, against)
    SELECT 'course_invitations', nearest.person_id, nearest.email, nearest.is_role_address,
        nearest.organization_id,
        CASE WHEN nearest.is_role_address THEN 5 WHEN nearest.organization_id IS NULL THEN 6 ELSE 7 END,
        bounced_person.person_id IS NOT NULL, nearest.source, nearest.source_id,
        coalesce(mailbox.mailbox, nearest.email),
        coalesce(against.reason, CASE WHEN nearest.is_bounced THEN %(bounced)s END)
    FROM (
        SELECT DISTINCT ON (person_id) reach.*, bounced.email IS NOT NULL AS is_bounced
        FROM reach LEFT JOIN bounced USING (email)
        WHERE is_invited
        ORDER BY person_id, bounced.email IS NOT NULL, is_role_address, is_primary DESC, reach.email,
            organization_id
    ) AS nearest
    LEFT JOIN mailbox ON mailbox.email = nearest.email
    LEFT JOIN bounced_person ON bounced_person.person_id = nearest.person_id
    LEFT JOIN against
        ON against.audience = 'course_invitations' AND against.person_id = nearest.person_id
    """,
    "ANALYZE candidate",
    # One letter to one mailbox, however it is written: of several persons under it the one whose own it
    # rather is, at the address that names it plainly.
    """
    UPDATE candidate SET against = %(same_mailbox)s
    FROM (
        SELECT audience, person_id, row_number() OVER (
                PARTITION BY audience, mailbox ORDER BY is_role_address, email <> mailbox, person_id
            ) AS place
        FROM candidate
        JOIN (
            SELECT audience, mailbox FROM candidate WHERE against IS NULL
            GROUP BY audience, mailbox HAVING count(*) > 1
        ) AS shared USING (audience, mailbox)
        WHERE against IS NULL
    ) AS placed
    WHERE placed.place > 1
        AND candidate.audience = placed.audience AND candidate.person_id = placed.person_id
    """,
    """
    CREATE TEMPORARY TABLE excluded ON COMMIT DROP AS
    SELECT audience, person_id, against AS reason FROM candidate WHERE against IS NOT NULL
    """,
    "ANALYZE excluded",
)
"""Fills `candidate`, one row per audience and person, with what stands `against` it, if anything does.

Parameters: the words of what can."""
