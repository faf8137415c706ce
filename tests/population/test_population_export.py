"""An export holds everything that exists, in any format, and with names taken out nothing of them is left."""

import csv
import json
from random import Random

import duckdb
import pytest

from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.errors import PreflightFailed, UsageError
from demogen.population.anonymise import Anonymiser
from demogen.population.certificate import render
from demogen.population.export import Exporter
from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest
from demogen.population.plan import plan
from demogen.population.provision import provision
from demogen.population.reading import read_transactions
from demogen.population.realism import Measurer
from demogen.population.spec import PopulationSpec
from demogen.population.summary import summarise
from demogen.sandbox import SandboxApp

SPEC = PopulationSpec.of_preset(
    "large", organizations=2, ledgers_per_organization=3, history_days=60, history_end="2025-03-01"
)


def _crew(app):
    clock = FakeClock()
    return Crew(InMemoryCarrier(app, clock=clock), clock=clock)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population")
    app = SandboxApp(rng=Random(1))
    assert provision(plan(SPEC, 7), _crew(app), manifest=folder / "population.sqlite").complete
    return app, folder / "population.sqlite"


@pytest.fixture
def book(made):
    manifest = Manifest(made[1], read_only=True)
    yield manifest
    manifest.close()


def _rows(folder, name, form):
    path = folder / f"{name}.{form}"
    if form == "json":
        return json.loads(path.read_text())
    if form == "jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if form == "csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    with duckdb.connect() as database:
        found = database.execute(f"select * from read_parquet('{path}')")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "parquet"])
def test_everything_is_there_in_every_format(form, made, book, tmp_path):
    exporter = Exporter(book, tmp_path / "out", form=form)
    exporter.entities()
    exporter.bookings(_crew(made[0]))
    exporter.papers()
    counts = {kind.label: number for kind, number in plan(SPEC, 7).counts().items() if number}
    for label, number in counts.items():
        rows = _rows(tmp_path / "out", label, form)
        assert len(rows) == number == exporter.files[f"{label}.{form}"], label
    ids = _rows(tmp_path / "out", "ids", form)
    assert len(ids) == sum(counts.values()) and len({row["mark"] for row in ids}) == len(ids)
    bookings = _rows(tmp_path / "out", "bookings", form)
    assert len(bookings) == counts["transactions"] + counts["deposits"]
    operations = _rows(tmp_path / "out", "operations", form)
    assert {row["transaction_id"] for row in operations} == {row["id"] for row in bookings}
    first = _rows(tmp_path / "out", "organizations", form)[0]
    assert first["legalDocument"] == plan(SPEC, 7).entity(Kind.ORGANIZATION, 0).fields["legalDocument"]
    assert not list((tmp_path / "out").glob("*.spool"))


def test_every_exported_column_is_in_the_dictionary(made, book, tmp_path):
    exporter = Exporter(book, tmp_path / "out", form="csv")
    exporter.entities()
    exporter.bookings(_crew(made[0]))
    exporter.papers()
    text = (tmp_path / "out" / "dictionary.md").read_text()
    unexplained = [line for line in text.splitlines() if line.startswith("| ") and " |  | " in line]
    assert not unexplained
    assert all(f"## {table}" in text for table in exporter.columns)


def test_the_map_names_what_there_is(book, tmp_path):
    exporter = Exporter(book, tmp_path / "out", form="jsonl")
    exporter.entities()
    exporter.papers()
    diagram = (tmp_path / "out" / "relations.mmd").read_text()
    assert diagram.startswith("erDiagram") and 'PORTFOLIO ||--o{ ACCOUNT : "groups"' in diagram
    graph = (tmp_path / "out" / "relations.dot").read_text()
    assert graph.count("->") == 6 and plan(SPEC, 7).firms.seat(0).legal_name in graph


