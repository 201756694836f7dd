"""Those who ask for the same at the same time wait for one asking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Asking(Generic[Answer]):
    task: asyncio.Task[Answer]
    begun: float


class Together(Generic[Answer]):
    """Shares what is being asked for; once the answer is there, the next one asks anew."""

    def __init__(self) -> None:
        self._asking: dict[Hashable, _Asking[Answer]] = {}
        self._is_slow = False

    async def ask(
        self, question: Hashable, answer: Callable[[], Awaitable[Answer]], *, patience_seconds: float | None = None
    ) -> Answer:
        """Give the answer, or raise what it raised; who gives up waiting takes it from nobody else.

        Raises `TimeoutError` when the asking is older than the patience; it goes on. Until one has ended well, nobody
        else who has an end to the patience is kept waiting.
        """
        if question not in self._asking:
            self._begin(question, answer)
        asking = self._asking[question]
        if patience_seconds is None:
            return await asyncio.shield(asking.task)
        if self._is_slow:
            raise TimeoutError
        try:
            async with asyncio.timeout_at(asking.begun + patience_seconds):
                return await asyncio.shield(asking.task)
        except TimeoutError:
            self._is_slow = True
            raise

    def _begin(self, question: Hashable, answer: Callable[[], Awaitable[Answer]]) -> None:
        def end(task: asyncio.Task[Answer]) -> None:
            del self._asking[question]
            if not task.cancelled() and not task.exception():
                self._is_slow = False

        task = asyncio.create_task(_wait_for(answer))
        self._asking[question] = _Asking(task, asyncio.get_running_loop().time())
        task.add_done_callback(end)


async def _wait_for(answer: Callable[[], Awaitable[Answer]]) -> Answer:
    return await answer()
