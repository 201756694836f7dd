"""Every table of the controller: who imports this knows them all."""

from crossfade_controller.audit.models import AuditEntry, AuditHead
from crossfade_controller.auth.models import Token
from crossfade_controller.benchmarks.models import BenchmarkResult
from crossfade_controller.database import Base
from crossfade_controller.delivery.models import TelemetryBatch
from crossfade_controller.events.models import Event
from crossfade_controller.idempotency.models import IdempotencyKey
from crossfade_controller.metrics.models import Point, Rollup
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs.models import Attempt, Run
from crossfade_controller.sources.models import Source

TABLES = (
    Run,
    Source,
    Attempt,
    MixtureVersion,
    Event,
    TelemetryBatch,
    BenchmarkResult,
    Point,
    Rollup,
    Token,
    IdempotencyKey,
    AuditEntry,
    AuditHead,
)
metadata = Base.metadata
