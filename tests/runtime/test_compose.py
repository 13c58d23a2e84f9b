"""The compose file is valid and runs the same processes as ./dev up; images are not built here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from devtools.up import product_processes

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {"REDRESS_DOMAIN": "redress.example", "POSTGRES_PASSWORD": "p", "REDRESS_SECRET_KEY": "s"}
# The package's own Python wrapper answers 0 for an invalid file, its binary does not.
COMPOSE = Path(sys.prefix) / "lib" / f"python3.{sys.version_info[1]}" / "site-packages" / "compose" / "docker-compose"


def services():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_it_runs_every_process_that_dev_up_runs(tmp_path):
    ours = {process.name for process in product_processes(tmp_path, 8000, {})}
    assert ours <= services().keys()
    assert {"postgres", "broker", "migrate", "proxy"} <= services().keys()


def test_the_worker_listens_to_the_same_queues(tmp_path):
    worker = next(process for process in product_processes(tmp_path, 8000, {}) if process.name == "worker")
    queues = worker.command[worker.command.index("--queues") + 1]
    assert f"--queues={queues}" in services()["worker"]["command"]


def test_every_service_that_stays_has_a_health_check_and_is_restarted():
    for name, service in services().items():
        if name != "migrate":
            assert service["restart"] == "unless-stopped", name
            assert "healthcheck" in service, name


def test_the_image_does_not_run_as_root():
    assert re.findall(r"(?m)^USER (\S+)", (ROOT / "Dockerfile").read_text()) == ["redress"]


def validate(path, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in NEEDED}
    return subprocess.run(
        [COMPOSE, "-f", path, "config", "-q"], capture_output=True, text=True, env=kept | environment, cwd=path.parent
    )


if COMPOSE.exists():

    def test_compose_itself_accepts_the_file():
        done = validate(ROOT / "docker-compose.yml", **NEEDED)
        assert done.returncode == 0, done.stderr

    def test_compose_names_a_secret_that_was_not_given():
        done = validate(ROOT / "docker-compose.yml", **{**NEEDED, "REDRESS_SECRET_KEY": ""})
        assert done.returncode != 0
        assert "REDRESS_SECRET_KEY" in done.stderr

    def test_compose_refuses_a_broken_file(tmp_path):
        broken = tmp_path / "docker-compose.yml"
        broken.write_text("services:\n  web:\n    imagination: x\n")
        assert validate(broken).returncode != 0
