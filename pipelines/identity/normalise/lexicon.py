"""Words whose meaning a matcher must know: given names, pet forms, roles, placeholders.

Facts only, in folded form. A fixed list, not one learned from the data: what two records mean must not
depend on which other records are looked at.
"""

from __future__ import annotations

from pipelines.identity.normalise.text import folded, skeleton

_GIVEN = """
Adam Adrian Agnes Aina Aksel Alexander Alexandra Alf Alfred Amalie Amanda Amund Anders Andre Andrea
Andreas Ane Anett Anette Anita Anja Ann Anna Anne Anniken Annika Arild Are Arne Arnfinn Arnt Arve Arvid
Asbjørn Aslaug Astri Astrid Atle Aud Audun August Aurora Beate Benedicte Benedikte Benjamin Bent Bente
Berit Bernt Birger Birgit Birgitte Birte Bjarne Bjørg Bjørn Bjørnar Bodil Borghild Brage Brede Britt
Brit Bård Børge Camilla Carina Carl Caroline Cathrine Cato Cecilie Charlotte Christer Christian Christin
Christina Christine Christoffer Christopher Dag Dagfinn Dagny Dan Daniel Daniela David Dennis Dorthe
Dyveke Ebba Edel Edith Edvard Edvin Egil Eili Einar Eirik Eirin Eivind Elin Elias Eline Elisabeth Elise
Ella Ellen Ellinor Elsa Else Emil Emilie Emily Emma Endre Erik Erika Erlend Erling Erna Ernst Eskil
Espen Ester Eva Even Evelyn Evy Fanny Filip Finn Fredrik Fredrikke Frida Fride Frode Frank Fritz Gabriel
Gaute Geir Georg Gerd Gisle Gjermund Glenn Grete Grethe Gro Gry Gudmund Gudrun Gunhild Gunn Gunnar
Gunvor Guri Guro Gustav Halvard Halvor Hallvard Hanna Hannah Hanne Hans Harald Harry Hauk Hedda Hedvig
Hege Heidi Helen Helene Helga Helge Helle Henning Henriette Henrik Herman Hermine Hilde Hildegunn Håkon
Håvard Ida Idun Ina Ine Inga Inge Ingeborg Inger Ingerid Ingrid Ingunn Ingvar Ingvild Ingvill Irene Iris
Isabel Isabella Isabelle Isak Iselin Ivar Iver Jacob Jan Jane Janne Jannicke Jarl Jarle Jeanette Jenny
Jens Jesper Joachim Johan Johanna Johanne Johannes John Johnny Jon Jonas Jonathan Jorid Jorun Jorunn
Jostein Josefine Julia Julian Julie June Jørgen Jørn Kai Kaia Kaja Karen Kari Karianne Karin Karina
Karine Karl Karoline Kasper Kate Kathrine Katrine Katinka Kenneth Kent Ketil Kevin Kim Kine Kirsten
Kirsti Kjartan Kjell Kjersti Kjetil Klara Klaus Knut Kolbjørn Konrad Kristian Kristiane Kristin Kristina
Kristine Kristoffer Kurt Kåre Laila Lars Lasse Laura Lea Leah Leif Lena Lene Leon Leonora Lill Lillian
Lilly Lina Linda Line Linn Linnea Lisa Lisbeth Lise Liv Live Lotte Louise Lovise Lucas Ludvig Lukas Mads
Magne Magnhild Magnus Magnar Maja Malene Malin Maren Margaret Margit Margrethe Mari Maria Mariann
Marianne Marie Marina Marion Marit Marita Marius Markus Marte Marthe Martha Martin Martine Mathea
Mathias Mathilde Mats Matteo May Mette Merete Mia Michael Mikael Mikkel Mille Mina Miriam Mona Monica
Monika Morten Natalie Nathalie Nicolai Nikolai Nils Nina Noah Nora Norunn Oda Odd Oddbjørn Oddny Oddvar
Odin Ola Olaf Olaug Olav Ole Olga Oline Oliver Olivia Oscar Oskar Othilie Otto Ottar Ove Ole Olve Pål
Patrick Paul Peder Per Pernille Peter Petter Petra Pia Preben Ragna Ragnar Ragnhild Randi Rannveig
Rasmus Rebecca Rebekka Regine Reidar Reidun Renate Richard Rikke Rita Roald Roar Robert Robin Roger Rolf
Ronny Roy Ruben Runar Rune Ruth Sander Sandra Sara Sarah Sebastian Selma Selmer Severin Sidsel Signe
Sigrid Sigrun Sigmund Sigurd Sigve Silje Silvia Simen Simon Sindre Sissel Siri Siv Sivert Snorre Sofia
Sofie Solfrid Solveig Sondre Sonja Stein Steinar Steffen Stian Stig Stine Sunniva Susanne Svanhild Svein
Sven Svend Sverre Synne Synnøve Sølvi Sølve Søren Sylvia Terje Thea Therese Theodor Thomas Thor Thorvald
Tina Tine Tirill Tiril Tobias Tom Tomas Tommy Tone Tonje Tor Torbjørn Tore Torgeir Torhild Toril Torill
Torgrim Tormod Torstein Torunn Tove Trine Tron Trond Trude Truls Trygve Trym Turid Tuva Ulf Ulrik
Ulrikke Unni Vegard Vemund Vera Veronica Vetle Vibeke Victor Victoria Vidar Vigdis Vilde Viktor Viktoria
Vilhelm Vivian Walter Wenche William Willy Yngve Yngvar Yvonne Åge Ågot Åse Åshild Åsmund Åste Øivind
Ørjan Øystein Øyvind Ahmed Ali Amina Amir Anastasia Aleksander Aleksandra Agnieszka Andrzej Fatima Hamza
Hassan Ibrahim Jakub Jaroslaw Khadija Krzysztof Leila Magdalena Malgorzata Marek Mariam Mohamed Mohammad
Mohammed Muhammad Olena Omar Piotr Pawel Samira Svetlana Tomasz Yasmin Yusuf Zahra James Mary Susan
Jessica Jennifer Andrew Matthew Mark Steven
"""

