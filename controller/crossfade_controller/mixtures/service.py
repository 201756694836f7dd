"""How a version is made: checked against the current one and appended, in one transaction under the run's lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.delivery.models import OutboxEntry
from crossfade_controller.events.repository import record
from crossfade_controller.failpoints import failpoint
from crossfade_controller.idempotency.repeat import NO_REPEAT, Repeat
from crossfade_controller.metrics.repository import source_tokens_before
from crossfade_controller.mixtures import repository
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run
from crossfade_shared.envelope import AtStep, AtTokens, TakesEffect
from crossfade_shared.mixture import Mixture


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is asked, by whom and why, and on which version it is based."""

    decide: Callable[[Mixture], Mixture]
    """Gives the new mixture for the current one."""
    reason: str
    author: str
    on_behalf_of: str | None = None
    takes_effect: TakesEffect = "next_step"
    based_on: int | None = None
    """None: on whatever is current."""
    repeat: Repeat = NO_REPEAT


async def make_version(session: AsyncSession, run_name: str, change: Change) -> MixtureVersion:
    """Append the version that a change asks for; a repeated idempotency key gives the version it made before.

    Raises a `Problem`: 404 for an unknown run, 412 where the base is no longer current, 422 for a key that came with
    another request, a step that was trained on already or one beyond the run's horizon. Raises `UserError` for
    weights that make no mixture.
    """
    made_before = await change.repeat.made(session)
    run = await runs.find(session, run_name, lock=True)
    if made_before:
        return await repository.find(session, run, made_before["version"])
    current = await repository.find(session, run, run.version)
    _check_base(current, change.based_on)
    _check_is_ahead(run, change.takes_effect)
    attempt = (await runs.current_attempts(session, [run.id])).get(run.id)
    _check_is_within_horizon(run, change.takes_effect, attempt.tokens_per_step if attempt else None)
    row = await append(session, run, change, change.decide(current.mixture))
    await change.repeat.keep(session, version=row.version)
    return row


async def append(session: AsyncSession, run: Run, change: Change, mixture: Mixture) -> MixtureVersion:
    """Write the run's next version, with its outbox entry, event and audit line; the caller holds the run's lock."""
    base_version = run.version or None
    run.version += 1
    takes_effect = change.takes_effect
    row = MixtureVersion(
        run_id=run.id,
        version=run.version,
        weights_ppm=dict(mixture.weights_ppm),
        takes_effect=takes_effect if isinstance(takes_effect, str) else takes_effect.model_dump(),
        author=change.author,
        on_behalf_of=change.on_behalf_of,
        reason=change.reason,
        base_version=base_version,
    )
    session.add(row)
    await session.flush()
    session.add(OutboxEntry(run_id=run.id, version=run.version))
    record(session, run, "mixture", version=row.version, state="accepted", author=row.author, reason=row.reason)
    await _audit(session, run, row)
    failpoint("version-before-commit")
    return row


async def realised_shares(session: AsyncSession, row: MixtureVersion) -> dict[str, float] | None:
    """Give what share of the tokens trained on under a version each source had; None before any were."""
    if row.effective_step is None:
        return None
    until = await repository.next_effective_step(session, row)
    before = await source_tokens_before(session, row.run_id, row.effective_step)
    after = await source_tokens_before(session, row.run_id, until)
    spent = {source: tokens - before.get(source, 0) for source, tokens in after.items()}
    total = sum(spent.values())
    return {source: spent.get(source, 0) / total for source in row.mixture.sources} if total > 0 else None


async def _audit(session: AsyncSession, run: Run, row: MixtureVersion) -> None:
    await audit.append(
        session,
        actor=row.author,
        action="mixture.made",
        run=run.name,
        version=row.version,
        base_version=row.base_version,
        weights_ppm=row.weights_ppm,
        takes_effect=row.takes_effect,
        on_behalf_of=row.on_behalf_of,
        reason=row.reason,
    )


def _check_base(current: MixtureVersion, based_on: int | None) -> None:
    if based_on not in {None, current.version}:
        raise Problem(
            412,
            f"version {based_on} is not current any more; look at version {current.version} and repeat with "
            f'If-Match: "{current.version}"',
            kind="stale-version",
            field="If-Match",
            headers={"ETag": f'"{current.version}"'},
            current_version=current.version,
            current_weights=current.mixture.weights,
        )


def _check_is_ahead(run: Run, takes_effect: TakesEffect) -> None:
    """Refuse a step or a token count that the last report says was trained on already."""
    match takes_effect:
        case AtStep(step=asked) if run.step is not None and asked <= run.step:
            first_free, place = run.step + 1, "takes_effect.step"
        case AtTokens(tokens=asked) if run.tokens is not None and asked < run.tokens:
            first_free, place = run.tokens, "takes_effect.tokens"
        case _:
            return
    unit = place.rpartition(".")[2]
    raise Problem(
        422,
        f"{place} is {asked}, which is trained on already; the first free {unit} is {first_free}",
        kind="already-drawn",
        field=place,
        first_free=first_free,
    )


def _check_is_within_horizon(run: Run, takes_effect: TakesEffect, tokens_per_step: int | None) -> None:
    """Refuse what could never apply; a step can be judged once the workers told how many tokens one has."""
    horizon = run.horizon_tokens
    match takes_effect:
        case AtTokens(tokens=asked) if asked > horizon:
            last, place = horizon, "takes_effect.tokens"
        case AtStep(step=asked) if tokens_per_step and asked * tokens_per_step > horizon:
            last, place = horizon // tokens_per_step, "takes_effect.step"
        case _:
            return
    raise Problem(
        422,
        f"{place} is {asked}, which is beyond the run's horizon of {horizon} tokens; the last that is not is {last}",
        kind="beyond-horizon",
        field=place,
        horizon_tokens=horizon,
    )
