"""Common Norwegian names, towns and trades to invent people and organisations from."""

from __future__ import annotations

WOMEN = """
Anne Inger Kari Marit Ingrid Liv Eva Anna Ida Hilde Nina Marianne Berit Astrid Kristin Randi Solveig
Bente Heidi Silje Hanne Linda Tone Anita Elin Tove Wenche Camilla Ragnhild Ellen Julie Hege Mona Marie
Karin Else Laila Helene Stine Emma Mari Thea Line Mette Nora Sara Emilie Lene Malin Trine Unni Siri
Cecilie Sofie Kirsten Gro Vilde Kjersti Janne Andrea Martine Ingeborg Amalie Elise Merete Tonje Rita
Maren Karen Mia Synnøve Therese Ingvild Charlotte Vigdis Sandra Ingunn Oda Bodil Tina Hedda Maja Johanne
Tuva Henriette Trude Vibeke Eline Beate Susanne Sunniva Guro Åse Åshild Bjørg Sølvi Jorunn Turid Reidun
Elisabeth Kathrine Christine Anne-Marie Ann-Kristin
""".split()

MEN = """
Jan Per Bjørn Ole Lars Kjell Knut Svein Arne Geir Morten Hans Tor Martin Erik Terje Andreas Odd Anders
Rune Daniel Trond Kristian Marius Magnus Tore Jon Stian Tom Henrik Olav Harald Jonas Fredrik Espen
Øyvind Eirik Gunnar Rolf Leif Håkon Helge Nils Steinar Einar Frode Alexander Jørgen Mathias Emil Petter
Arild Kristoffer Frank Stein Johan Dag Stig Kenneth Ola Vidar Pål Håvard Kåre Sondre Ivar Sebastian
Roger Sverre Sander Tobias Simen Eivind Robert Vegard Johannes Egil Jens Markus Sindre Sigurd Torbjørn
Even Roar Erlend Elias David Jarle Erling Asbjørn Oliver Jostein Ove Jørn Atle Trygve Simon Bjarne Kai
Ragnar Aksel Mads Audun Bård Ståle Ørjan Jan-Erik Per-Olav Thomas Christian Michael
""".split()

SURNAMES = """
Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen Jensen Karlsen Johnsen Pettersen
Eriksen Berg Haugen Hagen Johannessen Andreassen Jacobsen Halvorsen Dahl Henriksen Lund Sørensen Moen
Gundersen Iversen Svendsen Solberg Strand Martinsen Paulsen Knutsen Eide Bakken Kristoffersen Mathisen
Lie Rasmussen Amundsen Lunde Bakke Moe Berge Nygård Fredriksen Solheim Lien Holm Andresen Ødegaard
Christensen Hauge Evensen Sæther Aas Myhre Haugland Thomassen Sivertsen Simonsen Berntsen Danielsen
Arnesen Rønning Næss Sandvik Antonsen Haug Vik Ellingsen Edvardsen Thorsen Gulbrandsen Isaksen Birkeland
Ruud Aasen Abrahamsen Aune Brekke Bøe Eliassen Engen Helland Madsen Mikkelsen Myklebust Strøm Tangen
Tveit Sunde Mortensen Thoresen Bjerke Hermansen Magnussen Helgesen Gjerde Hovland Bråthen Wold Eilertsen
Wilhelmsen Steen Foss Bjørnstad Gabrielsen Håland Sætre Hammer Gustavsen Ingebrigtsen Hoel Holmen Solli
Hoff Samuelsen Lorentzen Sveen Ludvigsen Rønningen Fossum Grønli Skogheim Fjellvang Ulvestad Tømmerås
Østby Øverland Kjærstad Nordbø Fjæra Storlien Kvamme Grindheim Rødland Ytterdal Skjelbred Hjelmeland
Lauvås Bergsland Nygaardsmoen Vestrheim Kolstø
""".split()

# Town, postal codes.
TOWNS = [
    ("Oslo", ("0150", "0355", "0580")),
    ("Bergen", ("5003", "5063")),
    ("Trondheim", ("7010", "7030")),
    ("Stavanger", ("4006", "4020")),
    ("Kristiansand", ("4610", "4630")),
    ("Tromsø", ("9008", "9010")),
    ("Drammen", ("3015", "3040")),
    ("Skien", ("3717",)),
    ("Bodø", ("8006",)),
    ("Ålesund", ("6002",)),
    ("Hamar", ("2317",)),
    ("Lillehammer", ("2609",)),
    ("Molde", ("6413",)),
    ("Haugesund", ("5527",)),
    ("Arendal", ("4836",)),
    ("Halden", ("1771",)),
    ("Kongsberg", ("3611",)),
    ("Steinkjer", ("7713",)),
    ("Narvik", ("8514",)),
    ("Alta", ("9510",)),
    ("Voss", ("5700",)),
    ("Gjøvik", ("2815",)),
    ("Moss", ("1530",)),
]

_FIRST_PARTS = """
Nord Sør Fjell Hav Sol Gran Furu Lyng Bjørk Elv Storm Kvit Raud Myr Tind Sand Stein Skog Vind Dal Bekk Ås Ulv
Ørn Hegg Eike Rogn Isbre
""".split()
_LAST_PARTS = "vik nes lia bakken vang tun stad heim strand haugen moen sletta vollen borg sund øya".split()
HEADS = [first + last for first in _FIRST_PARTS for last in _LAST_PARTS]

TRADES = """
Bakeri Rør Elektro Bygg Regnskap Transport Reklame Mat Maskin Tannlegesenter Frisør Blomster
Snekkerverksted Konsult Data Hotell Kafé Fisk Trevare Energi Maling Renhold Bilverksted Arkitekter
Reiser Logistikk Musikk Kurs Forlag Design
""".split()

CLUBS = ("Idrettslag", "Skiklubb", "Mannskor", "Turlag", "Musikkorps", "Historielag")
STREETS = (
    "Storgata",
    "Kirkeveien",
    "Strandgata",
    "Skoleveien",
    "Industriveien",
    "Havnegata",
    "Bakkeveien",
    "Parkveien",
)
ROLES = ("post", "faktura", "regnskap", "firmapost", "kontakt", "kurs")
# Mail for anyone, in a world of reserved names.
PUBLIC = ("epost.example.no", "nettpost.example.no", "brevpost.example.com")

PETS = {
    "Elisabeth": "Lisbeth", "Kathrine": "Trine", "Andreas": "Andy", "Alexander": "Alex", "Kristoffer": "Kris",
    "Thomas": "Tom", "Christian": "Kristian", "Christine": "Kristine", "Mathias": "Mats", "Robert": "Robb",
    "Johannes": "Johan", "Fredrik": "Fred", "Michael": "Mikael", "Vegard": "Vegar", "Daniel": "Dan",
    "Henriette": "Jette", "Susanne": "Sanne", "Therese": "Terese", "Håkon": "Haakon", "Kåre": "Kaare",
}  # fmt: skip
