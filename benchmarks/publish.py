"""Makes docs/benchmarks.md and its plot from figures.json: what was measured, where, how, and what it means.

python benchmarks/generators.py --rounds 3 --keep     and openloop.py, memory.py, each with --keep; then
python benchmarks/publish.py
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import figures

DOCS = Path(__file__).parent.parent / "docs"
QUIET = 1.5
_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif" '
    'font-size="13" aria-label="Requests per CPU-second by generator">'
)


def main() -> None:
    known = figures.load()
    (DOCS / "benchmarks.svg").write_text(plot(known["generators"]["values"]["rows"]), encoding="utf-8")
    (DOCS / "benchmarks.md").write_text("\n".join(page(known)) + "\n", encoding="utf-8")
    print(f"written: {DOCS / 'benchmarks.md'}")


def page(known: dict[str, Any]) -> Iterator[str]:
    rows, open_rows = known["generators"]["values"]["rows"], known["openloop"]["values"]["rows"]
    yield "# Benchmarks"
    yield ""
    yield "Made by `python benchmarks/publish.py` from `benchmarks/figures.json`; `make bench` measures again, here."
    yield ""
    yield from place(known)
    yield from cost(known["generators"], rows)
    yield from rates(open_rows)
    yield from stall(open_rows)
    yield from rest(open_rows, known.get("memory", {}).get("values", {}))
    yield from verdicts(rows, known["pieces"]["values"])


def place(known: dict[str, Any]) -> Iterator[str]:
    machine = known["generators"]["machine"]
    yield (
        f"Machine: {machine['cores']} cores, {machine['processor']}, Python {machine['python']}; our hot path is "
        f"{'compiled (`make fast`)' if machine.get('compiled') else 'plain Python'}. The generator is pinned to one "
        "core, nginx answering 201 with 2 KB to the other."
    )
    elsewhere = {
        name: entry["machine"]["processor"]
        for name, entry in known.items()
        if entry["machine"]["processor"] != machine["processor"]
    }
    if elsewhere:
        told = ", ".join(f"{name} on {processor}" for name, processor in sorted(elsewhere.items()))
        yield f"Measured on another machine of this kind: {told}. Compare within a series, not between them."
    busy = {name: entry["machine"]["load_before"] for name, entry in known.items()}
    if max(busy.values()) > QUIET:
        told = ", ".join(f"{name} {load:.1f}" for name, load in sorted(busy.items()))
        yield (
            f"**The machine was busy with other work** (load before each series: {told}), so lags and latencies are "
            "worse than a quiet machine's; processor time per request varies by some ten per cent."
        )
    yield ""


def cost(entry: dict[str, Any], rows: dict[str, Any]) -> Iterator[str]:
    values = entry["values"]
    rounds = values["rounds"]
    yield "## What a request costs"
    yield ""
    yield (
        f"Closed loop, 32 connections, each request with its own body and key, medians of {rounds} "
        f"interleaved rounds of {values['seconds']:g} s: `python benchmarks/generators.py --rounds {rounds} --keep`."
    )
    who = ", ".join(f"{name} {version}" for name, version in sorted(values["versions"].items()))
    yield f"Measured with {who}. Versions matter: k6 1.0.0 took a tenth less than 1.8.1 here."
    yield ""
    yield "![requests per CPU-second of the generator](benchmarks.svg)"
    yield ""
    yield "| generator | requests per CPU-second | µs CPU each | in the kernel | requests a second | what it does |"
    yield "| --- | ---: | ---: | ---: | ---: | --- |"
    for name, row in sorted(rows.items(), key=lambda pair: -pair[1]["per_cpu_s"]):
        each = f"{row['per_cpu_s']:,.0f} | {1e6 / row['per_cpu_s']:.1f} | {row['kernel_us']:.1f} | {row['rate']:,.0f}"
        yield f"| {name} | {each} | {row['note']} |"
    yield ""


def rates(rows: dict[str, Any]) -> Iterator[str]:
    chosen = {name.split()[1]: row for name, row in rows.items() if name.startswith("rate ")}
    if not chosen:
        return
    yield "## Is the schedule kept?"
    yield ""
    yield (
        "Ours under Locust, one process, everything on, ten seconds at each rate: `python benchmarks/openloop.py "
        "--only rates --keep`. Lag is from due to sent, from the journal; the median second's P99 leaves out what "
        "befell only some seconds. The bare loop does nothing but 12.7 µs of work for each arrival, on the same core "
        "right afterwards: what it is late, the machine is, since its neighbours take processor time without saying so."
    )
    yield ""
    yield "| target/s | delivered | lag P50 ms | P99 ms | P99, median second | P99, bare loop | µs CPU a request |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for rate, row in sorted(chosen.items(), key=lambda pair: int(pair[0])):
        bare = f"{row['bare_lag_ms_p99']:.2f}" if "bare_lag_ms_p99" in row else "–"
        yield (
            f"| {int(rate):,} | {row['delivered']:.2%} | {row['lag_ms_p50']:.2f} | {row['lag_ms_p99']:.2f} | "
            f"{row['lag_ms_p99_second']:.2f} | {bare} | {row['cpu_us']:.0f} |"
        )
    yield ""
    yield (
        "A request costs more at low rates because each one wakes a sleeping processor: on this virtual machine to "
        "sleep 100 µs and wake up takes 28 µs of processor time by itself."
    )
    yield ""


def stall(rows: dict[str, Any]) -> Iterator[str]:
    chosen = {name.partition(" ")[2]: row for name, row in rows.items() if name.startswith("stall ")}
    if not chosen:
        return
    yield "## Is the truth told?"
    yield ""
    yield (
        "The server is frozen for one second of ten at 2,000/s. Arithmetic: P99 900 ms, maximum 1,000 ms. "
        "`python benchmarks/openloop.py --only stall --keep`."
    )
    yield ""
    yield "| generator | schedule kept | reported P99 ms | reported maximum ms |"
    yield "| --- | ---: | ---: | ---: |"
    for name, row in chosen.items():
        yield f"| {name} | {row['delivered']:.1%} | {row['p99_ms']:,.0f} | {row['max_ms']:,.0f} |"
    yield ""


def rest(rows: dict[str, Any], memory: dict[str, Any]) -> Iterator[str]:
    ours = [row for name, row in rows.items() if name.startswith("rate ") or name == "stall ours"]
    yield "## And besides"
    yield ""
    if "workers 1" in rows and "workers 2" in rows:
        one, two = rows["workers 1"]["cpu_us"], rows["workers 2"]["cpu_us"]
        yield (
            f"- Two workers at 4,000/s each cost {two / one:.2f} × one worker at 4,000/s ({two:.0f} and {one:.0f} µs a "
            "request), with master, workers and server on two cores."
        )
    if ours:
        worst = max(row["worst_gap"] for row in rows.values() if "worst_gap" in row)
        yield (
            "- Reported percentiles (P50, P95, P99, P99.9, maximum) against the raw journals of all processes: the "
            f"worst differs by {worst:.2%}; a bucket is 0.1 %."
        )
        started = sorted(row["first_request_s"] for row in ours)
        yield (
            f"- From the command to the first transaction: {started[len(started) // 2]:.2f} s (existing population, "
            "running ledger, one process)."
        )
    if memory:
        yield (
            f"- Resident memory grew by {memory['grown_mb']:.1f} MB, from {memory['from_mb']:.0f} MB, over "
            f"{memory['requests']:,} requests: `python benchmarks/memory.py --requests {memory['requests']} --keep`."
        )
    yield ""


def verdicts(rows: dict[str, Any], pieces: dict[str, float]) -> Iterator[str]:
    """What was promised, what was reached, and what bounds it where it was not."""

    def ratio(mine: str, theirs: str) -> float | None:
        if mine not in rows or theirs not in rows:
            return None
        return float(rows[mine]["per_cpu_s"] / rows[theirs]["per_cpu_s"])

    def against(mine: str, rival: str) -> tuple[float | None, float | None]:
        """Against the rival that does the same, and against the one that only sends."""
        bare = "wrk, Lua" if rival == "wrk" else rival
        return ratio(mine, f"{rival}, same"), ratio(mine, bare)

    wanted: list[tuple[str, float | None, float | None, float, str]] = [
        ("× k6, everything on", *against("ours, Locust", "k6"), 10, "{:.1f}"),
        ("× FastHttpUser, everything on", *against("ours, Locust", "FastHttpUser"), 10, "{:.1f}"),
        ("of wrk with a script", *against("ours, Locust", "wrk"), 0.35, "{:.0%}"),
        ("× FastHttpUser, ordinary @task code", ratio("ours, @task", "FastHttpUser"), None, 4, "{:.1f}"),
    ]
    yield "## Wanted and reached"
    yield ""
    yield "| in requests per generator CPU-second | wanted | reached, same work | rival only sends |"
    yield "| --- | ---: | ---: | ---: |"
    for name, same, bare, least, form in wanted:
        if same is not None:
            mark = "" if same >= least else " (missed)"
            beside = form.format(bare) if bare else "–"
            yield f"| {name} | {form.format(least)} | {form.format(same)}{mark} | {beside} |"
    yield ""
    yield (
        "Same work: the rival draws accounts and amounts, plays the same three patterns with their refunds, reads each "
        "answer's id and counts outcomes, written as one writes it for that tool. Ours does more: a journal on disk, "
        "every outcome judged against what its pattern expects, three histograms."
    )
    yield ""
    engine, ours, under_locust = (1e6 / rows[name]["per_cpu_s"] for name in ("engine", "ours", "ours, Locust"))
    yield (
        f"What bounds it: of {under_locust:.1f} µs a request under Locust ({ours:.1f} alone) the kernel takes "
        f"{rows['ours, Locust']['kernel_us']:.1f}, most of it to carry a request to the other end and to wake the "
        f"server there, which no client is spared; the engine alone needs {engine:.1f} with its system calls. By "
        "themselves, with warm caches (`python benchmarks/pieces.py --keep`), the pieces take:"
    )
    yield ""
    yield "| piece | µs |"
    yield "| --- | ---: |"
    for name, cost in pieces.items():
        yield f"| {name} | {cost:.2f} |"
    yield f"| all of these | {sum(pieces.values()):.1f} |"
    yield ""
    yield (
        "The rest is the player's bookkeeping, the hub, and caches that are cold because everything else has just run; "
        "no single part stands out."
    )


def plot(rows: dict[str, Any]) -> str:
    """Horizontal bars, best first; ours are filled."""
    ordered = sorted(rows.items(), key=lambda pair: -pair[1]["per_cpu_s"])
    most = ordered[0][1]["per_cpu_s"]
    width, left, bar = 760, 160, 26
    height = bar * len(ordered) + 40
    parts = [
        _OPEN.format(width=width, height=height),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text x="10" y="20" font-weight="bold">requests per CPU-second of the generator</text>',
    ]
    for place, (name, row) in enumerate(ordered):
        y = 32 + place * bar
        length = (width - left - 100) * row["per_cpu_s"] / most
        colour = "#1f6feb" if name.startswith(("ours", "engine")) else "#9aa4b2"
        parts += [
            f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{left}" y="{y + 3}" width="{length:.1f}" height="{bar - 8}" fill="{colour}"/>',
            f'<text x="{left + length + 6:.1f}" y="{y + 16}">{row["per_cpu_s"]:,.0f}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
