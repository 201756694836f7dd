"""The gauges of one scrape: how each run stands, and how far behind its mailbox is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from crossfade_controller.monitoring.repository import RunState


class Gauges(Collector):
    """Values read for one scrape. `backlogs` is by run the number of telemetry batches that wait in Redis."""

    def __init__(
        self,
        states: Sequence[RunState],
        backlogs: Mapping[str, int],
        *,
        at: datetime,
        up: Mapping[str, bool],
        num_streams: int,
    ) -> None:
        self._states = states
        self._backlogs = backlogs
        self._at = at
        self._up = up
        self._num_streams = num_streams

    def collect(self) -> Iterator[Metric]:
        """Give every gauge."""
        up = GaugeMetricFamily("crossfade_up", "Whether a dependency answers.", labels=["dependency"])
        for dependency, answers in self._up.items():
            up.add_metric([dependency], float(answers))
        yield up
        yield GaugeMetricFamily("crossfade_event_streams", "Event streams that are open.", value=self._num_streams)
        yield from self._progress()
        yield from self._mixtures()
        yield self._by_run("crossfade_publish_lag_seconds", "Age of the oldest version not in Redis yet.", self._lags())
        yield self._by_run("crossfade_intake_backlog_batches", "Telemetry batches that wait in Redis.", self._backlogs)

    def _progress(self) -> Iterator[Metric]:
        steps = {each.run.name: each.run.step for each in self._states}
        tokens = {each.run.name: each.run.tokens for each in self._states}
        ages = {each.run.name: self._age(each.run.last_report_at) for each in self._states}
        yield self._by_run("crossfade_run_step", "The last step trained on.", steps)
        yield self._by_run("crossfade_run_tokens", "Tokens trained on.", tokens)
        yield self._by_run("crossfade_link_age_seconds", "Time since the last telemetry was stored.", ages)

    def _mixtures(self) -> Iterator[Metric]:
        versions = GaugeMetricFamily(
            "crossfade_mixture_version", "The newest version in each state.", labels=["run", "state"]
        )
        weights = GaugeMetricFamily(
            "crossfade_source_weight", "Weights of the current mixture.", labels=["run", "source"]
        )
        for each in self._states:
            found = {"accepted": each.mixture.version, "published": each.published, "applied": each.applied}
            for state, version in found.items():
                if version is not None:
                    versions.add_metric([each.run.name, state], version)
            for source, weight in each.mixture.mixture.weights.items():
                weights.add_metric([each.run.name, source], weight)
        yield versions
        yield weights

    def _lags(self) -> dict[str, float]:
        return {each.run.name: self._age(each.waits_since) or 0.0 for each in self._states}

    def _age(self, moment: datetime | None) -> float | None:
        return None if moment is None else max(0.0, (self._at - moment).total_seconds())

    @staticmethod
    def _by_run(name: str, help_text: str, values: Mapping[str, float | None]) -> Metric:
        gauge = GaugeMetricFamily(name, help_text, labels=["run"])
        for run, value in values.items():
            if value is not None:
                gauge.add_metric([run], value)
        return gauge
