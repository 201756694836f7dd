"""What the controller answers, typed as the JSON it is; an answer may hold more members than are named here."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from crossfade_shared.lm_eval_results import NewScore

VersionState = Literal["accepted", "published", "applied", "superseded"]


class Identity(TypedDict):
    """Who the controller takes the caller for."""

    name: str
    scopes: list[str]
    run: str | None
    """The one run that the token is bound to."""
    anonymous: bool


class Source(TypedDict):
    """A source of a run."""

    name: str
    unique_tokens: int
    capabilities: list[str]
    max_epochs: float


class Freeze(TypedDict):
    """Who froze a run, why and when."""

    by: str
    reason: str
    at: str


class Target(TypedDict):
    """What a benchmark of a run is meant to reach."""

    task: str
    metric: str
    value: float


class Run(TypedDict):
    """A run and how far it is; what no report told yet is None."""

    name: str
    mode: str
    horizon_tokens: int
    sources: list[Source]
    version: int
    frozen: Freeze | None
    guardrails: dict[str, Any]
    targets: list[Target]
    attempt: int | None
    world_size: int | None
    start_step: int | None
    total_steps: int | None
    tokens_per_step: int | None
    step: int | None
    tokens: int | None
    phase: str | None
    created_at: str
    last_report_at: str | None
    finished_at: str | None


class CreatedRun(Run):
    """A new run, and the key that signs its mixtures (hexadecimal), shown this once."""

    signing_key: str


class Finding(TypedDict):
    """What a guard rail did to a share; `source` is None where the rail is about the whole mixture."""

    rail: str
    source: str | None
    asked: float | None
    allowed: float | None
    message: str


class Version(TypedDict):
    """A version of a mixture and how far it has travelled."""

    version: int
    weights: dict[str, float]
    weights_ppm: dict[str, int]
    digest: str
    asked_weights: dict[str, float]
    guardrails: list[Finding]
    phase: Literal["decay"] | None
    decay_tokens: int | None
    override: list[str]
    state: VersionState
    takes_effect: str | dict[str, int]
    author: str
    on_behalf_of: str | None
    reason: str
    evidence: list[str]
    base_version: int | None
    created_at: str
    published_at: str | None
    applied_at: str | None
    effective_step: int | None
    effective_steps: dict[str, int] | None
    """By rank."""


class VersionWithRealised(Version):
    """A version, and the shares of the tokens trained on under it (None before any)."""

    realised: dict[str, float] | None


class SourceChange(TypedDict):
    """One source in two versions; `change` is a difference of shares."""

    name: str
    base: float | None
    weight: float
    change: float | None


class Difference(TypedDict):
    """What differs between two versions; `author` and `reason` are those of the later one."""

    base: int | None
    version: int
    author: str
    reason: str
    sources: list[SourceChange]
    total_variation: float | None


class SourceForecast(TypedDict):
    """How far a source is used up now and at the end of the run."""

    name: str
    weight: float
    unique_tokens: int
    max_epochs: float
    consumed_tokens: int
    consumed_epochs: float
    tokens_at_end: int
    epochs_at_end: float
    effective_tokens: float
    mean_token_value: float
    cap_binds_at_tokens: int | None
    cap_binds_at_step: int | None


class Warned(TypedDict):
    """What a forecast warns of."""

    source: str | None
    message: str


class Forecast(TypedDict):
    """Tokens and epochs of every source at the end of the run, if the mixture stays."""

    run: str
    version: int
    tokens: int
    horizon_tokens: int
    remaining_tokens: int
    effective_tokens: float
    sources: list[SourceForecast]
    warnings: list[Warned]


class Verdict(TypedDict):
    """What would become of a change; nothing was written."""

    valid: bool
    weights: dict[str, float] | None
    weights_ppm: dict[str, int] | None
    asked_weights: dict[str, float] | None
    guardrails: list[Finding]
    problem: dict[str, Any] | None
    """Why it would be refused."""
    forecast: Forecast | None


class Score(NewScore):
    """One stored score of one checkpoint."""

    step: int
    tokens: int
    checkpoint: str
    source: str | None
    created_at: str


class StoredScores(TypedDict):
    """How many scores were sent, how many were new, and what of an lm-eval file was left out."""

    num_results: int
    num_new: int
    skipped: list[str]


class CurvePoint(TypedDict):
    """One bucket of a curve."""

    x: int
    step: int
    mean: float | None
    min: float | None
    max: float | None


class Curves(TypedDict):
    """Some curves over one axis."""

    x: str
    series: dict[str, list[CurvePoint]]


class Event(TypedDict):
    """Something that happened to a run; `id` and `created_at` are None for progress, which is told but not kept."""

    id: int | None
    kind: str
    data: dict[str, Any]
    created_at: str | None


class AuditEntry(TypedDict):
    """One entry of the chained audit log."""

    sequence: int
    at: str
    actor: str
    action: str
    run: str | None
    detail: dict[str, Any]
    previous_hash: str
    hash: str


class Token(TypedDict):
    """A token without its secret."""

    id: int
    name: str
    scopes: list[str]
    run: str | None
    created_by: str
    created_at: str
    expires_at: str
    revoked_at: str | None


class CreatedToken(Token):
    """A new token with its secret, shown this once."""

    token: str
