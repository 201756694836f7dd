"""How a version is made: checked against the current one and appended, in one transaction under the run's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.auth.actor import Actor
from crossfade_controller.events.repository import record
from crossfade_controller.failpoints import failpoint
from crossfade_controller.forecast.progress import RunProgress
from crossfade_controller.guardrails.gathering import situation_of
from crossfade_controller.guardrails.refusal import is_policy, overridden, refusal
from crossfade_controller.guardrails.verdict import Verdict, judge
from crossfade_controller.idempotency.repeat import NO_REPEAT, Repeat
from crossfade_controller.metrics.repository import source_tokens_before
from crossfade_controller.mixtures import repository
from crossfade_controller.mixtures.decay import Decay, check_no_decay_began
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.mixtures.timing import check_timing
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run
from crossfade_shared.envelope import TakesEffect
from crossfade_shared.mixture import Mixture


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is asked, by whom and why, and on which version it is based."""

    decide: Callable[[Mixture], Mixture]
    """Gives the mixture asked for, from the current one."""
    reason: str
    actor: Actor
    on_behalf_of: str | None = None
    evidence: Sequence[str] = ()
    takes_effect: TakesEffect = "next_step"
    based_on: int | None = None
    """None: on whatever is current."""
    override: Sequence[str] = ()
    """The guard rails that it would pass, or `all`."""
    decay: Decay | None = None
    """The decay of the learning rate that the version begins, if any."""
    repeat: Repeat = NO_REPEAT


@dataclass(frozen=True, kw_only=True)
class Considered:
    """What a change would do: the guard rails' verdict, and how the run stands when it takes effect."""

    verdict: Verdict
    progress: RunProgress
    decay_tokens: int | None


async def make_version(session: AsyncSession, run_name: str, change: Change) -> MixtureVersion:
    """Append the version that a change asks for, as far as the guard rails allow it.

    A repeated idempotency key gives the version it made before. Raises a `Problem`: 404 for an unknown run, 422 for a
    key that came with another request, and whatever `consider` raises; 409 where the guard rails allow nothing.
    """
    made_before = await change.repeat.made(session)
    run = await runs.find(session, run_name, lock=True)
    if made_before:
        return await repository.find(session, run, made_before["version"])
    considered = await consider(session, run, change)
    if considered.verdict.allowed is None:
        raise refusal(considered.verdict)
    row = await append(
        session,
        run,
        change,
        considered.verdict.allowed,
        asked=considered.verdict,
        decay_tokens=considered.decay_tokens,
    )
    await change.repeat.keep(session, version=row.version)
    return row


async def consider(session: AsyncSession, run: Run, change: Change) -> Considered:
    """Say what the guard rails make of a change, without effect.

    Raises a `Problem`: 412 where the base is no longer current, 422 for a step that was trained on already or one
    beyond the run's horizon, 403 for an override without the scope for it. Raises `UserError` for weights that make
    no mixture.
    """
    passed = overridden(change.actor, change.override)
    current = await repository.find(session, run, run.version)
    _check_base(current, change.based_on)
    attempt = await runs.current_attempt(session, run)
    check_timing(run, change.takes_effect, attempt.tokens_per_step if attempt else None)
    asked = change.decide(current.mixture)
    by_policy = is_policy(change.actor)
    situation = await situation_of(session, run, current, change.takes_effect, by_policy=by_policy)
    decay_tokens = None
    if change.decay:
        check_no_decay_began(run)
        decay_tokens = change.decay.of(run, situation.progress)
        situation = replace(situation, progress=situation.progress.ending_after(decay_tokens))
    verdict = judge(asked, situation, run.rails, overridden=passed)
    return Considered(verdict=verdict, progress=situation.progress, decay_tokens=decay_tokens)


async def append(
    session: AsyncSession,
    run: Run,
    change: Change,
    mixture: Mixture,
    *,
    asked: Verdict | None = None,
    decay_tokens: int | None = None,
) -> MixtureVersion:
    """Write the run's next version, to be published, with its event and audit line; the caller holds the run's lock.

    `asked` is what the guard rails said to it; None for a fact, which nobody asked them about.
    """
    base_version = run.version or None
    run.version += 1
    takes_effect = change.takes_effect
    row = MixtureVersion(
        run_id=run.id,
        version=run.version,
        weights_ppm=dict(mixture.weights_ppm),
        takes_effect=takes_effect if isinstance(takes_effect, str) else takes_effect.model_dump(),
        author=change.actor.name,
        on_behalf_of=change.on_behalf_of,
        reason=change.reason,
        evidence=list(change.evidence),
        base_version=base_version,
        asked_ppm=dict(asked.asked.weights_ppm) if asked else None,
        guardrails=[asdict(finding) for finding in asked.findings] if asked else [],
        override=sorted(set(change.override)),
        decay_tokens=decay_tokens,
    )
    session.add(row)
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
        override=row.override,
        decay_tokens=row.decay_tokens,
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
