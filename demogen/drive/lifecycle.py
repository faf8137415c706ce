"""Where a run hangs on Locust's events: options become settings, test start becomes a run, quitting becomes a verdict.

Locust's listeners swallow exceptions, so what must end the process raises SystemExit, and Locust starts its own timer
beside the bootstrap, so its run time is taken over (design 4.3). May import: locust, everything below.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import gevent
import msgspec
from gevent import GreenletExit
from locust.runners import STATE_INIT, LocalRunner, MasterRunner, WorkerRunner

from demogen.clock import NS_PER_S, SystemClock
from demogen.config import Settings
from demogen.drive import load as loads
from demogen.drive.bootstrap import Bootstrap
from demogen.drive.conductor import Conductor
from demogen.drive.exposition import Exposition, require_free
from demogen.drive.foreman import Foreman
from demogen.drive.glance import Glance, bootstrapping
from demogen.drive.hand import Hand
from demogen.drive.load import Load, Setup
from demogen.drive.options import settings_of
from demogen.drive.page import Page
from demogen.drive.page_state import Onlooker, State, idle
from demogen.drive.program import in_our_words
from demogen.drive.signals import Signals
from demogen.drive.terminal import tell, warn
from demogen.drive.users import mix_of
from demogen.errors import DemogenError, IntegrityViolated
from demogen.pacing.pacer import Share
from demogen.record.metrics import Snapshot
from demogen.report.log_lines import dress

log = logging.getLogger("demogen")

#: How long a worker that is told to go plays on while its share is handed over.
_HAND_OVER_S = 5.0


def attach(environment: Any, **_: Any) -> None:
    """Listener of `init`: one object a process holds what Locust's events need."""
    # At level debug they would bury what we say there.
    logging.getLogger("faker").setLevel(logging.INFO)
    if environment.parsed_options.log_format == "json":
        # Locust's tables are no log lines.
        logging.getLogger("locust.stats_logger").setLevel(logging.WARNING)
    dress(environment.parsed_options.log_format)
    runner = environment.runner
    if isinstance(runner, (LocalRunner, WorkerRunner)):
        LoadSide(environment)
    if isinstance(runner, (LocalRunner, MasterRunner)):
        ConductorSide(environment)


