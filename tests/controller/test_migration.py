"""Migrations: up, down and up again on both databases, and always the tables that the program means."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table, create_engine, insert, inspect, select, text, update
from typer.testing import CliRunner

from crossfade_controller.command import migrate_app
from crossfade_controller.database import database_url
from crossfade_controller.idempotency.models import IdempotencyKey
from crossfade_controller.migration import migrate
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs.models import Run
from crossfade_controller.sources.models import Source
from crossfade_controller.tables import metadata
from crossfade_shared.errors import UnreachableError, UserError

RUN = {"name": "kept", "mode": "advise", "horizon_tokens": 2**40, "signing_key": b"k" * 32, "version": 0, "attempt": 0}
VERSION = {
    "weights_ppm": {"web": 1_000_000},
    "takes_effect": "next_step",
    "author": "ada",
    "reason": "why",
    "request_digest": "0" * 64,
}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOURCE = {"name": "web", "position": 0, "unique_tokens": 2**41, "capabilities": ["knowledge"], "max_epochs": 4.0}

NEWEST = max(path.name[:4] for path in Path("migrations/versions").glob("[0-9]*.py"))


def engine_of(url: str) -> Any:
    parsed = database_url(url)
    return create_engine(parsed.set(drivername=parsed.drivername.replace("+aiosqlite", "")))


def test_up_down_and_up_again_with_data(new_database: Any) -> None:
    url = new_database()
    assert migrate(url) == (None, NEWEST)
    engine = engine_of(url)
    with engine.begin() as connection:
        run_id = connection.execute(insert(Run).values(RUN)).inserted_primary_key[0]
        connection.execute(insert(Source).values(run_id=run_id, **SOURCE))
    assert migrate(url) == (NEWEST, NEWEST)
    with engine.connect() as connection:
        query = select(Run.horizon_tokens, Source.capabilities).join(Source, Source.run_id == Run.id)
        assert connection.execute(query).all() == [(2**40, ["knowledge"])]
    assert migrate(url, target="base") == (NEWEST, None)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert migrate(url, target=NEWEST) == (None, NEWEST)
    with engine.connect() as connection:
        assert connection.execute(select(Run)).all() == []
    engine.dispose()


def test_the_migrated_tables_are_those_of_the_program(new_database: Any) -> None:
    url = new_database()
    migrate(url)
    engine = engine_of(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_idempotency_keys_are_kept_from_0001_to_0002_and_back(new_database: Any) -> None:
    url = new_database()
    migrate(url, target="0001")
    engine = engine_of(url)
    with engine.begin() as connection:
        old = Table("runs", MetaData(), autoload_with=connection)
        run_id = connection.execute(insert(old).values(RUN | {"created_at": NOON})).inserted_primary_key[0]
        versions = Table("mixtures", MetaData(), autoload_with=connection)
        rows = [VERSION | {"run_id": run_id, "version": n, "idempotency_key": key} for n, key in ((1, None), (2, "k"))]
        connection.execute(insert(versions), [row | {"created_at": NOON} for row in rows])
    assert migrate(url, target="0002") == ("0001", "0002")
    with engine.connect() as connection:
        kept = connection.execute(select(IdempotencyKey.run, IdempotencyKey.key, IdempotencyKey.made)).all()
        assert kept == [("kept", "k", {"version": 2})]
    assert migrate(url, target="0001") == ("0002", "0001")
    with engine.connect() as connection:
        found = connection.execute(select(versions.c.version, versions.c.idempotency_key, versions.c.reason))
        assert sorted(found) == [(1, None, "why"), (2, "k", "why")]
    assert migrate(url) == ("0001", NEWEST)
    engine.dispose()


def test_runs_from_before_the_guard_rails_go_on_without_any(new_database: Any) -> None:
    url = new_database()
    migrate(url, target="0002")
    engine = engine_of(url)
    with engine.begin() as connection:
        old = Table("runs", MetaData(), autoload_with=connection)
        run_id = connection.execute(insert(old).values(RUN | {"created_at": NOON})).inserted_primary_key[0]
        versions = Table("mixtures", MetaData(), autoload_with=connection)
        row = {name: value for name, value in VERSION.items() if name != "request_digest"}
        connection.execute(insert(versions).values(row | {"run_id": run_id, "version": 1, "created_at": NOON}))
    assert migrate(url, target="0003") == ("0002", "0003")
    with engine.begin() as connection:
        assert connection.execute(select(Run.guardrails, Run.frozen)).all() == [({"epoch_budget": False}, None)]
        made = connection.execute(
            select(
                MixtureVersion.asked_ppm, MixtureVersion.guardrails, MixtureVersion.override, MixtureVersion.evidence
            )
        )
        assert made.all() == [(None, [], [], [])]
        frozen = {"by": "ada", "reason": "spike", "at": "2026-01-01T12:00:00Z"}
        connection.execute(update(Run).values(frozen=frozen, guardrails={"max_change": 0.1}))
    assert migrate(url) == ("0003", NEWEST)
    assert migrate(url, target="0002") == (NEWEST, "0002")
    with engine.connect() as connection:
        assert connection.execute(select(old.c.name, old.c.horizon_tokens)).all() == [("kept", 2**40)]
        assert connection.execute(select(versions.c.reason)).all() == [("why",)]
    assert migrate(url) == ("0002", NEWEST)
    engine.dispose()


def test_versions_that_wait_to_be_published_go_on_waiting_from_0005_to_0006_and_back(new_database: Any) -> None:
    url = new_database()
    migrate(url, target="0005")
    engine = engine_of(url)
    with engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        run = RUN | {"created_at": NOON, "guardrails": {}}
        run_id = connection.execute(insert(tables.tables["runs"]).values(run)).inserted_primary_key[0]
        made = {name: value for name, value in VERSION.items() if name != "request_digest"}
        made |= {"run_id": run_id, "created_at": NOON, "evidence": [], "guardrails": [], "override": []}
        rows = [made | {"version": version, "published_at": published} for version, published in ((1, NOON), (2, None))]
        connection.execute(insert(tables.tables["mixtures"]), rows)
        outbox = tables.tables["outbox"]
        connection.execute(insert(outbox).values(run_id=run_id, version=2, created_at=NOON))
    assert migrate(url, target="0006") == ("0005", "0006")
    with engine.begin() as connection:
        waiting = select(MixtureVersion.version).where(MixtureVersion.published_at.is_(None))
        assert connection.scalars(waiting).all() == [2]
        connection.execute(insert(tables.tables["mixtures"]).values(made | {"version": 3, "published_at": None}))
    assert migrate(url, target="0005") == ("0006", "0005")
    with engine.connect() as connection:
        assert connection.scalars(select(outbox.c.version).order_by(outbox.c.version)).all() == [2, 3]
    assert migrate(url) == ("0005", NEWEST)
    engine.dispose()


def test_a_database_of_a_later_program_is_left_alone(new_database: Any) -> None:
    url = new_database()
    migrate(url)
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match="revision 9999, which this Crossfade does not know"):
        migrate(url)
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://user:secret@host/name", "sqlite://", "sqlite:///:memory:", "crossfade.db"])
def test_a_database_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UserError, match=r"use sqlite:///path/to/file\.db or postgresql://") as refusal:
        migrate(url)
    assert "secret" not in str(refusal.value)


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="cannot be opened"):
        migrate(f"postgresql://nobody@/none?host={tmp_path}")


def test_the_command_migrates_and_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'crossfade.db'}"
    done = CliRunner().invoke(migrate_app, ["--database", url])
    assert done.exit_code == 0
    assert f"brought from empty to revision {NEWEST}" in done.stderr
    assert migrate(url) == (NEWEST, NEWEST)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnreachableError, match=r"cannot be made: .* --database"):
        migrate(f"sqlite:///{tmp_path / 'file' / 'crossfade.db'}")
