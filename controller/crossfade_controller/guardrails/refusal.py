"""A verdict that allows nothing, as a problem document; and who may pass a guard rail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import get_args

from crossfade_controller.auth.actor import Actor
from crossfade_controller.guardrails.limits import RailName
from crossfade_controller.guardrails.verdict import Verdict
from crossfade_controller.problems import Forbidden, Problem

RAILS: frozenset[RailName] = frozenset(get_args(RailName))


def refusal(verdict: Verdict) -> Problem:
    """Make the 409 `Problem` of a verdict that allows no mixture."""
    why = "; ".join(finding.message for finding in verdict.findings)
    if verdict.infeasible:
        why = f"no mixture keeps these guard rails together: {why}"
    return Problem(
        409,
        f"{why}. Somebody with the scope approver may pass a rail: name it under override, with a reason",
        kind="guardrail",
        guardrails=[asdict(finding) for finding in verdict.findings],
        infeasible=[asdict(finding) for finding in verdict.infeasible],
    )


def is_policy(actor: Actor) -> bool:
    """Say whether an actor is held to what policies are held to."""
    return "policy" in actor.scopes and "admin" not in actor.scopes


def overridden(actor: Actor, rails: Collection[str]) -> frozenset[RailName]:
    """Give the rails that an actor passes by its own word; raises `Forbidden` for a policy or without the scope."""
    if not rails:
        return frozenset()
    if is_policy(actor):
        why = "a policy never passes a guard rail"
    elif not actor.may("approver"):
        why = "passing a guard rail needs the scope approver"
    else:
        return RAILS if "all" in rails else frozenset(rail for rail in RAILS if rail in rails)
    raise Forbidden(f"override: {why}", kind="override-needs-approver", field="override", needed=["approver"])
