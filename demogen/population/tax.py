"""Tax numbers with valid check digits: CNPJ for Brazilian firms, CPF for persons, EIN for US firms.

Pure arithmetic on drawn digits; none is looked up, so a number may belong to someone. May import: draws.
"""

from __future__ import annotations

from demogen.population.draws import Draw

_CNPJ_WEIGHTS = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)

#: Prefixes the US revenue service has assigned to its campuses and to the internet.
EIN_PREFIXES = tuple(
    f"{prefix:02d}"
    for first, last in ((1, 6), (10, 16), (20, 27), (30, 48), (50, 68), (71, 77), (80, 88), (90, 95), (98, 99))
    for prefix in range(first, last + 1)
)


def cnpj(draw: Draw) -> str:
    """14 digits: eight of the firm, branch 0001, two check digits."""
    base = draw.digits(8) + "0001"
    first = _check(base, _CNPJ_WEIGHTS)
    return f"{base}{first}{_check(base + first, (6, *_CNPJ_WEIGHTS))}"


def cpf(draw: Draw) -> str:
    """11 digits, the last two check digits. Never eleven equal ones, which offices refuse."""
    base = draw.digits(9)
    if base == base[0] * 9:
        base = f"{int(base) ^ 1:09d}"
    first = _check(base, range(10, 1, -1))
    return f"{base}{first}{_check(base + first, range(11, 1, -1))}"


def ein(draw: Draw) -> str:
    """9 digits, the first two an assigned prefix. An EIN has no check digit."""
    return draw.pick(EIN_PREFIXES) + draw.digits(7)


def valid_cnpj(text: str) -> bool:
    if len(text) != 14 or not text.isdigit() or text == text[0] * 14:
        return False
    first = _check(text[:12], _CNPJ_WEIGHTS)
    return text[12] == first and text[13] == _check(text[:13], (6, *_CNPJ_WEIGHTS))


def valid_cpf(text: str) -> bool:
    if len(text) != 11 or not text.isdigit() or text == text[0] * 11:
        return False
    first = _check(text[:9], range(10, 1, -1))
    return text[9] == first and text[10] == _check(text[:10], range(11, 1, -1))


def valid_ein(text: str) -> bool:
    return len(text) == 9 and text.isdigit() and text[:2] in EIN_PREFIXES


def _check(digits: str, weights: range | tuple[int, ...]) -> str:
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return "0" if rest < 2 else str(11 - rest)
