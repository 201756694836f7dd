"""The same client for asynchronous programs: every call in a thread of its own, the event loop stays free."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from crossfade_shared.client.answers import Event
from crossfade_shared.client.client import PATIENCE_SECONDS, Client
from crossfade_shared.client.event_stream import EventStream
from crossfade_shared.closing import AsyncClosing

P = ParamSpec("P")
Answer = TypeVar("Answer")


def _awaited(
    call: Callable[Concatenate[Client, P], Answer],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, Answer]]:
    """Make a method of `AsyncClient` of one of `Client`."""

    @functools.wraps(call)
    async def awaited(self: AsyncClient, /, *arguments: P.args, **options: P.kwargs) -> Answer:
        return await self.run_with(lambda client: call(client, *arguments, **options))

    return awaited


class AsyncClient(AsyncClosing):
    """`Client` with every call awaited, up to `num_connections` of them at once; further ones wait their turn.

    A cancelled call is given up here; the controller may carry it out all the same.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        num_connections: int = 8,
    ) -> None:
        self._clients = [Client(url, token=token, patience_seconds=patience_seconds) for _ in range(num_connections)]
        self._idle = list(self._clients)
        self._threads = ThreadPoolExecutor(num_connections, thread_name_prefix="crossfade-client")
        self.url = self._clients[0].url

    whoami = _awaited(Client.whoami)
    runs = _awaited(Client.runs)
    run = _awaited(Client.run)
    create_run = _awaited(Client.create_run)
    freeze = _awaited(Client.freeze)
    unfreeze = _awaited(Client.unfreeze)
    guardrails = _awaited(Client.guardrails)
    set_guardrails = _awaited(Client.set_guardrails)
    sources = _awaited(Client.sources)
    change_source = _awaited(Client.change_source)
    targets = _awaited(Client.targets)
    set_targets = _awaited(Client.set_targets)
    mixture = _awaited(Client.mixture)
    versions = _awaited(Client.versions)
    version = _awaited(Client.version)
    difference = _awaited(Client.difference)
    preview = _awaited(Client.preview)
    change_mixture = _awaited(Client.change_mixture)
    forecast = _awaited(Client.forecast)
    scores = _awaited(Client.scores)
    post_scores = _awaited(Client.post_scores)
    curves = _awaited(Client.curves)
    events = _awaited(Client.events)
    audit = _awaited(Client.audit)
    create_token = _awaited(Client.create_token)
    tokens = _awaited(Client.tokens)
    revoke_token = _awaited(Client.revoke_token)
    _follow = _awaited(Client.follow)

    async def follow(self, run: str, *, after: int | None = None) -> AsyncEventStream:
        """Give what happens to the run as it happens: from now on, or after an event."""
        return AsyncEventStream(await self._follow(run, after=after))

    async def run_with(self, call: Callable[[Client], Answer]) -> Answer:
        """Run several calls as one, in a thread, on a client that nobody else uses meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._lend, call)

    def _lend(self, call: Callable[[Client], Answer]) -> Answer:
        client = self._idle.pop()  # there are as many clients as threads
        try:
            return call(client)
        finally:
            self._idle.append(client)

    async def close(self) -> None:
        """Wait for calls under way and give the connections back."""
        await asyncio.to_thread(self._threads.shutdown)
        for client in self._clients:
            client.close()


class AsyncEventStream(AsyncClosing):
    """`EventStream` for `async for` and `async with`; leaving the block ends it."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="crossfade-events")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        event = await asyncio.get_running_loop().run_in_executor(self._thread, next, self._stream, None)
        if event is None:
            raise StopAsyncIteration
        return event

    async def close(self) -> None:
        """End the stream, also in the middle of a wait for the next event."""
        self._stream.interrupt()
        await asyncio.to_thread(self._thread.shutdown)
        self._stream.close()