# Pet forms and everyday forms, each line one circle of names that one person may go by. Variants that the
# skeleton already makes one (Kristian/Christian, Tor/Thor) need no line.
_PET_FORMS = """
Aleksander Alex Aleks Sander
Aleksandra Alexandra Alex Sandra
Anders Andy
Andreas Andy Andrew
Anette Nette Anne
Anita Nita
Bjørnar Bjørn
Benjamin Ben Benny
Daniel Dan Danny
Cathrine Katrine Kathrine Trine Cathe
Christina Kristina Stina Tina
Christine Kristine Stine Kine
Christoffer Kristoffer Kris Chris Stoffer Christopher
Christian Kristian Kris Chris
Edvard Edd Eddy Eddie
Elisabeth Elizabeth Lisbeth Elise Lisa Lise Beth Bettan Betty
Emilie Emily Emmy
Fredrik Fred Freddy
Fredrikke Rikke
Gunnhild Gunn
Hans Hasse
Henriette Jette Henni
Henrik Henke Hendrik
Håkon Haakon
Ingeborg Inger Bolla
Ingrid Ingerid Inga
Jacob Jakob Jakub
Jeanette Janette Nette
Johan Johannes Jo
Johnny John Jonny
Jonathan Jon Jonatan
Josefine Fine Josephine
Karoline Caroline Line Caro
Kenneth Ken Kenny
Ketil Kjetil
Lars Lasse
Leif Leiv
Magdalena Lena Magda
Magnus Mange Mangs
Margaret Margareth Margrete Margrethe Grete Grethe Maggen
Marianne Marian Mariann
Martin Marty
Mathias Mats Mathis
Michael Mikael Mike Mikkel Micke
Mohamed Mohammed Mohammad Muhammad
Nicolai Nikolai Nico Niko
Niklas Nicklas Nico Niko
Ole Olemann
Pål Paal Paul
Per Pelle Peder Petter
Peter Petter Pete Peder
Rebecca Rebekka Becca Bekka
Richard Rikard Rick
Robert Rob Robb Bob Robbie
Rolf Roffe
Sebastian Basse Seb
Sigrid Siri Sigri
Sissel Sidsel
Susanne Sanne Susann
Svein Svenn Sven Svend
Terese Therese Tess
Theodor Teo
Thomas Tomas Tom Tommy
Tor Thor
Torstein Tor
Torbjørn Tor Tobben
Vegard Vegar
Victoria Viktoria Vicky
Viktor Victor Vik
Vilhelm Willy Ville
William Will Bill Willy
Øyvind Øivind Øyvin
Øystein Øistein
Åse Aase
"""

