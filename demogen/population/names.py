"""Values that a banker would believe: pools drawn from Faker once per locale and seed, combined by draws.

Faker costs 20 to 200 µs a value, so nothing asks it per entity. Places come from the catalog instead: Faker's cities,
states and postal codes do not agree with each other. May import: draws, catalog, contract.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import accumulate

import msgspec

from demogen.contract.entities import Address
from demogen.population.catalog import Catalog, Place
from demogen.population.draws import Draw

_POOL = 256
_LOCALES = {"US": "en_US", "BR": "pt_BR"}


class Names(msgspec.Struct, frozen=True):
    """Pools of one country."""

    country: str
    first: tuple[str, ...]
    last: tuple[str, ...]
    streets: tuple[str, ...]
    trades: tuple[str, ...]

    def person(self, draw: Draw) -> str:
        """First and last name; in Brazil two last names."""
        if self.country == "BR":
            mother, father = draw.pick(self.last), draw.pick(self.last)
            return (
                f"{draw.pick(self.first)} {mother} {father}"
                if mother != father
                else f"{draw.pick(self.first)} {mother}"
            )
        return f"{draw.pick(self.first)} {draw.pick(self.last)}"

    def shop(self, draw: Draw) -> str:
        """A small firm, named after its owner."""
        return f"{draw.pick(self.last)} {draw.pick(self.trades)}"

    def street(self, draw: Draw) -> str:
        number = draw.between(1, 2400)
        street = draw.pick(self.streets)
        return f"{street}, {number}" if self.country == "BR" else f"{number} {street}"

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(msgspec.json.encode(self)).digest()


_TRADES = {
    "US": ("Coffee", "Bakery", "Market", "Auto Repair", "Books", "Pharmacy", "Hardware", "Diner", "Fitness", "Florist",
           "Travel", "Electronics", "Grocery", "Optical", "Cleaners", "Pet Supply"),
    "BR": ("Café", "Padaria", "Mercado", "Oficina", "Livraria", "Farmácia", "Ferragens", "Restaurante", "Academia",
           "Flores", "Turismo", "Eletrônicos", "Mercearia", "Ótica", "Lavanderia", "Pet Shop"),
}  # fmt: skip


@cache
def names(country: str, seed: int) -> Names:
    """Pools of a country ("US" or "BR"): the same for the same seed and the same Faker."""
    from faker import Faker  # a third of a second to import; plans need it, runs do not

    fake = Faker(_LOCALES[country])
    fake.seed_instance(f"{seed}-{country}")
    return Names(
        country=country,
        first=_pool(fake.first_name),
        last=_pool(fake.last_name),
        streets=_streets(country, _pool(fake.street_name)),
        trades=_TRADES[country],
    )


def _pool(speak: Callable[[], str]) -> tuple[str, ...]:
    return tuple(speak() for _ in range(_POOL))


def _streets(country: str, spoken: tuple[str, ...]) -> tuple[str, ...]:
    # Faker calls some Brazilian streets airports or stations; nobody lives there.
    kinds = ("Rua", "Avenida", "Alameda", "Travessa", "Praça")
    believable = tuple(street for street in spoken if country != "BR" or street.startswith(kinds))
    return believable or spoken


def place(catalog: Catalog, country: str, draw: Draw) -> Place:
    """A city of the country, the larger the likelier."""
    places = catalog.br if country == "BR" else catalog.us
    return places[draw.weighted(tuple(accumulate(one.weight for one in places)))]


def address(at: Place, pool: Names, draw: Draw) -> Address:
    """An address whose city, state and postal code agree."""
    code = draw.pick(at.zips)
    if pool.country == "BR":
        low, high = code.split("-")
        code = f"{draw.between(int(low), int(high)):05d}-{draw.below(1000):03d}"
    return Address(
        line1=pool.street(draw), zip_code=code, city=at.city, state=at.state, country=pool.country
    )  # fmt: skip


def slug(text: str) -> str:
    """Letters, digits and dashes of a name, lower case: what an alias and the DSL can spell."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(char if char.isalnum() else " " for char in plain).split())
