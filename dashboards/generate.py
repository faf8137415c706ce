"""Writes the Grafana dashboards under `grafana/` from typed code; the JSON is checked in and never edited by hand.

    python dashboards/generate.py          write them
    python dashboards/generate.py --check  end with 1 if what is checked in differs

The order is the reader's: verdict, RED, offered against achieved, money, generator. What the server's own exporters
say is a dashboard of its own. May import: `panels`, grafana-foundation-sdk.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Panel
from panels import FULL, Mark, choice, data_source, figure, heat_map, lines, of_run, quantile, rate, row

HERE = Path(__file__).parent

Panels = Iterator[Builder[Panel]]

FAULTS = "sum by (fault) (increase(demogen_faults_total[1m])) > 0"
#: What the variables pick out of the series that know patterns and phases.
PICKED = ('pattern=~"$pattern"', 'phase=~"$phase"')
WORKER = 'worker=~"$worker"'
ASSET = 'asset=~"$asset"'

VERDICT_WORDS = {"0": ("HOLDS", "green"), "1": ("UNKNOWN", "orange"), "2": ("VIOLATED", "red")}
STAGE_WORDS = {
    str(number): (word, colour)
    for number, (word, colour) in enumerate(
        [
            ("idle", "text"), ("bootstrap", "blue"), ("warm-up", "yellow"), ("measure", "green"),
            ("cool-down", "yellow"), ("drain", "purple"), ("audit", "purple"), ("done", "text"),
        ]
    )
}  # fmt: skip
TPS = "suffix: TPS"


def load() -> Dashboard:
    """What the load does and what became of the money."""
    board = (
        Dashboard("demogen: load and money")
        .uid("demogen-load")
        .description("Promised and delivered TPS, latencies, money, and the generator itself. Generated: do not edit.")
        .tags(["demogen", "midaz", "locust"])
        .refresh("5s")
        .time("now-15m", "now")
        .timezone("browser")
        .with_variable(data_source())
        .with_variable(choice("run", "Run", "label_values(demogen_run_info, run_id)"))
        .with_variable(choice("phase", "Phase", "label_values(demogen_transactions_total, phase)"))
        .with_variable(choice("pattern", "Pattern", "label_values(demogen_transactions_total, pattern)"))
        .with_variable(choice("worker", "Load process", "label_values(demogen_worker_up, worker)"))
        .with_variable(choice("asset", "Asset", "label_values(demogen_money_moved_total, asset)"))
        .annotations(
            [
                Mark("Phases", 'demogen_phase{phase!~"idle|done"} == 1', title="{{phase}}", colour="blue"),
                Mark("Faults", FAULTS, title="{{fault}}", colour="orange"),
                Mark("Findings", "demogen_audit_findings > 0", title="books: {{invariant}}", colour="red"),
            ]
        )
    )  # fmt: skip
    for title, panels in (
        ("Verdict", verdict()),
        ("Rate, errors, duration", red()),
        ("Offered against achieved", schedule()),
        ("Money", money()),
        ("Generator", generator()),
    ):
        board = board.with_row(row(title))
        for panel in panels:
            board = board.with_panel(panel)
    return board


def verdict() -> Panels:
    books = of_run('demogen_verdict{verdict="UNKNOWN"} + on (job, instance) 2 * demogen_verdict{verdict="VIOLATED"}')
    yield figure("Books", f"max({books})", says="UNKNOWN until the audit has judged.", words=VERDICT_WORDS)
    stages = " or ".join(
        f'{number} * (demogen_phase{{phase="{word}"}} == 1)' for number, (word, _) in STAGE_WORDS.items()
    )
    yield figure(
        "Phase", f"max({stages})", says="What is going on: a run has no name while it is prepared.", words=STAGE_WORDS
    )
    yield figure("Promised", f"sum({of_run('demogen_target_tps')})", says="The target rate.", unit=TPS)
    achieved = f"sum({rate('demogen_transactions_total', PHASE_ALL, ANSWERED)})"
    yield figure("Delivered", achieved, says="Writes answered a second, whatever the answer.", unit=TPS)
    p99 = quantile(0.99, "demogen_response_seconds")
    yield figure("Response P99", p99, says="From due to answered, over all patterns.", unit="s")
    findings = f"sum({of_run('demogen_audit_findings')})"
    red_above = ((None, "green"), (1, "red"))
    yield figure("Findings", findings, says="Counter-examples that the audit found.", steps=red_above)


ANSWERED = 'outcome=~"accepted|rejected"'
PHASE_ALL = 'phase=~"$phase"'


def red() -> Panels:
    yield lines(
        "Writes by pattern",
        {"{{pattern}}": f"sum by (pattern) ({rate('demogen_transactions_total', *PICKED)})"},
        unit="ops", says="Writes that ended, a second.", stacked=True,
    )  # fmt: skip
    yield lines(
        "Writes by outcome",
        {"{{outcome}}": f"sum by (outcome) ({rate('demogen_transactions_total', *PICKED)})"},
        unit="ops", says="Accepted; rejected by a rule of the ledger; indeterminate: no answer.", stacked=True,
    )  # fmt: skip
    yield lines(
        "Reads by pattern",
        {"{{pattern}}": f"sum by (pattern) ({rate('demogen_reads_total', PHASE_ALL)})"},
        unit="ops", says="Reads are no part of the target rate.",
    )  # fmt: skip
    yield lines(
        "Not what was asked for",
        {"{{pattern}}": f"sum by (pattern) ({rate('demogen_unexpected_total', PICKED[0])})"},
        unit="ops", says="Writes that ended otherwise than their pattern asked for. A meant refusal is not among them.",
    )  # fmt: skip
    yield lines(
        "Refusals by code",
        {"{{code}}": f"sum by (code) ({rate('demogen_refusals_total')})"},
        unit="ops", says="The ledger's error codes; 0018 is insufficient funds.",
    )  # fmt: skip
    yield lines(
        "Faults",
        {"{{fault}}": f"sum by (fault) ({rate('demogen_faults_total')})"},
        unit="ops", says="Requests without an answer.",
    )  # fmt: skip
    for kind, says in (
        ("response", "From due to answered: what a customer waits."),
        ("service", "From sent to answered: what the ledger takes."),
    ):
        yield lines(
            f"{kind.capitalize()} time",
            {f"P{share * 100:g}": quantile(share, f"demogen_{kind}_seconds", *PICKED) for share in (0.5, 0.95, 0.99)},
            unit="s", says=says,
        )  # fmt: skip
    slowest = f"sum by (pattern, le) ({rate('demogen_response_seconds_bucket', *PICKED)})"
    yield lines(
        "Response P99 by pattern",
        {"{{pattern}}": f"histogram_quantile(0.99, {slowest})"},
        unit="s", says="The slowest pattern shows.",
    )  # fmt: skip
    heat = f"sum by (le) ({rate('demogen_response_seconds_bucket', *PICKED)})"
    yield heat_map("Response times", heat, says="Every answer, by how long it took from when it was due.", width=FULL)


def schedule() -> Panels:
    yield lines(
        "Promised, offered, delivered",
        {
            "promised": f"sum({of_run('demogen_target_tps')})",
            "offered": f"sum({rate('demogen_arrivals_offered_total')})",
            "sent": f"sum({rate('demogen_arrivals_sent_total')})",
            "delivered": f"sum({rate('demogen_transactions_total', ANSWERED)})",
        },
        unit=TPS, says="Arrivals come by the schedule, whatever the latency; delivered are those answered.", width=12,
    )  # fmt: skip
    ratio = f"sum({rate('demogen_transactions_total', ANSWERED)}) / sum({of_run('demogen_target_tps')})"
    yield lines("Delivered share", {"delivered": ratio}, unit="percentunit", says="Of the promised rate.", width=12)
    yield lines(
        "Late arrivals",
        {"late": f"sum({rate('demogen_arrivals_late_total')})"},
        unit="ops", says="Sent more than 10 ms after they were due.",
    )  # fmt: skip
    yield lines(
        "Dropped arrivals",
        {"{{reason}}": f"sum by (reason) ({rate('demogen_arrivals_dropped_total')})"},
        unit="ops", says="Never sent, by reason.",
    )  # fmt: skip
    yield lines(
        "Send lag",
        {f"P{share * 100:g}": quantile(share, "demogen_send_lag_seconds") for share in (0.5, 0.99)},
        unit="s", says="From due to sent; includes waiting for a free connection.",
    )  # fmt: skip


def money() -> Panels:
    yield lines(
        "Money moved",
        {"{{asset}}": f"sum by (asset) ({rate('demogen_money_moved_total', ASSET)})"},
        unit="short", says="Acknowledged value of new transactions a second, in units of the asset.",
    )  # fmt: skip
    yield lines(
        "Money moved in all",
        {"{{asset}}": f"sum by (asset) ({of_run('demogen_money_moved_total{' + ASSET + '}')})"},
        unit="short", says="Since this process began, in units of the asset.",
    )  # fmt: skip
    yield lines(
        "Money in doubt",
        {"{{asset}}": f"sum by (asset) ({of_run('demogen_money_in_doubt{' + ASSET + '}')})"},
        unit="short", says="Writes without an answer: booked or not, the audit will tell.",
    )  # fmt: skip
    bounds = {
        f"{{{{asset}}}}, {says}": f"sum by (asset) ({of_run(f'demogen_conservation_{name}{{{ASSET}}}')})"
        for name, says in (("low", "at least"), ("high", "at most"))
    }
    yield lines(
        "Money too much or missing",
        bounds,
        unit="short", width=16, signed=True,
        says="All balances together, less what they were before the load. Zero outside the bounds: money has appeared "
        "or vanished. At rest both are one.",
    )  # fmt: skip
    yield figure(
        "Money surely amiss", f"max({of_run('demogen_conservation_amiss')})",
        says="Ledgers and assets in which money has appeared or vanished, at the last look.",
        steps=((None, "green"), (1, "red")),
    )  # fmt: skip
    yield figure(
        "Last look at the balances", f"time() - max({of_run('demogen_conservation_time_seconds')})",
        unit="s", says="So long ago. A ledger that labours is looked at less.",
    )  # fmt: skip
    yield lines(
        "Invariants by verdict",
        {"{{verdict}}": f"sum by (verdict) ({of_run('demogen_invariant_verdict')})"},
        unit="short", says="UNKNOWN while the run lasts.", width=12, stacked=True,
    )  # fmt: skip
    yield lines(
        "Findings by invariant",
        {"{{invariant}}": f"sum by (invariant) ({of_run('demogen_audit_findings')})"},
        unit="short", says="Counter-examples.", width=12,
    )  # fmt: skip


def generator() -> Panels:
    yield lines(
        "Load processes",
        {"{{state}}": f"sum by (state) ({of_run('demogen_load_processes')})"},
        unit="short", says="Playing, and lost on the way.", width=6,
    )  # fmt: skip
    yield lines(
        "In flight",
        {"load process {{worker}}": f"sum by (worker) ({of_run('demogen_worker_in_flight{' + WORKER + '}')})"},
        unit="short", says="Requests waiting for their answer, as of the last report.", width=6,
    )  # fmt: skip
    yield lines(
        "Connections", {"users": f"sum({of_run('demogen_users')})"}, unit="short", says="Locust users.", width=6
    )
    yield lines(
        "Loop lag",
        {f"P{share * 100:g}": quantile(share, "demogen_loop_lag_seconds") for share in (0.5, 0.99)},
        unit="s", says="From due to noticed: above 100 ms at P99 the generator is the bottleneck.", width=6,
    )  # fmt: skip
    yield lines(
        "Processor",
        {"load process {{worker}}": f"sum by (worker) ({rate('demogen_worker_cpu_seconds_total', WORKER)})"},
        unit="percentunit", says="Of one core.", width=6,
    )  # fmt: skip
    yield lines(
        "Answers by load process",
        {"load process {{worker}}": f"sum by (worker) ({rate('demogen_worker_answers_total', WORKER)})"},
        unit="ops", says="Equal shares, unless somebody came or left.", width=6, stacked=True,
    )  # fmt: skip
    yield lines(
        "Memory",
        {"{{instance}}": of_run("process_resident_memory_bytes")},
        unit="bytes", says="Of the master, or the single process.", width=6,
    )  # fmt: skip
    yield lines(
        "Descriptors",
        {"open": of_run("process_open_fds"), "limit": of_run("process_max_fds")},
        unit="short", says="Each connection takes one.", width=6,
    )  # fmt: skip


def server() -> Dashboard:
    """What the exporters of the ledger's own stores say."""
    board = (
        Dashboard("demogen: the server's stores")
        .uid("demogen-server")
        .description(
            "PostgreSQL, Valkey and RabbitMQ under the ledger, by their own exporters. Generated: do not edit."
        )
        .tags(["demogen", "midaz"])
        .refresh("5s")
        .time("now-15m", "now")
        .timezone("browser")
        .with_variable(data_source())
        .annotations([Mark("Phases", 'demogen_phase{phase!~"idle|done"} == 1', title="{{phase}}", colour="blue")])
    )
    for title, panels in (("PostgreSQL", postgres()), ("Valkey", valkey()), ("RabbitMQ", rabbitmq())):
        board = board.with_row(row(title))
        for panel in panels:
            board = board.with_panel(panel)
    return board


