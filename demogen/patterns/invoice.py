"""Invoice: a payment with all that books want to know: reference, tags, compliance, chart of accounts, code.

Expects to be accepted. The chart of accounts of a leg is said in JSON only: the DSL throws it away (contract 9).
"""

from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_CATEGORIES = ("groceries", "travel", "utilities", "software", "health", "education")
_CHANNELS = ("web", "mobile", "pos", "api")
_PURPOSES = ("GDDS", "SUPP", "SERV", "TAXS", "INTC")  # ISO 20022 purposes
_CHART = (("GOODS", "1.1.2", "4.1.1"), ("SERVICES", "1.1.2", "4.1.2"), ("TAX", "2.1.4", "2.2.1"))


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    units = dice.amount(payer, dollars=180)
    group, debit, credit = dice.pick(_CHART)
    number = dice.bits() >> 24
    if dice.stage.whole_units:
        debit = credit = ""
    yield Intent.spread(
        units,
        (Leg(payer, units, chart_of_accounts=debit, description="invoice paid"),),
        (Leg(payee, units, chart_of_accounts=credit, description="invoice settled"),),
        description=f"invoice {number}",
        code=f"INV-{number}",
        group=group,
        metadata=(
            ("reference", f"INV-{number}"),
            ("category", dice.pick(_CATEGORIES)),
            ("channel", dice.pick(_CHANNELS)),
            ("purpose_code", dice.pick(_PURPOSES)),
            ("tags", "invoice-b2b" if dice.chance(1, 2) else "invoice-b2c"),
            ("kyc_level", str(dice.between(1, 3))),
            ("risk_score", str(dice.below(100))),
        ),
    )


PATTERN = Pattern(name="invoice", weight=2, play=play)
