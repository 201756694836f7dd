"""Requests, read strictly: JSON only, no key twice, no unknown field or parameter, no number that is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from crossfade_controller.problems import Problem
from crossfade_shared.errors import UserError

MAX_BODY_BYTES = 1 << 20
MAX_COUNT = 2**53
"""The largest whole number that survives a journey through JSON everywhere."""

Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""PostgreSQL stores no zero byte."""


def _not_blank(reason: str) -> str:
    if reason.isspace():
        raise UserError("reason is blank; say why", field="reason")
    return reason


Reason = Annotated[Text, Field(min_length=1, max_length=2000), AfterValidator(_not_blank)]
"""Why something is done; the history keeps it."""


class StrictBody(BaseModel):
    """What somebody sends us: a misspelt field or a number in quotes is an error, not a guess."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StrictRoute(APIRoute):
    """A route that knows every parameter of its query, and whose JSON body is read by `StrictRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's own handler."""
        handle, parameters = super().get_route_handler(), _query_parameters(self)

        async def handle_strictly(request: Request) -> Response:
            _check_query(request, parameters)
            strict = StrictRequest(request.scope, request.receive)
            if self.body_field and await strict.body():
                await strict.json()  # FastAPI would answer a refusal in here with one of its own
            return await handle(strict)

        return handle_strictly


class StrictRequest(Request):
    """A request whose JSON must be JSON as RFC 8259 has it, with every key once, and of a reasonable size."""

    async def body(self) -> bytes:
        """Give the body; raises a 413 `Problem` as soon as too much of it has come."""
        if not hasattr(self, "_body"):
            content = bytearray()
            async for chunk in self.stream():
                content += chunk
                if len(content) > MAX_BODY_BYTES:
                    raise Problem(413, f"the body is longer than {MAX_BODY_BYTES} bytes; send less at once")
            self._body = bytes(content)
        return self._body

    async def json(self) -> Any:  # noqa: ANN401 - JSON
        """Give the decoded body; raises a `Problem`: 415 unless it says that it is plain JSON, 400 unless it is."""
        if (encoding := self.headers.get("content-encoding", "identity").lower()) != "identity":
            # What is packed small and unpacks without end is no way in.
            raise Problem(
                415, f"Content-Encoding is {encoding!r:.80}; send the body as it is", field="Content-Encoding"
            )
        given = self.headers.get("content-type", "")
        if given.partition(";")[0].strip().lower() != "application/json":
            raise Problem(
                415, f"the body is {given or 'of no stated type'}; send it as application/json", field="Content-Type"
            )
        try:
            return json.loads(await self.body(), object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"the body is not valid JSON: {error}") from None


def _query_parameters(route: APIRoute) -> list[str]:
    """Give the names of a route's parameters in the query, those of its dependencies among them."""
    others = (params.Path, params.Header, params.Cookie)
    fields = get_flat_params(route.dependant)
    return sorted({field.alias for field in fields if not isinstance(field.field_info, others)})


def _check_query(request: Request, parameters: list[str]) -> None:
    """Raise a 422 `Problem` for a misspelt parameter: a change that was only to be validated would be made."""
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in parameters:
            there_are = f"the parameters here are {', '.join(parameters)}" if parameters else "there are none at all"
            raise Problem(422, f"{name!r:.80}: there is no such parameter; {there_are}", field=name[:80])
        if given.count(name) > 1:
            raise Problem(422, f"{name} stands twice in the query; give it once", field=name)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise Problem(400, f"{key!r} stands twice in one object; give it once", field=key)
        values[key] = value
    return values
