"""A real Prometheus of a test's own, with the configuration and the rules that we ship."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request

import yaml
from boards import PROMETHEUS, need
from locusts import free_port


class Prometheus:
    """A Prometheus server of our own on a loopback port, with our rules, scraping each second."""

    def __init__(self, folder, *words, target_port):
        program = need("prometheus", package="prometheus")
        self._port = free_port()
        config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "900ms", "evaluation_interval": "1s"}
        config["rule_files"] = [str(PROMETHEUS / "rules/*.rules.yml")]
        config["scrape_configs"] = [
            {key: value for key, value in job.items() if key != "dns_sd_configs"}
            | {"static_configs": [{"targets": [f"127.0.0.1:{target_port}"]}]}
            for job in config["scrape_configs"]
            if job["job_name"] in ("demogen", "locust")
        ]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.process = subprocess.Popen(
            [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{self._port}", "--log.level=warn", *words],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._wait()

    def _wait(self):
        """Until it serves and has taken up its targets, which takes it five seconds."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if len(self.get("/api/v1/targets", state="active")["activeTargets"]) == 2:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        raise AssertionError(self.process.stderr.read().decode())

    def get(self, path, **arguments):
        url = f"http://127.0.0.1:{self._port}{path}?{urllib.parse.urlencode(arguments)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.loads(answer.read())["data"]

    def series(self, expr, *, start, end):
        """Result of a range query: [{metric, values}]."""
        return self.get("/api/v1/query_range", query=expr, start=start, end=end, step=1)["result"]

    def last(self, expr, *, start, end):
        """The last value of a query that gives one series."""
        (series,) = self.series(expr, start=start, end=end)
        return float(series["values"][-1][1])

    def close(self):
        self.process.terminate()
        self.process.communicate(timeout=30)
