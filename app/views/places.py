"""Cities and countries with what they sold, as a page's answer has them. No Streamlit in it."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from app.redshift.panels import Panels
from app.views import sales
from app.views.figures import NOTHING, City, Figures
from app.views.formats import country


class Country(NamedTuple):
    """A country's figures; its code is ISO 3166's of two letters."""

    code: str
    figures: Figures

    @property
    def name(self) -> str:
        """Its English name."""
        return country(self.code)


def place(city: City) -> str:
    """The city as the filters name it: Lima, PE."""
    return f"{city.name}, {city.country}"


def is_located(city: City) -> bool:
    """Whether there is a place on Earth for it."""
    return city.longitude is not None and city.latitude is not None


def position(city: City) -> tuple[float, float]:
    """A located city's longitude and latitude."""
    return float(city.longitude or 0), float(city.latitude or 0)


def added(figures: Sequence[Figures]) -> Figures:
    """What several sold together."""
    sold, units, orders = zip(*figures, strict=True) if figures else ((), (), ())
    return Figures(sum(sold, Decimal(0)), sum(units), sum(orders))


class Item(NamedTuple):
    """A city or a country: as the filters name it, as people do, and what it sold."""

    value: str
    label: str
    figures: Figures

    @classmethod
    def of_city(cls, city: City) -> "Item":
        return cls(place(city), place(city), city.figures)

    @classmethod
    def of_country(cls, country: Country) -> "Item":
        return cls(country.code, country.name, country.figures)


@dataclass(frozen=True)
class Answer:
    """The cities and countries of the answer; what nobody looks at is not read."""

    total: Figures  # of what was chosen
    around: Figures  # whichever cities were chosen
    _rows: Panels = field(repr=False)

    @property
    def known(self) -> int:
        """How many cities the answer has."""
        return int(self._rows["cities"].num_rows)

    @property
    def more_countries(self) -> bool:
        """Whether a cap took some of the countries."""
        return "countries" in self._rows.incomplete

    @property
    def places(self) -> list[str]:
        """The cities as the filters name them, best first."""
        return list(dict.fromkeys(self._rows["cities"]["place"].to_pylist()))

    def best(self, most: int | None = None) -> list[City]:
        """The cities that sold most, best first."""
        return [_city(*row) for row in self._rows.rows("cities", most)]

    def named(self, text: str) -> list[City]:
        """The cities that somebody may mean by a text: the nearest names first, and of those the best.

        Capitals and accents do not matter. A city as the filters name it is that city and no other.
        """
        sought = _plain(text)
        near: dict[int, list[City]] = {}
        for row in self._rows.rows("cities") if sought else ():
            nearness = _nearness(_plain(row[0]), sought)
            if nearness is not None:
                near.setdefault(nearness, []).append(_city(*row))
        found = near.get(_ITSELF) or [city for nearness in sorted(near) for city in near[nearness]]
        return list({place(city): city for city in reversed(found)}.values())[::-1]

    def countries(self, regions: Collection[str] = ()) -> list[Country]:
        """The countries, best first, within these regions if there are any; one in two of them is one."""
        found: dict[str, Figures] = {}
        for region, code, *sold in self._rows.rows("countries"):
            if not regions or region in regions:
                found[code] = added([found.get(code, NOTHING), sales.sold(sold)])
        countries = (Country(code, figures) for code, figures in found.items())
        return sorted(countries, key=lambda country: country.figures.sales, reverse=True)


def _city(named: str, latitude: Decimal | None, longitude: Decimal | None, *sold: object) -> City:
    name, _, country = named.rpartition(", ")
    return City(
        name, country, _degrees(longitude, most=180), _degrees(latitude, most=90), figures=sales.sold(sold)
    )


_ITSELF = 0


def _nearness(named: str, sought: str) -> int | None:
    """How near a city's name comes to what was sought; None where it has nothing of it."""
    if named == sought:
        return _ITSELF
    name, _, _ = named.rpartition(", ")
    likeness = (name == sought, named.startswith(sought), f" {sought}" in named, sought in named)
    return next((near for near, alike in enumerate(likeness, _ITSELF + 1) if alike), None)


def _plain(text: str) -> str:
    """A name as people type it who have other keys: without accents and capitals."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(each for each in letters if not unicodedata.combining(each)).casefold().strip()


def _degrees(value: Decimal | None, *, most: int) -> Decimal | None:
    """A coordinate; None for one that is no place on Earth: the map would zoom out to reach it."""
    return None if value is None or abs(value) > most else value
