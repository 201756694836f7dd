"""Registering a run: with a real controller, from a real RUN.yaml and its corpus."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.controller.served import ADMIN_TOKEN, Controller
from tests.toy import MIXTURE, run_values, write_run
from typer.testing import CliRunner

from crossfade_shared.client import Client
from crossfade_shared.errors import ConflictError, UserError
from crossfade_worker.config import load_run_config
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.registration import app, register_run


@pytest.fixture
def controller(tmp_path: Path, redis_url: str) -> Iterator[Controller]:
    served = Controller(
        tmp_path / "controller", database_url=f"sqlite:///{tmp_path / 'crossfade.db'}", redis_url=redis_url
    )
    served.start()
    yield served
    served.stop()


def written_run(folder: Path, corpus: Path, controller: Controller, **changes: dict[str, object]) -> Path:
    folder.mkdir()
    control = {"controller_url": controller.url, "signing_key_file": "key"}
    return write_run(folder, run_values(corpus, control=control, **changes))


def test_a_run_is_registered_as_its_files_say(
    controller: Controller, tmp_path: Path, toy_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_yaml = written_run(tmp_path / "run", toy_corpus, controller, epochs={"math": {"max_epochs": 2.5}})
    token_file = tmp_path / "evaluator_token"
    monkeypatch.setenv("CROSSFADE_TOKEN", ADMIN_TOKEN)

    outcome = CliRunner().invoke(app, [str(run_yaml), "--evaluator-token", str(token_file)])

    assert outcome.exit_code == 0, outcome.output
    run = controller.get("/v1/runs/toy")
    assert run["horizon_tokens"] == 20 * 8 * 16
    corpus = open_corpus(toy_corpus)
    assert {source["name"]: source["unique_tokens"] for source in run["sources"]} == {
        name: corpus.sources[name].num_tokens for name in MIXTURE
    }
    assert {source["name"]: source["max_epochs"] for source in run["sources"]}["math"] == 2.5
    assert controller.get("/v1/runs/toy/mixture")["weights"] == MIXTURE
    config = load_run_config(run_yaml)
    assert len(config.control.signing_key()) == 32
    for secret in (config.control.signing_key_file, token_file):
        assert secret
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    with controller.client_with(token_file.read_text()) as evaluator:
        who = evaluator.get("/v1/whoami").json()
    assert who["scopes"] == ["evaluator"]
    assert who["run"] == "toy"


def test_a_run_that_is_registered_stays_as_it_is(
    controller: Controller, tmp_path: Path, toy_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_yaml = written_run(tmp_path / "run", toy_corpus, controller)
    monkeypatch.setenv("CROSSFADE_TOKEN", ADMIN_TOKEN)
    arguments = [str(run_yaml), "--evaluator-token", str(tmp_path / "evaluator_token")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    secrets = [(tmp_path / name).read_text() for name in ("run/key", "evaluator_token")]

    assert CliRunner().invoke(app, arguments).exit_code == 0

    assert [(tmp_path / name).read_text() for name in ("run/key", "evaluator_token")] == secrets
    assert len(controller.get("/v1/tokens")["items"]) == 1


def test_a_key_of_a_run_that_the_controller_does_not_know_is_told(
    controller: Controller, tmp_path: Path, toy_corpus: Path
) -> None:
    run_yaml = written_run(tmp_path / "run", toy_corpus, controller)
    (tmp_path / "run/key").write_text("00" * 32)
    with Client(controller.url, token=ADMIN_TOKEN) as client, pytest.raises(UserError, match="key is there, from"):
        register_run(load_run_config(run_yaml), client)
    assert (tmp_path / "run/key").read_text() == "00" * 32


def test_a_refused_run_leaves_no_key(controller: Controller, tmp_path: Path, toy_corpus: Path) -> None:
    controller.new_run(name="toy")
    run_yaml = written_run(tmp_path / "run", toy_corpus, controller)
    with Client(controller.url, token=ADMIN_TOKEN) as client, pytest.raises(ConflictError):
        register_run(load_run_config(run_yaml), client)
    assert not (tmp_path / "run/key").exists()


def test_what_is_missing_is_named(controller: Controller, tmp_path: Path, toy_corpus: Path) -> None:
    values = run_values(toy_corpus, control={"signing_key_file": "key"}, mixture={"poetry": 0.1})
    (tmp_path / "run").mkdir()
    run_yaml = write_run(tmp_path / "run", values)
    with pytest.raises(UserError, match=r"control\.controller_url is missing"):
        CliRunner().invoke(app, [str(run_yaml)], catch_exceptions=False)
    with (
        Client(controller.url, token=ADMIN_TOKEN) as client,
        pytest.raises(UserError, match=r"mixture\.poetry: the corpus has no such source; it has code, math, web"),
    ):
        register_run(load_run_config(run_yaml), client)
