"""Settings: which source wins, what is refused and how it is said, what is never shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from demogen.config import OPTIONS, Settings, resolve, seconds
from demogen.errors import InvalidSettings


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusals(flags: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(InvalidSettings) as caught:
        resolve(flags, environ or {})
    assert caught.value.exit_code == 2
    return dict(caught.value.problems)


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    (tmp_path / "demogen.toml").write_text('seed = 1\ntarget_tps = 11\nduration = "11s"\n')
    settings = resolve({"seed": "3"}, {"DEMOGEN_SEED": "2", "DEMOGEN_TARGET_TPS": "22"})
    assert (settings.seed, settings.origin("seed")) == (3, "flag --seed")
    assert (settings.target_tps, settings.origin("target_tps")) == (22.0, "environment DEMOGEN_TARGET_TPS")
    assert (settings.duration_s, settings.origin("duration_s")) == (11.0, f"{tmp_path}/demogen.toml: duration")
    assert (settings.preset, settings.origin("preset")) == ("small", "default")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("own.toml", "target-tps = 42.5\n", id="TOML, dashes"),
        pytest.param("own.yaml", "target_tps: 42.5\n", id="YAML"),
        pytest.param("own.json", '{"target_tps": 42.5}', id="JSON"),
        pytest.param("pyproject.toml", "[tool.demogen]\ntarget_tps = 42.5\n", id="pyproject"),
    ],
)
def test_a_settings_file_may_be_of_any_usual_kind(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "elsewhere" / name
    path.parent.mkdir()
    path.write_text(text)
    assert resolve({}, {}, file=path).target_tps == 42.5
    assert resolve({"config": str(path)}, {}).target_tps == 42.5
    assert resolve({}, {"DEMOGEN_CONFIG": str(path)}).target_tps == 42.5


def test_pyproject_of_the_working_directory_counts_only_with_its_table(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[project]\nname = 'x'\n")
    assert resolve({}, {}).seed == 1
    project.write_text("[tool.demogen]\nseed = 9\n")
    assert resolve({}, {}).seed == 9
    (tmp_path / "demogen.toml").write_text("seed = 8\n")
    assert resolve({}, {}).seed == 8


@pytest.mark.parametrize(
    ("foreign", "text", "field", "value"),
    [
        ("API_BASE_URL", "http://localhost:3002", "host", "http://localhost:3002"),
        ("API_TIMEOUT", "30000", "request_timeout_s", 30.0),
        ("MAX_RETRIES", "3", "retry_attempts", 3),
        ("RETRY_DELAY", "1000", "retry_delay_s", 1.0),
        ("BATCH_SIZE", "50", "batch_size", 50),
        ("MAX_ENTITIES_IN_MEMORY", "5000", "max_entities_in_memory", 5000),
        ("MEMORY_OPTIMIZATION", "false", "memory_optimization", False),
        ("ENABLE_VALIDATION", "false", "validation", False),
        ("ENABLE_CIRCUIT_BREAKER", "false", "circuit_breaker", False),
        ("ENABLE_PROGRESS_REPORTING", "false", "progress", False),
        ("NODE_ENV", "production", "environment", "production"),
        ("LOG_LEVEL", "DEBUG", "log_level", "debug"),
        ("LOG_LEVEL", "WARN", "log_level", "warning"),
    ],
)
def test_names_of_the_seed_generator_are_taken_but_own_names_win(
    foreign: str, text: str, field: str, value: object
) -> None:
    settings = resolve({}, {foreign: text})
    assert getattr(settings, field) == value
    assert settings.origin(field) == f"environment {foreign}"
    own = {"host": "http://127.0.0.1:1", "request_timeout_s": "7s", "environment": "x"}.get(field)
    if own is not None:
        assert (
            resolve({}, {foreign: text, OPTIONS[field].environment: own})
            .origin(field)
            .endswith(OPTIONS[field].environment)
        )


def test_a_plain_HOST_in_the_environment_is_not_ours() -> None:  # noqa: N802
    assert resolve({}, {"HOST": "http://127.0.0.1:1", "SEED": "5"}) == Settings()


def test_an_empty_variable_is_none() -> None:
    assert resolve({}, {"DEMOGEN_HOST": "", "DEMOGEN_SEED": ""}).host is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("30s", 30.0), ("5m", 300.0), ("1h30m", 5400.0), ("90", 90.0), ("250ms", 0.25), ("1.5m", 90.0), (12, 12)],
)
def test_spans_of_time(text: object, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("flags", "location", "says"),
    [
        ({"target_tps": "-5"}, "flag --target-tps", "greater than 0"),
        ({"target_tps": "0"}, "flag --target-tps", "greater than 0"),
        ({"target_tps": "nan"}, "flag --target-tps", "finite"),
        ({"target_tps": "many"}, "flag --target-tps", "valid number"),
        ({"preset": "smal"}, "flag --preset", "did you mean small?"),
        ({"preset": "galaxy"}, "flag --preset", "small, medium, large, xlarge, custom"),
        ({"duration": "5x"}, "flag --duration", "write 30s"),
        ({"duration": "0"}, "flag --duration", "greater than 0"),
        ({"duration": "5m x"}, "flag --duration", "write 30s"),
        ({"host": "127.0.0.1:3002"}, "flag --host", "write http://"),
        ({"host": "http://127.0.0.1:99999"}, "flag --host", "65535"),
        ({"host": "ftp://127.0.0.1"}, "flag --host", "write http://"),
        ({"host": "https://ledger.example.com"}, "flag --host", "--allow-target ledger.example.com"),
        ({"transaction_format": "xml"}, "flag --transaction-format", "'json', 'dsl' or 'mixed'"),
        ({"metrics_port": "70000"}, "flag --metrics-port", "65535"),
        ({"connections": "10", "max_connections": "5"}, "flag --connections", "--max-connections 5"),
        ({"part": "3/2"}, "flag --part", "no part 3 of 2"),
        ({"ca_file": "nowhere.pem"}, "flag --ca-file", "no file nowhere.pem"),
        ({"client_key": "nowhere.pem"}, "flag --client-key", "no file"),
        ({"oauth_client_id": "me"}, "oauth_token_url", "belong together"),
        ({"config": "nowhere.toml"}, "file nowhere.toml", "No such file"),
        ({"config": "nowhere.ini"}, "file nowhere.ini", ".toml, .yaml or .json"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_with_its_location(flags: dict[str, str], location: str, says: str) -> None:
    assert says in refusals(flags)[location]


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "demogen.toml").write_text("seeed = 1\nconcurrency = 0\n")
    problems = refusals(
        {"preset": "huge", "host": "http://10.0.0.1:3002"}, {"DEMOGEN_TARGET_TPS": "-1", "DEMOGEN_CONNECTIONS": "x"}
    )
    assert set(problems) == {
        f"{tmp_path}/demogen.toml: seeed",
        f"{tmp_path}/demogen.toml: concurrency",
        "environment DEMOGEN_TARGET_TPS",
        "environment DEMOGEN_CONNECTIONS",
        "flag --preset",
        "flag --host",
    }
    assert "did you mean seed?" in problems[f"{tmp_path}/demogen.toml: seeed"]


@pytest.mark.parametrize("text", ["= 1", "- a\n- b", "{", "seed: [1"])
@pytest.mark.parametrize("kind", ["toml", "yaml", "json"])
def test_a_malformed_file_is_a_problem_not_a_traceback(tmp_path: Path, kind: str, text: str) -> None:
    path = tmp_path / f"own.{kind}"
    path.write_text(text)
    assert refusals({"config": str(path)})


@pytest.mark.parametrize(
    "host", ["http://localhost:3002", "http://127.8.9.1", "http://[::1]:3002", "http://a.localhost"]
)
def test_this_machine_needs_no_permission(host: str) -> None:
    assert resolve({"host": host}, {}).host == host


def test_another_machine_needs_one() -> None:
    flags = {"host": "https://ledger.example.com/"}
    assert refusals(flags)
    assert resolve(flags, {"DEMOGEN_ALLOW_TARGET": "other, ledger.example.com"}).host == "https://ledger.example.com"
    assert refusals({"host": "https://ledger.example.com.evil.test", "allow_target": "ledger.example.com"})


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    settings = resolve({}, {"DEMOGEN_TOKEN": "s3cr3t"})
    assert settings.secret("token") == "s3cr3t"
    assert "s3cr3t" not in repr(settings) + json.dumps(settings.public()) + str(settings)
    assert settings.public()["token"] == "********"
    assert settings.public()["oauth_client_secret"] is None
    (tmp_path / "token").write_text("fr0m-file\n")
    assert resolve({}, {"DEMOGEN_TOKEN_FILE": str(tmp_path / "token")}).secret("token") == "fr0m-file"
    told = refusals({"host": "http://me:pa55@127.0.0.1:1", "token": ["s3cr3t"]})
    assert "pa55" not in str(told)
    assert "s3cr3t" not in str(told)


def test_public_values_are_under_outside_names_and_json_ready() -> None:
    values = json.loads(json.dumps(resolve({"duration": "1m", "run_dir": "x"}, {}).public()))
    assert (values["duration"], values["run_dir"], values["json"]) == (60.0, "x", False)


def test_every_setting_has_help_and_an_environment_twin() -> None:
    assert all(option.says.endswith(".") for option in OPTIONS.values())
    assert len({option.environment for option in OPTIONS.values()}) == len(OPTIONS)
    assert OPTIONS["duration_s"].environment == "DEMOGEN_DURATION"
    assert OPTIONS["organizations"].flags == ("--organizations", "--orgs")
    assert {name for name, option in OPTIONS.items() if option.secret} == {"token", "oauth_client_secret"}