GIVEN_NAMES = frozenset(folded(name) for name in _GIVEN.split())


def _pet_circles() -> dict[str, frozenset[int]]:
    circles: dict[str, set[int]] = {}
    for number, line in enumerate(_PET_FORMS.strip().splitlines()):
        for name in line.split():
            circles.setdefault(skeleton(folded(name)), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in circles.items()}


PET_CIRCLES = _pet_circles()
GIVEN_SKELETONS = frozenset(skeleton(name) for name in GIVEN_NAMES) | frozenset(PET_CIRCLES)

# Local parts of role mailboxes: the role has the mailbox, not a natural person.
ROLE_MAILBOXES = frozenset(
    """
    post firmapost postmottak postmaster epost mail email info informasjon kontakt contact kundeservice
    kundesenter kunde kundekontakt service servicedesk support helpdesk hjelp it ikt itsupport drift
    teknisk tech faktura fakturamottak fakturaer fakturering invoice invoices billing regnskap
    regnskapet regnskapsavdelingen regnskapsavdeling regn okonomi okonomiavdeling okonomiavdelingen
    accounting accounts finance lonn payroll salg sales ordre order orders bestilling bestillinger
    booking reservasjon kurs kursadmin kurspamelding pamelding paamelding arrangement event events
    konferanse conference admin administrasjon administrator adm hr personal personell jobb resepsjon
    reception sentralbord sentralbordet switchboard webmaster web nett nettbutikk butikk shop noreply
    donotreply ikkesvar marked markedsforing marketing marked presse press media ledelse styret styre
    styreleder kontor kontoret office sekretariat sekretar leder dagligleder daglig gdpr personvern
    privacy sikkerhet security abuse hostmaster root hello hei hallo team firma bedrift lager logistikk
    innkjop purchase prosjekt verksted avdeling medlem medlemsservice medlemskap skole rektor sfo
    barnehage bibliotek kulturskole menighet kirke kirkekontor idrett klubb kasserer post1 hovedpost
    felles fellespost
    """.split()
)
# Words that follow or precede a role word in a local part: faktura.oslo, post-nord.
ROLE_STEMS = frozenset(
    {
        "post",
        "faktura",
        "invoice",
        "regnskap",
        "support",
        "kundeservice",
        "salg",
        "booking",
        "noreply",
        "ordre",
        "info",
        "okonomi",
        "postmottak",
        "resepsjon",
        "firmapost",
    }
)

PLACEHOLDER_LOCALS = frozenset(
    """
    test tester testing ukjent unknown ingen none na xx xxx xxxx abc asdf qwerty example eksempel
    mangler missing null dummy fake nomail noemail ikkeoppgitt ingenepost foo bar
    """.split()
)

# Words in a name field that say "this is not a person".
ROLE_WORDS = frozenset(
    """
    post kundeservice kundesenter support faktura fakturamottak regnskap regnskapsavdeling
    regnskapsavdelingen okonomi okonomiavdeling okonomiavdelingen salg salgsavdelingen ordre ordrekontor
    resepsjon resepsjonen sentralbord sentralbordet booking bookingen kontor kontoret administrasjon
    administrasjonen avdeling avdelingen sekretariat sekretariatet postmottak firmapost info kontakt
    noreply helpdesk servicedesk kurs kursavdelingen arrangement styret felles personalavdelingen hr it
    drift lonn
    """.split()
)

# Names people type when they do not want to give one.
PLACEHOLDER_NAMES = frozenset(
    """
    test tester ukjent unknown ingen anonym anonymous na null none xxx xx asdf qwerty mangler navn
    fornavn etternavn kunde gjest guest deltaker deltager privat privatperson
    """.split()
)

TITLES = frozenset(
    {
        "hr",
        "herr",
        "fru",
        "frk",
        "froken",
        "dr",
        "prof",
        "professor",
        "adv",
        "advokat",
        "ing",
        "siving",
        "cand",
        "mr",
        "mrs",
        "ms",
        "mag",
    }
)
