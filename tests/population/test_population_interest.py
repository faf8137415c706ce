"""A population's first transactions pay a month of interest on what savings opened with."""

from random import Random

from provisioned import everything, provision

from demogen.contract.money import parse_units
from demogen.population.history import History
from demogen.population.kinds import Kind
from demogen.population.plan import plan
from demogen.population.spec import PopulationSpec
from demogen.sandbox import SandboxApp

SPEC = PopulationSpec.build({"accounts_per_ledger": 30, "transactions_per_ledger": 30, "patterns": ["interest"]})


def test_savings_earn_their_rate_on_what_they_opened_with(tmp_path):
    planned = plan(SPEC, 7)
    history = History(planned)
    interest = [history.booking(index) for index in range(30)]
    for one in interest:
        [(saver, units)] = one.targets
        account = planned.entity(Kind.ACCOUNT, saver).fields
        assert account["type"] == "savings"
        assert units == planned.opening_units(saver) * account["metadata"]["interest_bp"] // 120_000
        assert planned.entity(Kind.ACCOUNT, one.source).fields["type"] == "treasury"
    app = SandboxApp(rng=Random(1))
    assert provision(app, tmp_path, spec=SPEC).complete
    booked = [one for one in everything(app)["transactions"] if one["metadata"].get("pattern") == "interest"]
    marks = {planned.mark(Kind.TRANSACTION, one.number): one for one in interest}
    assert len(booked) == 30
    for one in booked:
        wanted = marks[one["metadata"]["demogen_key"]]
        assert parse_units(one["amount"], planned.scale_of(wanted.source)) == wanted.units


def test_interest_is_part_of_the_usual_history():
    history = History(plan(PopulationSpec.of_preset("large"), 7))
    names = [history.booking(index).name for index in range(1_000)]
    assert 8 <= names.count("interest") <= 35
