"""A thin client of the controller's REST interface; it turns problem documents into errors that say what to do."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx2

from crossfade_shared.errors import ConflictError, UnreachableError, UserError

DEFAULT_CONTROLLER_URL = "http://127.0.0.1:8321"
TIMEOUT_SECONDS = 10.0
_CONFLICTS = {409, 412}


class RestClient:
    """Calls one controller. Raises `UnreachableError`, `ConflictError` or `UserError`, never a bare HTTP error."""

    def __init__(self, url: str = DEFAULT_CONTROLLER_URL) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.Client(base_url=self.url, timeout=TIMEOUT_SECONDS)

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """Give the decoded body of a GET."""
        return self._call("GET", path, params=query)

    def post(self, path: str, body: object, *, if_match: int | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send a JSON body and give the decoded answer; `if_match` is the version the change is based on."""
        return self._call("POST", path, json=body, headers=_if_match(if_match))

    def patch(self, path: str, body: object, *, if_match: int | None = None) -> Any:  # noqa: ANN401 - JSON
        """Like `post`, with PATCH."""
        return self._call("PATCH", path, json=body, headers=_if_match(if_match))

    def _call(self, method: str, path: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            response = self._http.request(method, path, **arguments)
        except httpx2.TransportError as error:
            raise UnreachableError(
                f"no controller answers at {self.url} ({type(error).__name__}); start one with "
                "`crossfade serve` or name another with --controller"
            ) from error
        if response.is_success:
            return response.json()
        raise _error_of(response)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def _error_of(response: httpx2.Response) -> UserError:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    message = str(problem.get("detail") or problem.get("title") or f"HTTP {response.status_code}")
    field = problem.get("field")
    if response.status_code in _CONFLICTS:
        return ConflictError(message, field=field)
    if response.status_code >= 500:
        return UnreachableError(f"the controller answered {response.status_code}: {message}", field=field)
    return UserError(message, field=field)
