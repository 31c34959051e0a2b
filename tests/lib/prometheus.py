"""A real Prometheus on a loopback port, with the project's own rules."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lib.console import free_port
from tests.lib.waiting import wait_for

ALERTS = Path(__file__).resolve().parents[2] / "console" / "monitoring" / "alerts"
FIRING = 90.0
"""From a fault until its alert fires, with the waits of the rules taken out, in seconds."""


def program(name: str) -> str:
    """The path of prometheus or promtool."""
    found = shutil.which(name)
    assert found, f"{name} is missing: apt-get install prometheus"
    return found


@dataclass
class Prometheus:
    """One that scrapes a console every second; its rules do not wait before they fire."""

    base: Path
    target: int
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "Prometheus":
        """Return when it is ready."""
        self.port = free_port()
        rules = (ALERTS / "rules.yaml").read_text().splitlines()
        quick = [line for line in rules if not line.strip().startswith("for:")]
        (self.base / "rules.yaml").write_text("\n".join(quick))
        (self.base / "prometheus.yaml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n"
            "rule_files: [rules.yaml]\n"
            "scrape_configs:\n"
            "  - job_name: console\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{self.target}']}}]\n"
        )
        command = [
            program("prometheus"),
            f"--config.file={self.base / 'prometheus.yaml'}",
            f"--storage.tsdb.path={self.base / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        with (self.base / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        wait_for("Prometheus", self._is_ready, FIRING)
        return self

    def _is_ready(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)

    def stop(self) -> None:
        """End it and wait for its end."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result now; fails for an expression that it does not understand."""
        words = urllib.parse.urlencode({"query": expression})
        address = f"http://127.0.0.1:{self.port}/api/v1/query?{words}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        result: list[dict[str, Any]] = found["data"]["result"]
        return result

    def firing(self) -> set[str]:
        """Names of the alerts that fire."""
        return {each["metric"]["alertname"] for each in self.query('ALERTS{alertstate="firing"}')}

    def wait_for_alert(self, name: str) -> None:
        """Wait until it fires."""
        wait_for(f"{name}, firing {self.firing()}", lambda: name in self.firing(), FIRING)