def test_an_anonymised_export_names_nobody(made, book, tmp_path):
    exporter = Exporter(book, tmp_path / "out", form="jsonl", anonymiser=Anonymiser("key"))
    exporter.entities()
    exporter.bookings(_crew(made[0]))
    exporter.papers()
    everything = "\n".join(path.read_text() for path in (tmp_path / "out").iterdir())
    planned = plan(SPEC, 7)
    for stage in planned.stages():
        if stage.kind not in (Kind.ORGANIZATION, Kind.ACCOUNT):
            continue
        for one in planned.walk(stage):
            fields = one.fields
            telling = [
                fields.get("legalName"),
                fields.get("legalDocument"),
                fields.get("alias"),
                fields.get("entityId"),
            ]
            telling += [fields.get("address", {}).get("line1"), fields["metadata"].get("document")]
            if stage.kind is Kind.ACCOUNT:
                telling.append(fields["name"])
            for text in telling:
                assert text is None or text not in everything, text
    accounts = {row["alias"] for row in _rows(tmp_path / "out", "accounts", "jsonl")}
    legs = {row["account_alias"] for row in _rows(tmp_path / "out", "operations", "jsonl")}
    assert {alias for alias in legs if not alias.startswith("@external/")} <= accounts


def test_pseudonyms_depend_on_the_key():
    body = {"legalName": "Someone Ltda.", "legalDocument": "12345678000195", "metadata": {}}
    first, again, other = (
        Anonymiser(key).body(Kind.ORGANIZATION, body, position=0) for key in ("one", "one", "another")
    )
    assert first == again != other and len(first["legalDocument"]) == 14


@pytest.mark.parametrize(("form", "told"), [("xml", "unknown export format")])
def test_an_unknown_format_is_refused(form, told, book, tmp_path):
    with pytest.raises(UsageError, match=told):
        Exporter(book, tmp_path / "out", form=form)


def test_a_folder_in_use_is_left_alone(book, tmp_path):
    (tmp_path / "precious.txt").write_text("precious")
    with pytest.raises(UsageError, match="not empty"):
        Exporter(book, tmp_path, form="csv")


def test_a_ledger_that_does_not_tell_is_said(book):
    class Mute:
        def handle(self, method, target, headers, body=b""):
            from demogen.sandbox.http import Reply

            return Reply(403, {}, b"{}")

    with pytest.raises(PreflightFailed, match="HTTP 403"):
        read_transactions(book, _crew(Mute()), lambda ledger, page: None)


def test_the_summary_adds_up(book):
    summary = summarise(book)
    counts = plan(SPEC, 7).counts()
    assert summary.entities == SPEC.entities
    assert sum(summary.roles.values()) == sum(summary.accounts_by_asset.values()) == counts[Kind.ACCOUNT]
    assert sum(summary.transactions.values()) == counts[Kind.TRANSACTION]
    assert sum(summary.industries.values()) == counts[Kind.ORGANIZATION]


def test_the_population_is_as_lifelike_as_asked(made, book):
    measurer = Measurer(book, plan(SPEC, 7))
    assert read_transactions(book, _crew(made[0]), measurer.take) == 1_200 + 180
    certificate = measurer.certificate()
    judged = {finding.question: finding.fits for finding in certificate.findings}
    assert judged["What happens?"] is True and judged["When does it happen?"] is True
    assert judged["What do amounts begin with?"] is True
    assert certificate.lifelike
    for form in ("text", "md", "json", "html"):
        assert "What happens?" in render(certificate, form)
    assert json.loads(render(certificate, "json"))["lifelike"] is True


def test_a_population_that_departs_from_what_was_asked_is_called_so(made, book):
    measurer = Measurer(book, plan(SPEC, 7))
    read_transactions(book, _crew(made[0]), lambda ledger, page: measurer.take(ledger, _all_at_noon(page)))
    certificate = measurer.certificate()
    judged = {finding.question: finding.fits for finding in certificate.findings}
    assert judged["When does it happen?"] is False and not certificate.lifelike
    assert "DEPARTS" in render(certificate, "text")


def _all_at_noon(page):
    for one in page:
        one.created_at = one.created_at[:11] + "12:00:00Z"
    return page


def test_an_unknown_rendering_is_refused(book):
    certificate = Measurer(book, plan(SPEC, 7)).certificate()
    with pytest.raises(UsageError, match="unknown format"):
        render(certificate, "pdf")
