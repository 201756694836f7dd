"""The controller's REST interface as Python calls."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from crossfade_shared.client.answers import (
    AuditEntry,
    CreatedRun,
    CreatedToken,
    Curves,
    Difference,
    Event,
    Forecast,
    Identity,
    Run,
    Score,
    Source,
    StoredScores,
    Target,
    Token,
    Verdict,
    Version,
    VersionWithRealised,
)
from crossfade_shared.client.caller import PAGE_ITEMS, Caller
from crossfade_shared.client.change import Change
from crossfade_shared.client.credentials import check_token, token_from
from crossfade_shared.client.event_stream import SILENCE_SECONDS, EventStream
from crossfade_shared.client.transport import DEFAULT_CONTROLLER_URL, Request, Transport
from crossfade_shared.closing import Closing
from crossfade_shared.errors import UnreachableError
from crossfade_shared.mixture import check_name

TIMEOUT_SECONDS = 10.0
PATIENCE_SECONDS = 10.0


class Client(Closing):
    """Calls one controller, over one connection; not for several threads at once.

    `url` and `token` default to the environment's CROSSFADE_CONTROLLER and CROSSFADE_TOKEN. Every call raises a
    `UserError`: `UnauthorisedError` where a token is missing, out of date or of too small a scope, `ConflictError`
    where somebody else was first, `RefusedError` where a guard rail forbids it, `UnreachableError` where nobody
    answers. A call that broke off or was put off (429, 503) is repeated for `patience_seconds`, after as long as the
    controller asks for; what makes something carries a key, so that a repeat makes nothing twice.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._token = token_from() if token is None else check_token(token, place="token")
        self._patience_seconds = patience_seconds
        url = url or os.environ.get("CROSSFADE_CONTROLLER") or DEFAULT_CONTROLLER_URL
        self._transport = Transport(url, token=self._token, timeout_seconds=TIMEOUT_SECONDS)
        self._caller = Caller(self._transport, patience_seconds=patience_seconds)
        self.url = self._transport.url

    def whoami(self) -> Identity:
        """Say who the controller takes us for."""
        answer: Identity = self._caller.get("/v1/whoami")
        return answer

    def runs(self, *, limit: int | None = None) -> list[Run]:
        """Give the runs, newest first."""
        return self._caller.items("/v1/runs", limit=limit)

    def run(self, run: str) -> Run:
        """Give a run and how far it is."""
        answer: Run = self._caller.get(_path(run))
        return answer

    def create_run(self, body: Mapping[str, Any], *, idempotency_key: str | None = None) -> CreatedRun:
        """Register a run: name, horizon_tokens, sources, mixture and, if need be, guardrails and targets."""
        answer: CreatedRun = self._caller.make("POST", "/v1/runs", body, key=idempotency_key)
        return answer

    def freeze(self, run: str, *, reason: str) -> Run:
        """Stop the run's policies; people may still change its mixture."""
        answer: Run = self._caller.make("POST", f"{_path(run)}:freeze", {"reason": reason})
        return answer

    def unfreeze(self, run: str, *, reason: str) -> Run:
        """Let the run's policies go on."""
        answer: Run = self._caller.make("POST", f"{_path(run)}:unfreeze", {"reason": reason})
        return answer

    def guardrails(self, run: str) -> dict[str, Any]:
        """Give the settings of the run's guard rails."""
        answer: dict[str, Any] = self._caller.get(f"{_path(run)}/guardrails")
        return answer

    def set_guardrails(self, run: str, guardrails: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the settings of the run's guard rails and give them in full."""
        answer: dict[str, Any] = self._caller.make("PUT", f"{_path(run)}/guardrails", guardrails)
        return answer

    def sources(self, run: str) -> list[Source]:
        """Give the sources of a run."""
        answer: list[Source] = self._caller.get(f"{_path(run)}/sources")["sources"]
        return answer

    def change_source(
        self,
        run: str,
        source: str,
        *,
        reason: str,
        max_epochs: float | None = None,
        capabilities: Sequence[str] | None = None,
    ) -> Source:
        """Change how often a source may be given, or what it is for; what is None stays as it is."""
        said = {"max_epochs": max_epochs, "capabilities": None if capabilities is None else list(capabilities)}
        body = {"reason": reason} | {name: value for name, value in said.items() if value is not None}
        place = f"{_path(run)}/sources/{check_name(source, field='source')}"
        answer: Source = self._caller.make("PATCH", place, body)
        return answer

    def targets(self, run: str) -> list[Target]:
        """Give what the benchmarks of a run are meant to reach."""
        answer: list[Target] = self._caller.get(f"{_path(run)}/targets")["targets"]
        return answer

    def set_targets(self, run: str, targets: Sequence[Target]) -> list[Target]:
        """Replace what the benchmarks of a run are meant to reach."""
        answer: list[Target] = self._caller.make("PUT", f"{_path(run)}/targets", {"targets": list(targets)})["targets"]
        return answer

    def mixture(self, run: str) -> VersionWithRealised:
        """Give the current mixture, how far it has travelled, and the shares realised under it."""
        answer: VersionWithRealised = self._caller.get(f"{_path(run)}/mixture")
        return answer

    def versions(self, run: str, *, limit: int | None = None) -> list[Version]:
        """Give the history of the mixture, newest version first."""
        return self._caller.items(f"{_path(run)}/mixtures", limit=limit)

    def version(self, run: str, version: int) -> VersionWithRealised:
        """Give one version."""
        answer: VersionWithRealised = self._caller.get(f"{_path(run)}/mixtures/{version}")
        return answer

    def difference(self, run: str, version: int, *, base: int | None = None) -> Difference:
        """Compare a version with another, or with the one it is based on."""
        query = {} if base is None else {"base": base}
        answer: Difference = self._caller.get(f"{_path(run)}/mixtures/{version}/diff", **query)
        return answer

    def preview(self, run: str, change: Change) -> Verdict:
        """Say what would become of a change, and the forecast under it; nothing is written."""
        path, query = f"{_path(run)}{change.path}", {"validate_only": "true"}
        answer: Verdict = self._caller.call(Request(method=change.method, path=path, query=query, body=change.body))
        return answer

    def change_mixture(self, run: str, change: Change, *, based_on: int, idempotency_key: str | None = None) -> Version:
        """Make a new version; raises `ConflictError` where `based_on` is not the current one any more."""
        answer: Version = self._caller.make(
            change.method,
            f"{_path(run)}{change.path}",
            change.body,
            key=idempotency_key,
            headers={"If-Match": f'"{based_on}"'},
        )
        return answer

    def forecast(self, run: str) -> Forecast:
        """Give tokens and epochs of every source at the end of the run, if the mixture stays."""
        answer: Forecast = self._caller.get(f"{_path(run)}/forecast")
        return answer

    def scores(self, run: str, *, task: str | None = None, limit: int | None = None) -> list[Score]:
        """Give the scores in the order they came."""
        query = {} if task is None else {"task": task}
        return self._caller.items(f"{_path(run)}/benchmarks", limit=limit, **query)

    def post_scores(self, run: str, body: Mapping[str, Any]) -> StoredScores:
        """Store the scores of one checkpoint; sending them again changes nothing."""
        answer: StoredScores = self._caller.make("POST", f"{_path(run)}/benchmarks", body)
        return answer

    def curves(
        self,
        run: str,
        names: Sequence[str] = ("loss",),
        *,
        x: str = "tokens",
        start: int | None = None,
        end: int | None = None,
        points: int = 500,
    ) -> Curves:
        """Give curves, reduced to at most `points` buckets each; `x` is `tokens` or `step`."""
        bounds = {name: bound for name, bound in (("from", start), ("to", end)) if bound is not None}
        answer: Curves = self._caller.get(f"{_path(run)}/metrics", names=",".join(names), x=x, points=points, **bounds)
        return answer

    def events(self, run: str, *, after: int = 0) -> list[Event]:
        """Give what has happened to the run so far, oldest first."""
        events: list[Event] = []
        while True:
            page = self._caller.get(f"{_path(run)}/events", after=after, limit=PAGE_ITEMS)
            events += page["items"]
            after = page["after"]
            if len(page["items"]) < PAGE_ITEMS:
                return events

    def follow(self, run: str, *, after: int | None = None) -> EventStream:
        """Give what happens to the run as it happens: from now on, or after an event."""
        transport = Transport(self.url, token=self._token, timeout_seconds=SILENCE_SECONDS)
        return EventStream(transport, f"{_path(run)}/events", after=after, patience_seconds=self._patience_seconds)

    def audit(self, *, run: str | None = None, limit: int | None = None) -> list[AuditEntry]:
        """Give the audit log, oldest entry first."""
        query = {} if run is None else {"run": run}
        return self._caller.items("/v1/audit", limit=limit, **query)

    def create_token(
        self, name: str, *, scopes: Sequence[str], run: str | None = None, expires_in_days: float = 90
    ) -> CreatedToken:
        """Make a token; its secret is shown this once."""
        body = {"name": name, "scopes": list(scopes), "run": run, "expires_in_days": expires_in_days}
        made = self._caller.make("POST", "/v1/tokens", body)
        if made["token"] is None:  # a repeat, to which the controller does not tell the secret again
            raise UnreachableError(
                f"the answer with the secret of token {made['id']} was lost on its way; revoke it and make another"
            )
        answer: CreatedToken = made
        return answer

    def tokens(self, *, limit: int | None = None) -> list[Token]:
        """Give the tokens, newest first, without their secrets."""
        return self._caller.items("/v1/tokens", limit=limit)

    def revoke_token(self, token_id: int) -> Token:
        """Make a token worthless at once."""
        answer: Token = self._caller.call(Request(method="DELETE", path=f"/v1/tokens/{token_id}"))
        return answer

    def close(self) -> None:
        """Give the connection back."""
        self._transport.close()


def _path(run: str) -> str:
    return f"/v1/runs/{check_name(run, field='run')}"
