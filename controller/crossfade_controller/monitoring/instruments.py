"""What this process counts as it goes, in one registry; the number of series is bounded, whatever clients send."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call] # a series more for each counter, which nobody asks for
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
MAX_RUN_LABELS = 200
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
_run_labels: set[str] = set()

requests = Counter(
    "crossfade_http_requests", "Requests answered, by route.", ["method", "route", "status"], registry=REGISTRY
)
request_seconds = Histogram(
    "crossfade_http_request_seconds",
    "Time until a request was answered; event streams are not among them.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
open_requests = Gauge("crossfade_http_open_requests", "Requests and event streams that are open.", registry=REGISTRY)
dropped_reports = Counter(
    "crossfade_dropped_reports",
    "Reports that workers dropped because Redis did not take them.",
    ["run"],
    registry=REGISTRY,
)
refused_envelopes = Counter(
    "crossfade_refused_envelopes", "Values in Redis that workers refused.", ["run"], registry=REGISTRY
)


def method_label(method: str) -> str:
    """Give a request's method, or OTHER for one that no route has."""
    return method if method in _METHODS else "OTHER"


def run_label(run: str) -> str:
    """Give a run's name, or `other` once there are too many."""
    if run not in _run_labels and len(_run_labels) >= MAX_RUN_LABELS:
        return "other"
    _run_labels.add(run)
    return run
