"""How provisioning goes, in words and figures: of one kind, of all, and what it costs this machine. Prints nothing.

May import: `tracking`, clock.
"""

from __future__ import annotations

from typing import Any

from demogen.clock import NS_PER_S
from demogen.population.tracking import Track, Tracking, cpu_seconds, memory_mb, span


def progress_words(track: Track, now_ns: int, *, times: bool = False) -> str:
    """`500/1,000 · 210 a second · 2 s left · P95 4.1 ms · 3 FAILED (99.4 % well)`; with `times` mean, P50, P99 too."""
    words = [f"{track.settled:,}/{track.total:,}", f"{track.rate(now_ns):,.0f} a second"]
    if track.ended_ns is None:
        words.append(f"{span(track.remaining_s(now_ns))} left")
    else:
        words.append(f"in {track.elapsed_s(now_ns):.1f} s")
    if track.times.total:
        words.append(_times(track) if times else f"P95 {track.times.percentile_us(0.95) / 1000:.1f} ms")
    if track.failed:
        words.append(f"{track.failed:,} FAILED ({track.ok / track.settled:.1%} well)")
    return " · ".join(words)


def _times(track: Track) -> str:
    at = {f"P{percent}": track.times.percentile_us(percent / 100) for percent in (50, 95, 99)}
    spelled = {"mean": track.times.mean_us} | at
    return ", ".join(f"{name} {us / 1000:.1f}" for name, us in spelled.items()) + " ms"


def cost_words(tracking: Tracking) -> str:
    """`61 MB · 1.2 CPU seconds · 0.3 MB sent, 0.9 MB received`."""
    traffic = tracking.traffic
    moved = f"{traffic.sent / 1e6:,.1f} MB sent, {traffic.received / 1e6:,.1f} MB received"
    return f"{memory_mb():.0f} MB · {cpu_seconds():.1f} CPU seconds · {moved}"


def cost_figures(tracking: Tracking) -> dict[str, float]:
    """The same as plain values."""
    return {
        "memory_mb": round(memory_mb(), 1),
        "cpu_s": round(cpu_seconds(), 2),
        "sent_bytes": tracking.traffic.sent,
        "received_bytes": tracking.traffic.received,
    }


def track_figures(track: Track, now_ns: int) -> dict[str, Any]:
    """One kind as plain values; times in milliseconds."""
    times = track.times
    remaining_s = track.remaining_s(now_ns)
    return {
        "kind": track.kind,
        "total": track.total,
        "ok": track.ok,
        "failed": track.failed,
        "success_rate": round(track.ok / track.settled, 4) if track.settled else None,
        "elapsed_s": round(track.elapsed_s(now_ns), 3),
        "remaining_s": None if remaining_s is None else round(remaining_s, 1),
        "rate_per_s": round(track.rate(now_ns), 1),
        "mean_ms": round(times.mean_us / 1000, 3),
        **{f"p{p}_ms": round(times.percentile_us(p / 100) / 1000, 3) for p in (50, 95, 99)},
    }


def summary_lines(tracking: Tracking, *, now_ns: int) -> list[str]:
    """A table of every kind, then what it cost this machine."""
    rows: list[tuple[str, ...]] = [("", "made", "failed", "seconds", "a second", "mean", "P50", "P95", "P99")]
    for track in tracking.tracks.values():
        f = track_figures(track, now_ns)
        counts = (f"{f['ok']:,}", f"{f['failed']:,}", f"{f['elapsed_s']:.1f}", f"{f['rate_per_s']:,.0f}")
        times = (f"{f[key]:.1f} ms" for key in ("mean_ms", "p50_ms", "p95_ms", "p99_ms"))
        rows.append((track.kind.replace("_", " "), *counts, *times))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    seconds = (now_ns - tracking.started_ns) / NS_PER_S
    settled = tracking.ok + tracking.failed
    share = f", {tracking.ok / settled:.1%} of them well" if tracking.failed else ""
    cost = cost_words(tracking)
    return [*lines, f"{settled:,} in {seconds:.1f} s ({settled / max(seconds, 1e-9):,.0f} a second){share} · {cost}"]