def _rate(metric: str, by: str = "instance") -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def postgres() -> Panels:
    commits, rollbacks = (
        _rate("pg_stat_database_xact_commit", "datname"),
        _rate("pg_stat_database_xact_rollback", "datname"),
    )
    yield lines("Commits", {"{{datname}}": commits}, unit="ops", says="By database.")
    yield lines("Rollbacks", {"{{datname}}": rollbacks}, unit="ops", says="By database.")
    backends = "sum by (datname) (pg_stat_database_numbackends)"
    yield lines("Connections", {"{{datname}}": backends}, unit="short", says="By database.")
    yield lines("Locks", {"{{mode}}": "sum by (mode) (pg_locks_count)"}, unit="short", says="Held, by mode.")
    yield lines(
        "Deadlocks", {"{{datname}}": _rate("pg_stat_database_deadlocks", "datname")}, unit="ops", says="A second."
    )
    hit, read = _rate("pg_stat_database_blks_hit"), _rate("pg_stat_database_blks_read")
    yield lines(
        "Cache hits", {"{{instance}}": f"{hit} / ({hit} + {read})"}, unit="percentunit", says="Blocks found in memory."
    )


def valkey() -> Panels:
    yield lines(
        "Commands", {"{{cmd}}": _rate("redis_commands_total", "cmd")}, unit="ops", says="By command.", stacked=True
    )
    yield lines("Memory", {"{{instance}}": "redis_memory_used_bytes"}, unit="bytes", says="In use.")
    yield lines("Clients", {"{{instance}}": "redis_connected_clients"}, unit="short", says="Connected.")


def rabbitmq() -> Panels:
    waiting = {"ready": "sum(rabbitmq_queue_messages_ready)", "unacknowledged": "sum(rabbitmq_queue_messages_unacked)"}
    yield lines("Messages waiting", waiting, unit="short", says="A queue that grows is a ledger that settles late.")
    published = {
        "received": "sum(rate(rabbitmq_global_messages_received_total[$__rate_interval]))",
        "delivered": "sum(rate(rabbitmq_global_messages_delivered_total[$__rate_interval]))",
    }
    yield lines("Messages", published, unit="ops", says="Through the broker, a second.")
    yield lines(
        "Memory", {"{{instance}}": "rabbitmq_process_resident_memory_bytes"}, unit="bytes", says="Of the broker."
    )


def rendered() -> dict[Path, str]:
    """Every dashboard's file and text."""
    boards = {"load.json": load(), "server.json": server()}
    return {
        HERE / "grafana" / name: json.dumps(board.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"
        for name, board in boards.items()
    }


def main() -> int:
    texts = rendered()
    if "--check" in sys.argv[1:]:
        stale = [path.name for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
        if stale:
            sys.stderr.write(f"not as generated: {', '.join(stale)}; run: python dashboards/generate.py\n")
        return bool(stale)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
