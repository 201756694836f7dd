"""The compose file and what stands beside it: what can be told without a Docker engine."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossfade_worker.config import load_run_config
from crossfade_worker.data.settings import load_corpus_settings

REPOSITORY = Path(__file__).parents[2]
DOCKER = REPOSITORY / "docker"
TEXT = (REPOSITORY / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.?\d*[\w.-]*")
TRAINING = ("prepare", "worker", "evaluator")

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def test_the_parts_are_there() -> None:
    assert set(SERVICES) == {"postgres", "redis", "controller", *TRAINING, "prometheus", "grafana"}


@each_service
def test_a_service_is_pinned_and_confined(service: dict[str, Any]) -> None:
    assert PINNED.fullmatch(service["image"])
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"]), "not root"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "network_mode", "pid", "cap_add", "devices"}
    assert service["networks"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@each_service
def test_a_service_is_watched_unless_it_ends_by_itself(service: dict[str, Any]) -> None:
    assert ("test" in service["healthcheck"]) != (service["restart"] == "no")


@each_service
def test_a_service_waits_for_what_it_needs_to_be_healthy(service: dict[str, Any]) -> None:
    for name, need in service.get("depends_on", {}).items():
        ends = SERVICES[name]["restart"] == "no"
        assert need["condition"] == ("service_completed_successfully" if ends else "service_healthy")


@each_service
def test_what_a_service_mounts_is_there_and_only_volumes_can_be_written(service: dict[str, Any]) -> None:
    for source, _, *mode in (mount.split(":") for mount in service.get("volumes", [])):
        if source.startswith("./"):
            assert (REPOSITORY / source).exists()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_the_servers_are_reached_by_those_alone_that_need_them() -> None:
    def on(network: str) -> set[str]:
        return {name for name, service in SERVICES.items() if network in service["networks"]}

    assert on("storage") == {"postgres", "controller"}
    assert on("mailbox") == {"redis", "controller", "worker"}


def test_base_images_are_pinned() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for _, name in stages}
    assert stages
    assert all(base in names or PINNED.fullmatch(base) for base, _ in stages)
    assert {service["build"]["target"] for service in SERVICES.values() if "build" in service} <= names


def test_every_secret_comes_from_the_file_that_make_env_writes(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    script = shutil.copy(DOCKER / "make-env.sh", tmp_path / "docker")
    subprocess.run([script], check=True, capture_output=True)
    written = (tmp_path / ".env").read_text()
    secrets = dict(re.findall(r"^(\w+)=([0-9a-f]{64})$", written, re.MULTILINE))

    assert len(secrets) == len(written.splitlines()) == len(set(secrets.values()))
    assert set(secrets) == set(re.findall(r"\$\{(CROSSFADE_\w+):\?", TEXT)), (
        "asked for, and with nothing in their stead"
    )
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|_URL", name):
                assert "${CROSSFADE_" in value

    again = subprocess.run([script], check=False, capture_output=True)
    assert again.returncode == 2
    assert (tmp_path / ".env").read_text() == written


def test_the_example_is_a_run_that_can_be_trained() -> None:
    corpus = load_corpus_settings(DOCKER / "example/corpus.yaml")
    run = load_run_config(DOCKER / "example/run.yaml")
    assert set(run.mixture) == set(corpus.sources)
    assert run.corpus == corpus.directory
    assert run.control.redis_url == "redis://worker:WORKER_PASSWORD@redis:6379/0"
    assert "WORKER_PASSWORD" in (DOCKER / "example/prepare.sh").read_text()
