"""What the answer to a request for access says besides the data, in Norwegian (bokmål) and English.

Headings, sentences, and what the law wants told. Columns have their names in access_names.py, fixed values
in access_values.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.privacy.records import length
from schemas.policy import Bilingual, Policy
from schemas.tables import qualified
from schemas.tables.platform import access_log


def in_both(entries: Iterable[tuple[str, str, str]]) -> Mapping[str, Bilingual]:
    """Texts by name, from (name, Norwegian, English)."""
    return {name: Bilingual(nb=nb, en=en) for name, nb, en in entries}


SECTIONS = in_both(
    (
        ("title", "Opplysninger vi har om deg", "What we hold about you"),
        ("disclosures_title", "Hvem som har fått opplysninger om deg", "Who was told about you"),
        ("card", "Kortet ditt", "Your card"),
        ("records", "Det vi har fått fra hvert system", "What we have from each system"),
        (
            "activity",
            "Henvendelser, fakturaer, abonnementer, skjemaer og utsendelser",
            "Inquiries, invoices, subscriptions, forms and mailings",
        ),
        (
            "reasons",
            "Hvorfor vi har opplysningene, og hvor lenge",
            "Why we hold the data, and for how long",
        ),
        ("recipients", "Hvem som behandler opplysningene", "Who processes the data"),
        ("disclosures", "Hvem som har fått opplysninger", "Who was told"),
        (
            "information",
            "Rettighetene dine, og annet du skal vite",
            "Your rights, and what else you should know",
        ),
        ("contents", "Innhold", "Contents"),
        ("nothing", "Ingenting.", "Nothing."),
        ("yes", "ja", "yes"),
        ("no", "nei", "no"),
        ("number", "nr.", "no."),
        ("organization_number", "organisasjonsnummer", "organisation number"),
        ("controller", "Behandlingsansvarlig", "Controller"),
        ("questions", "Spørsmål og krav", "Questions and requests"),
        ("made_at", "Laget", "Made"),
        (
            "introduction",
            "Dette er svaret på at du ba om innsyn (personvernforordningen artikkel 15). Alt står også i en "
            "datafil som følger med, sammen med tekniske numre.",
            "This answers your request for access (General Data Protection Regulation, article 15). "
            "Everything is in a data file that comes with it, too, together with technical numbers.",
        ),
        (
            "disclosures_introduction",
            "Dette er svaret på hvem som har fått opplysninger om deg (personvernforordningen artikkel 15 "
            "nr. 1 c).",
            "This answers who was told about you (General Data Protection Regulation, article 15(1)(c)).",
        ),
        (
            "restricted",
            "Brukes ikke: begrenset etter artikkel 18.",
            "Not used: restricted under article 18.",
        ),
        (
            "held_by_law",
            "Beholdes lenger enn fristen, og slettes ikke på forespørsel imens (artikkel 17 nr. 3):",
            "Kept past its period, and not erased on request meanwhile (article 17(3)):",
        ),
    )
)
"""Headings and sentences."""


def information(policy: Policy) -> tuple[Mapping[str, Bilingual], ...]:
    """What has to be told besides the data (GDPR art. 15(1)(e) to (h), art. 12(2)), under a title each."""
    logged = length(policy.retention_of(qualified(access_log)).period or "")
    return tuple(
        {"title": Bilingual(nb=title_nb, en=title_en), "text": Bilingual(nb=nb, en=en)}
        for title_nb, title_en, nb, en in (
            (
                "Automatiske avgjørelser",
                "Automated decisions",
                "Ingen avgjørelse om deg tas av en maskin alene, og det lages ingen profil av deg "
                "(artikkel 22). Oppføringer som ser ut til å gjelde samme person, blir samlet på ett kort, "
                "og det regnes ut hvem som kan få hvilke utsendelser. Si fra hvis noe er samlet feil: det "
                "blir rettet for godt.",
                "No decision about you is made by a machine alone, and no profile of you is made "
                "(article 22). Records that seem to be of the same person are brought together on one card, "
                "and who may get which mailings is worked out. Say so if something was brought together "
                "wrongly: it is put right for good.",
            ),
            (
                "Retting, sletting og begrensning",
                "Rectification, erasure and restriction",
                "Du kan be om at opplysninger rettes (artikkel 16), slettes (artikkel 17), eller at bruken "
                "av dem begrenses mens noe avklares (artikkel 18). De som har fått opplysningene, får "
                "beskjed (artikkel 19).",
                "You may ask for data to be rectified (article 16), to be erased (article 17), or for their "
                "use to be restricted while something is settled (article 18). Those who were given the data "
                "are told (article 19).",
            ),
            (
                "Protest",
                "Objection",
                "Du kan når som helst protestere mot markedsføring, og mot behandling som bygger på "
                "berettiget interesse (artikkel 21). Etter en protest mot markedsføring blir du ikke "
                "invitert igjen.",
                "You may object to marketing at any time, and to processing based on legitimate interests "
                "(article 21). After an objection to marketing you are not invited again.",
            ),
            (
                "Dataportabilitet",
                "Data portability",
                "Du kan få opplysningene du har gitt oss, som en datafil (JSON) som andre systemer kan lese "
                "(artikkel 20).",
                "You may have the data that you gave us as a file (JSON) that other systems can read "
                "(article 20).",
            ),
            (
                "Klage",
                "Complaint",
                "Mener du at vi behandler opplysninger i strid med reglene, kan du klage til Datatilsynet, "
                "Postboks 458 Sentrum, 0105 Oslo, datatilsynet.no (artikkel 77).",
                "If you think that we break the rules, you may complain to the Norwegian Data Protection "
                "Authority (Datatilsynet), Postboks 458 Sentrum, 0105 Oslo, datatilsynet.no (article 77).",
            ),
            (
                "Det som ikke er med",
                "What is not in here",
                "Det du har skrevet til kundestøtten, ligger i Help Scout og gis ut derfra. IP-adresser til "
                f"brukere lagres i påmeldingssystemet i {logged.nb} og er ikke knyttet til kortet. Det du "
                "har sendt inn i en påmelding hos en av kundene våre, er kundens: be kunden om innsyn.",
                "What you wrote to support is in Help Scout and is given out from there. IP addresses of "
                f"users are kept in the registration system for {logged.en} and are not tied to the card. "
                "What you submitted in a form of one of our customers is the customer's: ask the customer "
                "for access.",
            ),
        )
    )
