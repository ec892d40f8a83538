"""What fixed values and rules are called to the person they are about, in both languages.

Any other value is shown as it is held.
"""

from __future__ import annotations

from pipelines.privacy.subjects.access_words import in_both
from schemas import audience_reasons

RULES = in_both(
    (
        # Which value the card shows.
        ("whole_name", "nyeste hele navn", "newest whole name"),
        ("whole_name_in_capitals", "nyeste hele navn, i store bokstaver", "newest whole name, in capitals"),
        ("partial_name", "bare en del av navnet er kjent", "only a part of the name is known"),
        ("own_address", "din egen adresse", "your own address"),
        ("mistyped_address", "adressen ser ut til å ha en skrivefeil", "the address seems to be mistyped"),
        ("shared_address", "flere bruker adressen", "several use the address"),
        ("role_address", "felles postkasse", "a shared mailbox"),
        ("own_sign_up", "oppgitt av deg i en påmelding", "given by you in a sign-up"),
        ("billing_contact", "kontaktperson i regnskapet", "contact person in the ledger"),
        ("support_contact", "kontakt i kundestøtten", "contact of support"),
        ("shared_number", "flere bruker nummeret", "several use the number"),
        ("other_number", "annet nummer", "another number"),
        # How the organisation was found.
        ("register", "enheten i registeret", "the unit in the register"),
        ("number", "samme organisasjonsnummer", "the same organisation number"),
        ("customer", "kontaktperson for kunden", "contact person of the customer"),
        ("decision", "avgjort av et menneske", "decided by a person"),
        ("name_and_form", "navn og organisasjonsform", "name and legal form"),
        ("name", "navnet", "the name"),
        ("similar_name", "nesten samme navn", "nearly the same name"),
        ("former_name_and_form", "tidligere navn og organisasjonsform", "former name and legal form"),
        ("former_name", "tidligere navn", "a former name"),
        ("former_similar_name", "nesten et tidligere navn", "nearly a former name"),
        ("name_and_place", "navn og sted", "name and place"),
        ("name_and_phone", "navn og telefonnummer", "name and phone number"),
        ("name_and_domain", "navn og e-postdomene", "name and mail domain"),
        ("name_and_neighbours", "navn og kollegers e-postdomene", "name and the mail domain of colleagues"),
        ("name_and_own_domain", "navn og eget e-postdomene", "name and a mail domain of its own"),
        ("name_active", "eneste aktive med navnet", "the only active one of that name"),
        ("domain", "e-postdomenet", "the mail domain"),
        ("domain_and_name", "e-postdomene og navn", "mail domain and name"),
        ("organization_group", "kundestøtten har deg under firmaet", "support has you under it"),
        ("own_name", "samme navn blant kundene", "the same name among customers"),
        ("mailbox", "firmaets adresse", "the organisation's address"),
        ("same_person", "dine andre oppføringer", "your other records"),
    )
)
"""Why a value is on the card, by the rule that crm.field_origin or crm.affiliation names."""

_WAYS = (
    (0, "aktiv privatkunde"),
    (1, "kontaktperson hos en aktiv kunde"),
    (2, "har bestilt for en aktiv kunde"),
    (3, "kjent i kundestøtten for å handle for en aktiv kunde"),
    (4, "har tatt kurs for en aktiv kunde"),
    (5, "postkasse hos en aktiv kunde, ikke en persons"),
    (6, "privatkunde med løpende avtale"),
    (7, "kontaktperson hos en kunde med løpende avtale"),
)
"""How somebody comes onto a list, by the number that audience_reasons.WAYS has."""

VALUES = in_both(
    (
        ("registered", "registrert", "registered"),
        ("confirmed", "bekreftet", "confirmed"),
        ("cancelled", "avlyst", "cancelled"),
        ("active", "aktiv", "active"),
        ("pending", "venter", "pending"),
        ("closed", "lukket", "closed"),
        ("spam", "søppelpost", "spam"),
        ("bankrupt", "konkurs", "bankrupt"),
        ("liquidation", "under avvikling", "being wound up"),
        ("deleted", "slettet", "deleted"),
        ("removed", "fjernet", "removed"),
        ("unknown", "ukjent", "unknown"),
        ("sending", "sendes", "being sent"),
        ("refused", "ikke godtatt", "refused"),
        ("phone", "telefon", "phone"),
        ("email", "e-post", "e-mail"),
        ("chat", "nettprat", "chat"),
        ("important_updates", "viktige oppdateringer", "important updates"),
        ("course_invitations", "invitasjoner til kurs", "course invitations"),
        ("in", "inn", "on"),
        ("out", "ut", "off"),
        ("hard", "adressen finnes ikke", "there is no such address"),
        ("soft", "ikke tatt imot denne gangen", "not taken this time"),
        ("new", "ny", "new"),
        ("enriched", "utfylt", "enriched"),
        ("needs_review", "venter på et menneske", "waits for a person"),
        ("declined", "avslått", "declined"),
        ("company", "firma", "company"),
        ("private", "privat", "private"),
        ("customer", "kunde", "customer"),
        ("contact", "kontaktperson", "contact person"),
        ("decline", "avslå", "decline"),
        ("MONTHS", "måneder", "months"),
        ("YEAR", "år", "years"),
        ("NO", "Norge", "Norway"),
        ("US", "USA", "United States"),
        (audience_reasons.CONTRACT, "GDPR art. 6 nr. 1 b: avtale med kunden", audience_reasons.CONTRACT),
        (
            audience_reasons.CUSTOMER,
            "Markedsføringsloven § 15: kundeforhold, adresse fra et salg, egne tilsvarende tjenester; hver "
            "utsendelse sier hvordan du reserverer deg",
            audience_reasons.CUSTOMER,
        ),
        (
            audience_reasons.NOT_A_PERSON,
            "Markedsføringsloven § 15 gjelder bare fysiske personer; GDPR art. 6 nr. 1 f",
            audience_reasons.NOT_A_PERSON,
        ),
        *(
            (reason + more, nb + more_nb, reason + more)
            for more, more_nb in (
                ("", ""),
                (audience_reasons.FELL_BACK, "; en adresse kom i retur, denne ikke"),
            )
            for reason, nb in ((audience_reasons.WAYS[way][0], nb) for way, nb in _WAYS)
        ),
        (
            audience_reasons.BOUNCED,
            "ingen adresse som kan brukes, tar imot: e-posten kom i retur",
            audience_reasons.BOUNCED,
        ),
        (audience_reasons.SAME_MAILBOX, "en annen har samme adresse", audience_reasons.SAME_MAILBOX),
        (audience_reasons.OBJECTED, "har protestert mot markedsføring", audience_reasons.OBJECTED),
        (audience_reasons.ERASED, "er slettet etter eget ønske", audience_reasons.ERASED),
    )
)
"""Values with a fixed vocabulary; any other is shown as it is held."""

FIXED = frozenset(
    "status state type audience change kind decision object country duration_unit period_unit reason"
    " legal_basis".split()
)
"""The fields whose values have a fixed vocabulary."""