class LoadSide:
    """In a process that sends: hears the conductor, drains before Locust quits."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._load: Load | None = None
        self._part: tuple[str, int] | None = None
        runner = environment.runner
        runner.register_message(loads.SETUP, self._on_setup)
        runner.register_message(loads.SHARE, self._on_share)
        runner.register_message(loads.FINISH, self._on_finish)
        runner.register_message(loads.RELEASE, self._on_release)
        runner.register_message(loads.TOKEN, self._on_token)
        runner.register_message(loads.KEPT, self._on_kept)
        self._hand = Hand(runner)
        if isinstance(runner, WorkerRunner):
            # Else Locust waits for good for a master that left before its first heartbeat.
            runner.last_heartbeat_timestamp = runner.last_heartbeat_timestamp or SystemClock.wall_ns() / NS_PER_S
            environment.events.quitting.add_listener(self._on_quitting)
            # In a hurry it leaves as if it had been killed: what it wrote stays for the master to read.
            self._signals = Signals(wind_up=lambda: None, give_up=lambda: os._exit(self._signals.code or 130))

    def _on_setup(self, environment: Any, msg: Any, **_: Any) -> None:
        part = (msg.data["setup"]["run_id"], msg.data["setup"]["process"])
        if part == self._part:
            return  # said again: the master has not heard of us yet
        self._part = part

        def set_up() -> None:
            try:
                self._load = Load(environment, msgspec.convert(msg.data["setup"], Setup))
                self._load.ready()
            except DemogenError as error:
                data = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
                environment.runner.send_message(loads.FAILED, data)

        # Off the message loop: reading a large population takes a while, heartbeats must go on.
        gevent.spawn(set_up)

    def _on_share(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002  (Locust calls by keyword)
        if self._load is not None:
            first, last = msg.data["window"]
            self._load.take(msgspec.convert(msg.data["share"], Share), (first, last))

    def _on_finish(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._load is not None:
            self._load.finish()

    def _on_token(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._load is not None:
            self._load.renew(msg.data["token"])

    def _on_kept(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._load is not None:
            self._load.kept()

    def _on_release(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._load is not None:
            self._load.release(msg.data["index"])

    def _on_quitting(self, environment: Any, **_: Any) -> None:  # noqa: ARG002
        """A worker that is told to go hands in what it knows first."""
        self._signals.leave()
        if self._load is not None:
            self._load.leave(within_s=_HAND_OVER_S)


class ConductorSide:
    """In the master or the single process: starts, stops and ends runs."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._runner = environment.runner
        self._options = environment.parsed_options
        self._conductor: Conductor | None = None
        self._glance: Glance | None = None
        self._onlooker: Onlooker | None = None
        self._preparing: Any = None
        self._begun = self._stopped = False
        self._signals = Signals(wind_up=self._wind_up, give_up=self._hurry)
        self._bootstrap = Bootstrap()
        self._foreman = Foreman(self._post, self._clients)
        self._run_time = self._options.run_time
        if self._run_time is not None:
            logging.getLogger("locust.main").addFilter(_not_of_no_run_time)
        self._exposition = Exposition(self._snapshot, environment=environment)
        if self._options.no_tables:
            logging.getLogger("locust.stats_logger").setLevel(logging.WARNING)
        self._check_or_exit()
        self._options.run_time = None
        self._listen()

    def _listen(self) -> None:
        events, runner = self._environment.events, self._runner
        events.test_start.add_listener(self._on_test_start)
        events.test_stopping.add_listener(self._on_test_stopping)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        runner.register_message(loads.READY, self._on_ready)
        runner.register_message(loads.REPORT, self._on_report)
        runner.register_message(loads.DRAINED, self._on_drained)
        runner.register_message(loads.FAILED, self._on_failed)
        runner.register_message(loads.LEAVING, self._on_leaving)
        self._foreman.listen(runner)

    def _check_or_exit(self) -> None:
        """What is wrong with the options or the target is said before anything starts."""
        try:
            settings = settings_of(self._options)
            self._bootstrap.check_target(settings)
            if settings.metrics_port is not None:
                port = self._exposition.listen(settings.metrics_port)
                log.info("metrics at http://127.0.0.1:%d/metrics", port)
            self._exposition.push()
            if self._environment.web_ui is not None:
                require_free(self._environment.web_ui.host, self._environment.web_ui.port)
                self._exposition.mount(self._environment.web_ui)
                page = Page(self._state, set_target=self._set_target, report=self._report)
                page.mount(self._environment.web_ui, base_path=self._options.web_base_path or "")
        except DemogenError as error:
            _say(error)
            raise SystemExit(error.exit_code) from None

    # -- from Locust ---------------------------------------------------------------------------------------------

    def _on_test_start(self, environment: Any, **_: Any) -> None:
        """Prepare and share out; Locust spawns its users after that."""
        self._preparing, self._begun, self._stopped = gevent.getcurrent(), True, False
        self._exposition.keep()
        self._conductor = self._glance = None
        try:
            self._stop_locusts_timer()
            # A runner that has been stopped would not hear a stop before its users are there.
            self._runner.state = STATE_INIT
            if self._options.run_time is None:
                self._options.run_time = self._run_time
            settings = settings_of(self._options)
            self._options.run_time = None
            distributed = isinstance(self._runner, MasterRunner)
            self._conductor = conductor = self._bootstrap.prepare(
                settings,
                mix_of(environment.user_classes),
                seconds=settings.duration_s if self._has_duration(settings) else None,
                post=self._post,
                distributed=distributed,
                foreman=self._foreman if distributed else None,
                watched=self._environment.web_ui is not None or settings.metrics_port is not None,
            )
            self._glance = Glance(conductor)
            for client in self._clients():
                conductor.seat(client)
            conductor.start()
            gevent.spawn(self._see_to_the_end, conductor)
        except Exception as error:  # noqa: BLE001  (Locust would go on without a run)
            self._give_up(in_our_words(error))
            raise GreenletExit from None
        finally:
            self._preparing = None

    def _has_duration(self, settings: Settings) -> bool:
        return settings.origin("duration_s") != "default"

    def _see_to_the_end(self, conductor: Conductor) -> None:
        """The schedule has ended, or everybody is gone: finish, and quit where nobody is watching."""
        gevent.spawn(self._follow_edits, conductor)
        conductor.over.wait()
        conductor.finish()
        self._environment.process_exit_code = self._code_after(conductor)
        if self._options.headless or (self._options.autostart and self._options.autoquit != -1):
            if not self._options.headless:
                gevent.sleep(self._options.autoquit)
            self._runner.quit()
            if self._environment.web_ui is not None:
                self._environment.web_ui.stop()
        else:
            tell(conductor.screen)
            self._runner.stop()

    def _follow_edits(self, conductor: Conductor) -> None:
        """A target edited in the web UI lands in the parsed options; Locust tells nobody."""
        while not conductor.over.wait(0.5):
            self._welcome(conductor)
            try:
                target_tps = float(self._options.target_tps)
            except (TypeError, ValueError):
                continue
            if target_tps > 0:
                conductor.set_target(target_tps)

    def _on_test_stopping(self, environment: Any, **_: Any) -> None:  # noqa: ARG002
        """Somebody pressed Stop: drain and judge before Locust stops the users."""
        if self._conductor is not None and not self._conductor.finished.is_set():
            self._conductor.finish()
            self._environment.process_exit_code = self._conductor.exit_code

    def _on_quitting(self, environment: Any, **_: Any) -> None:
        """The last listener to matter, whatever it is that ends the process."""
        self._signals.leave()
        self._wind_up()
        if self._conductor is not None and self._stopped:
            environment.process_exit_code = self._code_after(self._conductor)
        elif self._stopped:
            environment.process_exit_code = self._signals.code or environment.process_exit_code
        self._bootstrap.close()
        self._exposition.close()

    def _code_after(self, conductor: Conductor) -> int:
        """What a run ends with: the code of the signal that stopped it, if one did.

        The books are judged all the same; that they are wrong is worth more than that the run was stopped.
        """
        if self._stopped and conductor.exit_code != IntegrityViolated.exit_code:
            return self._signals.code or conductor.exit_code
        return conductor.exit_code

    def _wind_up(self) -> None:
        """Stop what is being prepared; drain and judge what is being played; wait for what is being judged."""
        if self._preparing is not None:
            self._stopped = True
            self._preparing.kill(block=True)
        conductor = self._conductor
        if conductor is not None and not conductor.finished.is_set():
            self._stopped = True
            log.warning("interrupted: waiting for what is in flight, then judging the books (again to give up)")
            conductor.finish(interrupted=True)
        if not self._begun and self._signals.code and isinstance(self._runner, MasterRunner) and self._options.headless:
            # Locust waits for its workers and would let the interruption through as a traceback.
            self._stopped = True
            self._runner.quit()
            self._signals.end_with(SystemExit(self._signals.code))

    def _hurry(self) -> None:
        """Another signal: whatever is still being waited for is not worth it."""
        if self._conductor is not None:
            self._conductor.abandon()
        self._exposition.hurry()

    def _on_quit(self, **_: Any) -> None:
        """After Locust's own tables: our screen is the last word."""
        if self._conductor is not None and self._conductor.screen:
            tell(self._conductor.screen)

    # -- from the load processes ---------------------------------------------------------------------------------

    def _on_ready(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._conductor is not None:
            self._conductor.on_ready(msg.node_id, msg.data)

    def _on_report(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._conductor is not None:
            self._conductor.on_report(msg.node_id, msg.data, drained=False)

    def _on_drained(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._conductor is not None:
            self._conductor.on_report(msg.node_id, msg.data, drained=True)

    def _on_failed(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._conductor is not None:
            self._conductor.on_failure(msg.data)

    def _on_leaving(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._conductor is not None:
            self._conductor.on_leaving(msg.node_id)

    def _welcome(self, conductor: Conductor) -> None:
        """Seat workers that came after the start, whenever Locust has come to know them."""
        if conductor.playing:
            for client in self._clients():
                if conductor.seats.of(client) is None:
                    conductor.seat(client)

    # -- what the above need ---------------------------------------------------------------------------------------

    def _snapshot(self) -> Snapshot | None:
        users = self._runner.user_count
        if self._glance is not None:
            return self._glance.snapshot(users=users)
        if self._preparing is None:
            return None
        weights = mix_of(self._environment.user_classes)
        return bootstrapping(weights, target_tps=float(self._options.target_tps), users=users)

    def _state(self) -> State:
        """What our page shows."""
        if self._conductor is None or self._glance is None:
            stage = "idle" if self._preparing is None else "bootstrap"
            return idle(target_tps=float(self._options.target_tps), stage=stage)
        if self._onlooker is None or self._onlooker.conductor is not self._conductor:
            self._onlooker = Onlooker(self._conductor, self._glance)
        return self._onlooker.state(users=self._runner.user_count)

    def _set_target(self, target_tps: float) -> str:
        """Change the rate while it runs; why not, where it cannot be."""
        if self._conductor is None or not self._conductor.playing:
            return "no run is playing: name the rate in the start form"
        # Where the start form and Locust's edit form keep it; the next run begins with it.
        self._options.target_tps = f"{target_tps:g}"
        self._conductor.set_target(target_tps)
        return ""

    def _report(self) -> Path | None:
        return None if self._conductor is None else self._conductor.folder.report_html

    def _post(self, kind: str, data: dict[str, Any], client: str | None) -> None:
        self._runner.send_message(kind, data, client_id=client if isinstance(self._runner, MasterRunner) else None)

    def _clients(self) -> list[str]:
        if isinstance(self._runner, MasterRunner):
            return [client.id for client in self._runner.clients.all if client.state != "missing"]
        return ["local"]

    def _stop_locusts_timer(self) -> None:
        timer = getattr(self._environment.web_ui, "_run_time_greenlet", None)
        if timer is not None:
            timer.kill(block=False)

    def _give_up(self, error: DemogenError) -> None:
        """Say it once and end; with the web UI open the form stays for another try."""
        _say(error)
        self._environment.process_exit_code = error.exit_code
        if self._options.headless or self._environment.web_ui is None:
            # Empty tables would bury what was said.
            logging.getLogger("locust.stats_logger").setLevel(logging.WARNING)
            gevent.spawn(self._runner.quit)
        else:
            gevent.spawn(self._runner.stop)


def _not_of_no_run_time(record: logging.LogRecord) -> bool:
    """Its run time was taken over, so Locust believes that there is none, and says so."""
    return not record.getMessage().startswith("No run time limit set")


def _say(error: DemogenError) -> None:
    hint = f"hint: {error.hint}\n" if error.hint else ""
    warn(f"error: {error.message}\n{hint}")
