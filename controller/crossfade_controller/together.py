"""Those who ask for the same at the same time wait for one asking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Together(Generic[Answer]):
    """Shares what is being asked for; once the answer is there, the next one asks anew."""

    def __init__(self) -> None:
        self._asking: dict[Hashable, asyncio.Task[Answer]] = {}

    async def ask(self, question: Hashable, answer: Callable[[], Awaitable[Answer]]) -> Answer:
        """Give the answer, or raise what it raised; who gives up waiting takes it from nobody else."""
        if question not in self._asking:
            self._asking[question] = asyncio.create_task(_wait_for(answer))
            self._asking[question].add_done_callback(lambda _: self._asking.pop(question))
        return await asyncio.shield(self._asking[question])


async def _wait_for(answer: Callable[[], Awaitable[Answer]]) -> Answer:
    return await answer()
