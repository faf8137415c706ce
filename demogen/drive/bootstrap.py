"""From settings to a run that can start: the target, the population, the opening, the funding, the run folder.

The embedded sandbox lives as long as the process, whatever runs are started from the web UI. May import: everything
below, gevent.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import gevent
import msgspec

from demogen.client.auth import Token, current, token_of
from demogen.client.capabilities import Capabilities, detect
from demogen.client.crew import Crew
from demogen.client.metered import MeteredCarrier
from demogen.client.pooled import PooledTransport
from demogen.client.retry import RetryPolicy
from demogen.client.transport import Carrier
from demogen.clock import SystemClock
from demogen.config import Settings, environment
from demogen.contract.wire import check_spelling
from demogen.drive import children
from demogen.drive.children import EmbeddedSandbox
from demogen.drive.conductor import Conductor, Post
from demogen.drive.course import Plan
from demogen.drive.foreman import Foreman
from demogen.drive.hand import Order
from demogen.drive.hub import open_hub_pump
from demogen.drive.load import Setup
from demogen.drive.progress import LineProgress
from demogen.drive.terminal import warn
from demogen.pacing.schedule import Schedule
from demogen.patterns import find_patterns
from demogen.patterns.scripts import script_patterns, texts_in
from demogen.population.directory import Population
from demogen.population.plan import PopulationPlan, plan
from demogen.population.skew import skew
from demogen.population.spans import in_spans
from demogen.population.spec import PopulationSpec
from demogen.record.folder import RunFolder, new_run_id
from demogen.record.machine import machine
from demogen.workload.events import require_place
from demogen.workload.groundwork import ENDLESS_S, Groundwork
from demogen.workload.lookout import Lookout
from demogen.workload.mix import Mix, with_scripts
from demogen.workload.prepare import manifest_of
from demogen.workload.threshold import ThresholdSpec
from demogen.workload.timetable import timetable

log = logging.getLogger("demogen")

#: What it takes to reach the ledger, for the children that read it back; they know its address from the folder.
_REACHING = (
    "token", "oauth_token_url", "oauth_client_id", "oauth_client_secret", "ca_file", "client_cert", "client_key",
    "request_timeout_s",
)  # fmt: skip

_UNEXPECTED_MAX = ThresholdSpec(metric="unexpected_share", at_most=0.001)


class Bootstrap:
    """Prepares the runs of one process; holds what outlives them."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._sandbox: EmbeddedSandbox | None = None
        self._taken: set[Path] = set()
        self._token: Token = None
        self._manifests: dict[tuple[str, str, int], Path] = {}

    def check_target(self, settings: Settings) -> None:
        """What was named must be there before anything starts. Raises LedgerUnreachable or UsageError."""
        if settings.skew:
            skew(settings.skew)
        if settings.population is not None:
            manifest_of(settings.population)
        if settings.events:
            require_place(settings.events, clock=self._clock)
        if settings.dsl_dir is not None:
            find_patterns(script_patterns(texts_in(settings.dsl_dir)))
        if settings.host is not None:
            self._token = token_of(settings, self._clock)
            self._detect(settings, settings.host)

    def prepare(
        self,
        settings: Settings,
        weights: Mapping[str, float],
        *,
        seconds: float | None,
        post: Post,
        distributed: bool,
        watched: bool,
        foreman: Foreman | None = None,
    ) -> Conductor:
        """Everything up to the moment the load processes may take their seats.

        `seconds` is how long the load lasts where the schedule does not say so itself; None: until it is stopped.
        `watched` says whether somebody can see what a look at the books shows. With a `foreman` the workers make the
        population between them.
        """
        run_id = new_run_id()
        texts = texts_in(settings.dsl_dir) if settings.dsl_dir else {}
        weights = with_scripts(weights, texts)
        mix = Mix(weights, find_patterns(script_patterns(texts)))
        schedule = timetable(settings.schedule, tps=settings.target_tps, seconds=seconds, seed=settings.seed)
        folder = RunFolder.create(self._folder_of(settings, run_id))
        url = settings.host or self._embedded(folder)
        self._token = token_of(settings, self._clock)
        capabilities = self._detect(settings, url)
        thresholds = (_UNEXPECTED_MAX,)
        self._write_settings(folder, settings, run_id=run_id, url=url, capabilities=capabilities, mix=mix)
        pump = self._pump(settings, url)
        try:
            population = self._lay_ground(
                settings, folder, pump, run_id=run_id, url=url, mix=mix, schedule=schedule, foreman=foreman
            )
        finally:
            pump.close()
        setup = _setup(
            settings,
            run_id=run_id,
            url=url,
            weights=weights,
            population=population,
            token=current(self._token),
            scripts=texts,
        )
        run = Plan(
            run_id=run_id,
            scenario="locustfile",
            seed=settings.seed,
            host=url,
            server=capabilities.version,
            target_tps=settings.target_tps,
            seconds=None if schedule.endless else schedule.seconds,
            depth=settings.depth,
            thresholds=thresholds,
            schedule=schedule if settings.schedule is not None else None,
        )
        inherited = {**environment(), **settings.inherited(_REACHING)}
        look = partial(Lookout, folder, every_s=settings.watch_s, environment=inherited, clock=self._clock)
        return Conductor(
            run,
            setup,
            folder,
            mix=mix,
            post=post,
            distributed=distributed,
            judge=partial(children.judge, folder.path, depth=settings.depth, environment=inherited),
            look=look if watched and settings.watch_s else None,
            token=self._token,
        )

    def close(self) -> None:
        """Stop what outlived the runs: the sandbox, last of all."""
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None

    def _lay_ground(
        self,
        settings: Settings,
        folder: RunFolder,
        pump: Carrier,
        *,
        run_id: str,
        url: str,
        mix: Mix,
        schedule: Schedule,
        foreman: Foreman | None,
    ) -> Population:
        """Population, opening, funding."""
        progress = LineProgress(self._clock)
        crew = Crew(
            MeteredCarrier(pump, progress.tracking.traffic, url=url, token=settings.secret("token")),
            clock=self._clock,
            concurrency=1 if settings.mode == "sequential" else settings.concurrency,
            timeout_s=settings.request_timeout_s,
            rate_per_s=settings.max_rate,
            breathe=lambda: gevent.sleep(0),
        )
        policy = RetryPolicy(attempts=settings.retry_attempts + 1)
        groundwork = Groundwork(crew, policy=policy, clock=self._clock, seed=settings.seed)
        population = self._population(settings, folder, groundwork, progress, url=url, foreman=foreman)
        arrivals = round(schedule.accumulated(ENDLESS_S if schedule.endless else schedule.seconds))
        deposits = groundwork.open_books(
            folder,
            population,
            run_id=run_id,
            mix=mix,
            arrivals=arrivals,
            whole_units=settings.transaction_format == "dsl",
            skew={"": skew(settings.skew)} if settings.skew else None,
        )
        if deposits:
            log.info("funded %d accounts for %d transactions", deposits, arrivals)
        return population

    def _population(
        self,
        settings: Settings,
        folder: RunFolder,
        groundwork: Groundwork,
        progress: LineProgress,
        *,
        url: str,
        foreman: Foreman | None,
    ) -> Population:
        """The one that was named; else the one an earlier run of this process made; else a new one."""
        if settings.population is not None:
            return groundwork.adopt(folder, settings.population)
        kept = (url, settings.preset, settings.seed)
        if kept in self._manifests:
            return groundwork.adopt(folder, self._manifests[kept])
        spec = PopulationSpec.of_preset(settings.preset)
        with in_spans(progress) as told:
            if settings.mode == "distributed" and foreman is not None and foreman.several:
                planned = plan(spec, settings.seed)
                foreman.share(planned, self._order(settings, planned, url=url), folder, progress=told)
                population = Population.open(folder.population)
            else:
                if settings.mode == "distributed":
                    log.info("population: nobody to share it with, this process makes it")
                population = groundwork.populate(folder, spec, url=url, progress=told)
        progress.finish()
        self._manifests[kept] = folder.population
        return population

    def _order(self, settings: Settings, planned: PopulationPlan, *, url: str) -> Order:
        """What every worker needs to know of its part."""
        return Order(
            spec=planned.spec.canonical(),
            seed=planned.seed,
            digest=planned.digest,
            url=url,
            concurrency=settings.concurrency,
            attempts=settings.retry_attempts + 1,
            deadline_s=settings.request_timeout_s,
            rate_per_s=settings.max_rate,
            token=current(self._token),
            ca_file=str(settings.ca_file or ""),
            client_cert=str(settings.client_cert or ""),
            client_key=str(settings.client_key or ""),
        )

    def _embedded(self, folder: RunFolder) -> str:
        if self._sandbox is None:
            self._sandbox = sandbox = EmbeddedSandbox(folder.sandbox_db)
            try:
                sandbox.start()
            finally:
                # Also where a stop ended the wait for it: the next run starts one of its own.
                if not sandbox.url:
                    self.close()
            where = f"{self._sandbox.url}, its data in {folder.sandbox_db}"
            warn(f"no --host: practising on the embedded sandbox at {where}\n")
        return self._sandbox.url

    def _folder_of(self, settings: Settings, run_id: str) -> Path:
        """As asked for the first time, numbered after that: the web UI starts many runs."""
        path = settings.run_dir or Path("runs") / run_id
        named, number = path, 2
        while path in self._taken:
            path = named.with_name(f"{named.name}-{number}")
            number += 1
        self._taken.add(path)
        return path

    def _detect(self, settings: Settings, url: str) -> Capabilities:
        with PooledTransport(
            url,
            timeout_s=settings.request_timeout_s,
            token=self._token,
            ca_file=settings.ca_file,
            client_cert=(settings.client_cert, settings.client_key) if settings.client_cert else None,
        ) as transport:
            return detect(transport)

    def _pump(self, settings: Settings, url: str) -> Carrier:
        cert = (str(settings.client_cert), str(settings.client_key or settings.client_cert))
        return open_hub_pump(
            url,
            clock=self._clock,
            max_connections=max(settings.concurrency, 1),
            token=self._token,
            ca_file=str(settings.ca_file) if settings.ca_file else None,
            client_cert=cert if settings.client_cert else None,
        )

    def _write_settings(
        self, folder: RunFolder, settings: Settings, *, run_id: str, url: str, capabilities: Capabilities, mix: Mix
    ) -> None:
        """What the audit and the report read; secrets show only that they are set."""
        told = settings.public() | {
            "run_id": run_id,
            "host": url,
            "embedded_sandbox": settings.host is None,
            "sandbox_file": str(self._sandbox.database.resolve()) if self._sandbox and settings.host is None else "",
            "server": capabilities.version,
            "dialect": capabilities.dialect,
            "mix": mix.shares,
            "machine": machine(),
        }
        folder.write_text(folder.settings, msgspec.json.format(msgspec.json.encode(told), indent=1).decode())


def _setup(
    settings: Settings,
    *,
    run_id: str,
    url: str,
    weights: Mapping[str, float],
    population: Population,
    token: str,
    scripts: Mapping[str, str],
) -> Setup:
    """What each load process is told; its number and its journal are added for each."""
    return Setup(
        run_id=run_id,
        url=url,
        seed=settings.seed,
        weights=dict(weights),
        spelling=check_spelling(settings.transaction_format),
        population=population.to_bytes(),
        process=0,
        journal="",
        max_connections=settings.max_connections,
        deadline_s=settings.request_timeout_s,
        token=token,
        ca_file=str(settings.ca_file or ""),
        client_cert=str(settings.client_cert or ""),
        client_key=str(settings.client_key or ""),
        skew=settings.skew or "",
        scripts=dict(scripts),
        events=settings.events or "",
    )
