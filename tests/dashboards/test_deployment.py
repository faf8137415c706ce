"""Compose file, image and Kubernetes manifests: valid by their schemas, and true to what the program offers."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from boards import ROOT

from demogen.config import OPTIONS

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
KUBERNETES = ROOT / "deploy/kubernetes"
ONE_SHOT = {"midaz-ready"}
#: Its image has no shell and no client; `midaz-ready` asks from outside.
WITHOUT_SHELL = {"midaz"}


def need_module(name: str, *, package: str) -> None:
    """Skipped with a line where it is missing; failed where the lock promises it and nothing may be skipped."""
    if importlib.util.find_spec(name) is None:
        promised = f"\n{package}==" in (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
        (pytest.fail if promised and os.environ.get("CI") else pytest.skip)(
            f"{package} is missing: pip install {package}"
        )


# -- Compose -----------------------------------------------------------------------------------------------------


def test_the_compose_file_follows_the_compose_specification():
    need_module("check_jsonschema", package="check-jsonschema")
    run = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_docker_itself_takes_the_compose_file(tmp_path):
    """Where the client and its plug-in are there; no engine is needed."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is missing")
    words = [docker, "compose", "--env-file", ".env.example", "--profile", "*", "config", "--quiet"]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_profiles_are_those_that_are_promised():
    profiles = {profile for service in SERVICES.values() for profile in service["profiles"]}
    assert profiles == {"sandbox", "observability", "distributed", "midaz"}
    stores = {name for name, service in SERVICES.items() if "midaz" in service["profiles"]}
    assert stores >= {"midaz", "postgres", "mongodb", "valkey", "rabbitmq"}


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_to_a_version(name):
    tag = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", SERVICES[name]["image"]).rpartition(":")[2]
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-[a-z]+)*", tag), tag


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT - WITHOUT_SHELL))
def test_a_service_says_how_it_is(name):
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_waited_for_that_cannot_come(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        shared = set(SERVICES[name]["profiles"]) <= set(SERVICES[other]["profiles"])
        assert shared or how.get("required") is False, f"{other} is not in every profile of {name}"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_bound_where_env_says(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("${BIND_ADDRESS:-127.0.0.1}:${"), port
    if name == "worker":
        assert "ports" not in SERVICES[name]
        assert "container_name" not in SERVICES[name]  # --scale worker=N


def test_the_ledgers_pools_fit_into_its_database():
    told = SERVICES["midaz"]["environment"]
    pools = [told[f"DB_{kind}_MAX_OPEN_CONNS"] for kind in ("ONBOARDING", "TRANSACTION")]
    (limit,) = re.findall(r"max_connections=(\d+)", " ".join(SERVICES["postgres"]["command"]))
    # Once as primary, once as replica; the exporter and an administrator want in too.
    assert 2 * sum(pools) <= int(limit) - 50


def test_what_is_pid_1_hears_that_it_shall_stop():
    for name, service in SERVICES.items():
        if service.get("entrypoint") == ["sh", "-c"]:
            (script,) = service["command"]
            assert re.search(r"&& exec [\w-]+", script), name
            assert "|" not in script, name


def test_no_password_stands_outside_of_the_example():
    names = set(re.findall(r"\$\{(\w*PASSWORD)", (ROOT / "docker-compose.yml").read_text()))
    example = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert names == {name for name in example if name.endswith("PASSWORD")}
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.findall(r"\$\{\w*PASSWORD(?!:\?)", text), "a password has a default"
    for name, service in SERVICES.items():
        for key, value in (service.get("environment") or {}).items():
            if re.search("PASS|SECRET|TOKEN", key):
                assert str(value).startswith("${"), f"{name} {key}"
    for path in [ROOT / "Dockerfile", *KUBERNETES.rglob("*.yaml"), *(ROOT / "dashboards").rglob("*.yml")]:
        assert not [secret for name, secret in example.items() if "PASSWORD" in name and secret in path.read_text()]


def test_every_variable_is_explained_in_the_example():
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    named = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used == named


def test_our_own_services_are_told_only_what_the_program_knows():
    known = {option.environment for option in OPTIONS.values()}
    told = {key for name in ("demogen", "master") for key in SERVICES[name]["environment"]}
    settings = dict(re.findall(r"^(\w+)=(.*)$", (KUBERNETES / "base/settings.env").read_text(), re.MULTILINE))
    told |= {key for key in settings if not key.startswith("LOCUST_")}
    assert {name.removesuffix("_FILE") for name in told} <= known


def test_prometheus_scrapes_services_that_exist():
    config = yaml.safe_load((ROOT / "dashboards/prometheus/prometheus.yml").read_text())
    asked = {name for job in config["scrape_configs"] for how in job["dns_sd_configs"] for name in how["names"]}
    assert asked <= set(SERVICES)


# -- the image ---------------------------------------------------------------------------------------------------

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_is_small_and_runs_as_nobody_in_particular():
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["python:${PYTHON}", "python:${PYTHON}"]
    assert re.search(r"^ARG PYTHON=\d+\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users == ["10001:10001"]
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index("ENTRYPOINT")
    assert "--require-hashes --only-binary :all:" in DOCKERFILE


def test_the_builder_gets_what_the_image_needs_and_nothing_else():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE))
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_volumes_are_where_the_program_writes():
    declared = set(re.findall(r'"(/srv/demogen/\w+)"', DOCKERFILE))
    mounted = {
        volume.partition(":")[2] for name in ("sandbox", "demogen", "master") for volume in SERVICES[name]["volumes"]
    }
    assert declared == mounted == {"/srv/demogen/runs", "/srv/demogen/ledger"}


# -- Kubernetes --------------------------------------------------------------------------------------------------


def rendered(name: str) -> list[dict]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is missing: it puts the manifests together")
    run = subprocess.run([kubectl, "kustomize", KUBERNETES / name], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return list(yaml.safe_load_all(run.stdout))


def written(path: str) -> dict:
    return yaml.safe_load((KUBERNETES / path).read_text(encoding="utf-8"))


WORKLOADS = ("bootstrap/job.yaml", "run/master.yaml", "run/workers.yaml")
CORE = sorted(
    str(path.relative_to(KUBERNETES))
    for path in KUBERNETES.rglob("*.yaml")
    if path.name not in ("kustomization.yaml", "pod-monitor.yaml", "locust-test.yaml")
)


@pytest.mark.parametrize("path", CORE)
def test_a_manifest_follows_its_schema(path):
    need_module("kubernetes_validate", package="kubernetes-validate")
    import kubernetes_validate

    kubernetes_validate.validate(written(path), "1.33", strict=True)


@pytest.mark.parametrize("name", ["bootstrap", "run"])
def test_kustomize_puts_them_together(name):
    kinds = sorted(manifest["kind"] for manifest in rendered(name))
    shared = ["ConfigMap", "PersistentVolumeClaim", "Secret"]
    mine = {"bootstrap": ["Job"], "run": ["ConfigMap", "Deployment", "Job", "PodMonitor", "Service"]}[name]
    assert kinds == sorted([*shared, *mine])


def test_the_dashboards_travel_as_they_are():
    (found,) = [m for m in rendered("run") if m["metadata"]["name"] == "demogen-dashboards"]
    for name, text in found["data"].items():
        assert text == (ROOT / "dashboards/grafana" / name).read_text(encoding="utf-8")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"


@pytest.mark.parametrize("path", WORKLOADS)
def test_a_pod_has_no_more_rights_than_it_needs(path):
    pod = written(path)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]


def test_master_and_workers_agree():
    master, workers = written("run/master.yaml"), written("run/workers.yaml")
    (container,) = master["spec"]["template"]["spec"]["containers"]
    arguments = dict(word.removeprefix("--").partition("=")[::2] for word in container["args"])
    assert int(arguments["expect-workers"]) == workers["spec"]["replicas"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"workers": 5557, "metrics": int(arguments["metrics-port"])}
    service = written("run/service.yaml")
    labels = master["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert {port["targetPort"] for port in service["spec"]["ports"]} == set(ports)
    (worker,) = workers["spec"]["template"]["spec"]["containers"]
    assert f"--master-host={service['metadata']['name']}" in worker["args"]
    selected = workers["spec"]["selector"]["matchLabels"]
    assert selected.items() <= workers["spec"]["template"]["metadata"]["labels"].items()
    assert master["spec"]["backoffLimit"] == 0


def test_the_monitor_finds_the_master_by_its_port():
    monitor = written("run/pod-monitor.yaml")
    assert (monitor["apiVersion"], monitor["kind"]) == ("monitoring.coreos.com/v1", "PodMonitor")
    labels = written("run/master.yaml")["spec"]["template"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"


def test_the_run_plays_on_the_population_that_the_bootstrap_made():
    (bootstrap,) = written("bootstrap/job.yaml")["spec"]["template"]["spec"]["containers"]
    (master,) = written("run/master.yaml")["spec"]["template"]["spec"]["containers"]
    made = bootstrap["args"][bootstrap["args"].index("--run-dir") + 1]
    assert f"--population={made}" in master["args"]
    assert made.startswith(bootstrap["volumeMounts"][0]["mountPath"])


def test_the_operators_resource_has_only_fields_the_operator_knows():
    """Fields of locust.io/v1 LocustTest, as of chart locust-operator."""
    told = written("operator/locust-test.yaml")
    assert (told["apiVersion"], told["kind"]) == ("locust.io/v1", "LocustTest")
    known = {
        "annotations", "labels", "image", "imagePullPolicy", "imagePullSecrets", "workers", "args", "env", "master",
        "worker", "locustfile", "metrics",
    }  # fmt: skip
    assert set(told["spec"]) <= known
    for role in ("master", "worker"):
        assert set(told["spec"][role]) <= {"labels", "annotations", "resources"}
    assert f"--expect-workers {told['spec']['workers']}" in told["spec"]["args"]
    assert told["spec"]["image"].partition(":")[2] == written("base/kustomization.yaml")["images"][0]["newTag"]
