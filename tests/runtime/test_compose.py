"""The compose file is valid and runs the same processes as ./dev up; images are not built here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from devtools.up import product_processes

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {"REDRESS_DOMAIN": "redress.example"}
ONCE = {"migrate", "backup"}
"""Services that do one thing and end."""
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
        if name not in ONCE:
            assert service["restart"] == "unless-stopped", name
            assert "healthcheck" in service, name


def test_the_image_does_not_run_as_root():
    assert re.findall(r"(?m)^USER (\S+)", (ROOT / "Dockerfile").read_text()) == ["redress"]


def test_every_service_has_limits_and_may_gain_no_rights():
    for name, service in services().items():
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        if name != "postgres":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name


def test_secrets_come_from_files_and_stand_in_no_environment():
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for name, service in whole["services"].items():
        given = service.get("environment", {})
        for variable, value in given.items():
            assert not re.search(r"PASSWORD(?!S_FOR)|SECRET|DSN", variable) or value.startswith("/run/secrets/"), (
                name,
                variable,
            )
        used = {
            value.removeprefix("/run/secrets/") for value in given.values() if str(value).startswith("/run/secrets/")
        }
        assert used <= set(service.get("secrets", [])) <= whole["secrets"].keys(), name


def test_an_ordered_end_is_waited_for():
    """Longer than gunicorn lets requests finish, and long enough for a turn of a worker."""
    graces = {name: int(str(service.get("stop_grace_period", "10s"))[:-1]) for name, service in services().items()}
    served = re.search(r"(?m)^graceful_timeout = (\d+)$", (ROOT / "config" / "serving.py").read_text())
    assert graces["web"] > int(served[1])
    assert graces["worker"] >= 60


def test_the_image_serves_as_dev_up_does(tmp_path):
    web = next(process for process in product_processes(tmp_path, 8000, {}) if process.name == "web")
    said = " ".join(web.command)
    assert "--config python:config.serving" in said
    assert '"--config", "python:config.serving"' in (ROOT / "Dockerfile").read_text()


def test_the_programs_of_the_image_are_as_new_as_the_server():
    server = services()["postgres"]["image"].removeprefix("postgres:")
    assert f"postgresql-client-{server}" in (ROOT / "Dockerfile").read_text()


def test_what_the_first_time_needs_is_made_once(tmp_path):
    copy = tmp_path / "deploy"
    copy.mkdir()
    script = (ROOT / "deploy" / "first-time").read_text()
    (copy / "first-time").write_text(script.replace("chown", "true"))
    made = []
    for _ in range(2):
        subprocess.run(["sh", copy / "first-time"], check=True)
        made.append({path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1]
    assert {name: len(value) for name, value in made[0].items()} == {
        "postgres_password": 64,
        "secret_key": 64,
        "oidc_client_secret": 0,
        "sentry_dsn": 0,
    }
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_every_alert_names_a_runbook_and_only_numbers_that_there_are():
    rules = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"][0]["rules"]
    text = (ROOT / "docs" / "operations.md").read_text()
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower().lstrip("# ")).replace(" ", "-")
        for line in re.findall(r"(?m)^#+ .*", text)
    }
    code = "".join((ROOT / "config" / name).read_text() for name in ("metrics.py", "counting.py"))
    for rule in rules:
        path, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (path, anchor in headings) == ("docs/operations.md", True), rule["alert"]
        for name in re.findall(r"redress_([a-z_]+)", rule["expr"]):
            assert re.sub(r"_(total|bucket)$", "", name) in code, rule["alert"]


def validate(path, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in NEEDED}
    return subprocess.run(
        [COMPOSE, "-f", path, "config", "-q"], capture_output=True, text=True, env=kept | environment, cwd=path.parent
    )


if COMPOSE.exists():

    def test_compose_itself_accepts_the_file():
        done = validate(ROOT / "docker-compose.yml", **NEEDED)
        assert done.returncode == 0, done.stderr

    def test_compose_names_what_was_not_given():
        done = validate(ROOT / "docker-compose.yml", REDRESS_DOMAIN="")
        assert done.returncode != 0
        assert "REDRESS_DOMAIN" in done.stderr

    def test_compose_refuses_a_broken_file(tmp_path):
        broken = tmp_path / "docker-compose.yml"
        broken.write_text("services:\n  web:\n    imagination: x\n")
        assert validate(broken).returncode != 0
