"""Every setting: its type, default, range, help and names. Knows no source; `resolve` fills it.

A name outside (flag, file key, environment) leaves the unit off: `duration_s` is --duration and DEMOGEN_DURATION.
May import: `kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr
from pydantic.fields import FieldInfo

from demogen.config.kinds import PRESETS, Count, Names, Preset, Span, Url, share

PREFIX = "DEMOGEN_"
#: What is shown of a secret.
MASK = "********"


def _set(
    default: Any, says: str, metavar: str = "", *, key: str = "", env: str = "", flag: str = "", **limits: Any
) -> Any:
    """A setting: its default, help, and names. `key` is its outside name where the field's differs (a unit).

    `env` is a foreign environment name that is taken too; `flag` a second flag.
    """
    extra: dict[str, Any] = {"key": key, "metavar": metavar, "env": env, "flag": flag}
    return Field(default, description=says, json_schema_extra=extra, **limits)


class Settings(BaseModel):
    """Every option of every verb, checked. Names end in their unit; outside names (flag, file) leave it off."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    # The ledger and how it is reached.
    host: Url | None = _set(
        None, "Address of the ledger; without it the embedded sandbox is started.", "URL", env="API_BASE_URL"
    )
    allow_target: Names = _set((), "Host that may be loaded though it is not this machine; several by comma.", "HOST")
    token: SecretStr | None = _set(None, "Bearer token; also read from the file that DEMOGEN_TOKEN_FILE names.", "TEXT")
    oauth_token_url: Url | None = _set(None, "Where client credentials are exchanged for a token.", "URL")
    oauth_client_id: str | None = _set(None, "Client id for --oauth-token-url.", "TEXT")
    oauth_client_secret: SecretStr | None = _set(None, "Client secret for --oauth-token-url.", "TEXT")
    ca_file: Path | None = _set(None, "Certificate authority that signed the ledger's certificate.", "FILE")
    client_cert: Path | None = _set(None, "Client certificate (PEM) for mutual TLS.", "FILE")
    client_key: Path | None = _set(None, "Key of --client-cert where it is a file of its own.", "FILE")
    request_timeout_s: Span = _set(
        10.0, "How long an answer may take.", "TIME", key="request_timeout", env="API_TIMEOUT", gt=0, le=3600
    )
    retry_attempts: int = _set(5, "Tries after the first, while provisioning.", "N", env="MAX_RETRIES", ge=0, le=100)
    retry_delay_s: Span = _set(0.1, "Wait before the first retry.", "TIME", key="retry_delay", env="RETRY_DELAY", ge=0)
    circuit_breaker: bool = _set(True, "Stop asking a ledger that keeps failing.", env="ENABLE_CIRCUIT_BREAKER")

    # The run.
    run_dir: Path | None = _set(None, "Folder of the run; by default runs/<run-id>.", "DIR")
    scenario: str = _set("retail", "Scenario by name, or a TOML file.", "NAME", min_length=1)
    target_tps: float = _set(200.0, "Transactions a second to keep up, whatever the latency.", "TPS", gt=0, le=100_000)
    schedule: str | None = _set(
        None, "How arrivals come: ramp:0-500:60s, spike, diurnal, trace:FILE …; by default an even rate.", "SHAPE"
    )
    duration_s: Span = _set(30.0, "How long the load lasts.", "TIME", key="duration", gt=0)
    seed: int = _set(1, "Same seed, same run.", "N", ge=0, lt=2**63)
    transaction_format: Literal["json", "dsl", "mixed"] = _set(
        "mixed", "Spelling of transactions: json, dsl, or dsl where it can say them.", "FORMAT"
    )
    connections: int = _set(16, "Connections opened at the start.", "N", ge=1, le=65_535)
    max_connections: int = _set(4096, "Connections at most, opened on demand.", "N", ge=1, le=65_535)
    skew: str | None = _set(
        None, "How unevenly accounts are busy: uniform, zipf:1.2, hot:1%:80%; by default the scenario's word.", "NAME"
    )
    dsl_dir: Path | None = _set(
        None, "Folder of transaction scripts (.gold) that join the mix, each under its file's name.", "DIR"
    )
    events: str | None = _set(None, "Deliver every accepted transaction as an event to this file or URL.", "FILE|URL")
    metrics_port: int | None = _set(None, "Port for Prometheus metrics; without it, none.", "PORT", ge=0, le=65_535)
    watch_s: Span = _set(
        2.0,
        "Time between two looks at all balances while the load runs, where somebody can see them; 0s: no looks.",
        "TIME",
        key="watch",
        ge=0,
        le=3600,
    )
    depth: Literal["balances", "run", "all"] = _set(
        "run", "How much of the ledger the audit reads back: balances, run or all.", "DEPTH"
    )

    # Who exists.
    preset: Preset = _set("small", f"Population: {', '.join(PRESETS)}, or custom.", "NAME")
    population: Path | None = _set(None, "Use the population of this run folder instead of making one.", "DIR")
    spec: Path | None = _set(None, "Population spec in a file of its own; flags override it.", "FILE")
    templates: Path | None = _set(None, "Folder of templates that override or extend the shipped ones.", "DIR")
    organizations: int | None = _set(None, "Organizations.", "N", flag="orgs", ge=1)
    ledgers_per_org: int | None = _set(None, "Ledgers in each organization.", "N", ge=1)
    assets_per_ledger: int | None = _set(None, "Assets in each ledger.", "N", ge=1)
    accounts_per_ledger: int | None = _set(None, "Accounts in each ledger.", "N", ge=1)
    portfolios_per_ledger: Count | None = _set(None, "Portfolios in each ledger.", "N")
    segments_per_ledger: Count | None = _set(None, "Segments in each ledger.", "N")
    transactions_per_ledger: Count | None = _set(None, "Transactions in each ledger.", "N")
    transactions_per_account: Count | None = _set(None, "Transactions for each account.", "N")
    transactions: Count | None = _set(None, "Transactions in total.", "N")
    patterns: Names = _set((), "Only these transaction patterns, by comma.", "NAMES")
    industries: Names = _set((), "Only these industries, by comma.", "NAMES")
    account_types: Names = _set((), "Only these account types, by comma.", "NAMES")
    asset_types: Names = _set((), "Only these kinds of assets, by comma.", "NAMES")
    locale: Literal["us", "br", "mixed"] = _set("mixed", "Where people and companies are from.", "LOCALE")
    history_days: Count | None = _set(None, "Date deposits and transactions back over so many days.", "N")
    history_end: date | None = _set(None, "Day the history ends before.", "DATE")
    idempotency: bool = _set(True, "Send an idempotency key with every transaction.")
    external_ids: bool = _set(True, "Give entities an external id.")
    validation: bool = _set(True, "Refuse invalid entities; off: only warn.", env="ENABLE_VALIDATION")

    # How it is provisioned.
    mode: Literal["sequential", "parallel", "distributed"] = _set(
        "parallel",
        "How provisioning goes: sequential (one request at a time), parallel, or distributed (parts of one plan).",
        "MODE",
    )
    part: str | None = _set(None, "Part K of N of a distributed plan, as K/N.", "K/N", pattern=r"^[1-9]\d*/[1-9]\d*$")
    concurrency: int = _set(96, "Requests in flight while provisioning.", "N", ge=1, le=4096)
    max_rate: float | None = _set(None, "Requests a second at most, while provisioning.", "N", gt=0)
    batch_size: int = _set(100, "Entities between two checkpoints.", "N", env="BATCH_SIZE", ge=1)
    max_entities_in_memory: int = _set(
        100_000, "Entities held at most before they are written down.", "N", env="MAX_ENTITIES_IN_MEMORY", ge=100
    )
    memory_optimization: bool = _set(
        True, "Write entities down in small batches; off: in big ones.", env="MEMORY_OPTIMIZATION"
    )
    timeout_s: Span | None = _set(None, "Overall deadline of the command.", "TIME", key="timeout", gt=0)
    dry_run: bool = _set(False, "Print the plan and send nothing.")
    resume: bool = _set(False, "Go on where an interrupted run stopped.")
    yes: bool = _set(False, "Do not ask before a large run.")

    # How it is told.
    report_format: Literal["text", "json", "html", "md", "junit"] = _set(
        "text", "What to print: text, json, html, md or junit.", "FORMAT", key="format"
    )
    output: Path | None = _set(None, "Write to this file instead of printing.", "FILE")
    junit: Path | None = _set(None, "Also write JUnit XML to this file.", "FILE")
    summary_md: Path | None = _set(
        None, "Also append a Markdown summary to this file; GitHub's own by default.", "FILE", env="GITHUB_STEP_SUMMARY"
    )
    max_regression: Annotated[float, BeforeValidator(share)] | None = _set(
        None, "End with 3 where a figure surely got worse by more than this share, as 0.05 or 5%.", "SHARE", ge=0
    )
    exit_zero: bool = _set(False, "End with 0 once the report is told, whatever it says.")
    progress: bool = _set(True, "Show progress.", env="ENABLE_PROGRESS_REPORTING")
    quiet: bool = _set(False, "Say only what went wrong.")
    json_output: bool = _set(False, "Say everything as JSON lines.", key="json")
    log_level: Literal["debug", "info", "warning", "error"] = _set("info", "Log level.", "LEVEL", env="LOG_LEVEL")
    log_format: Literal["text", "json"] = _set("text", "Log lines as text, or json: an object a line.", "FORMAT")
    environment: str = _set("", "Label of the environment, kept with the run.", "NAME", env="NODE_ENV")

    def origin(self, name: str) -> str:
        """Where a field's value came from: `flag --seed`, `environment DEMOGEN_SEED`, `demogen.toml: seed`, default."""
        return self._origins.get(name, "default")

    def secret(self, name: str) -> str | None:
        """The text of a secret field, for the one who sends it."""
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else None

    def inherited(self, names: Iterable[str]) -> dict[str, str]:
        """These settings as a child's environment has to spell them; those that are defaults are left out."""
        return {OPTIONS[name].environment: _spelled(self, name) for name in names if self.origin(name) != "default"}

    def public(self) -> dict[str, Any]:
        """Every value under its outside name, plain and JSON-ready; a secret shows only that it is set."""
        values = self.model_dump(mode="json")
        return {OPTIONS[name].key: _masked(getattr(self, name), values[name]) for name in values}


class Option(NamedTuple):
    """The outside of one setting. `key` is its name in files; `flags` and `environment` are spelled in full.

    `foreign` is an environment name of the seed generators, "" where there is none. A `toggle` takes no value.
    """

    name: str
    key: str
    flags: tuple[str, ...]
    environment: str
    foreign: str
    metavar: str
    says: str
    secret: bool
    toggle: bool
    default: Any


def _option(name: str, field: FieldInfo) -> Option:
    extra: dict[str, Any] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]  # `_set` wrote a dict
    key = extra["key"] or name
    words = [key, extra["flag"]] if extra["flag"] else [key]
    return Option(
        name=name,
        key=key,
        flags=tuple("--" + word.replace("_", "-") for word in words),
        environment=PREFIX + key.upper(),
        foreign=extra["env"],
        metavar=extra["metavar"],
        says=field.description or "",
        secret=SecretStr in (field.annotation, *get_args(field.annotation)),
        toggle=field.annotation is bool,
        default=field.default,
    )


#: Every setting by field name, in the order of this file.
OPTIONS = {name: _option(name, field) for name, field in Settings.model_fields.items()}


def _spelled(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _masked(value: Any, plain: Any) -> Any:
    return MASK if isinstance(value, SecretStr) else plain
