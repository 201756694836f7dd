"""The mixture's place in Redis: it never goes back, and nothing but a valid envelope stays in it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from crossfade_shared.channels import Channels
from crossfade_shared.envelope import EnvelopeError, MixtureEnvelope, open_envelope

_logger = logging.getLogger(__name__)

# Sets the envelope unless a version at least as high is there, and notifies. What was found to be no valid envelope
# (ARGV[3]) does not count, whatever version it claims.
_PUT = """
local held = redis.pcall('GET', KEYS[1])
if type(held) == 'string' and held ~= ARGV[3] then
  local readable, body = pcall(cjson.decode, held)
  if readable and type(body) == 'table' and type(body.version) == 'number' and body.version >= tonumber(ARGV[2]) then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PUBLISH', KEYS[2], ARGV[2])
return 1
"""


@dataclass(frozen=True)
class Letter:
    """An envelope and the key that signs it."""

    envelope: MixtureEnvelope
    signing_key: bytes

    def seal(self) -> bytes:
        """Give the signed wire form."""
        return self.envelope.seal(self.signing_key)

    def is_answered_by(self, held: bytes) -> bool:
        """Tell whether Redis holds this version or a higher one; raises `EnvelopeError` if it is no valid envelope."""
        return open_envelope(held, run=self.envelope.run, key=self.signing_key).version >= self.envelope.version


async def deliver(redis: Redis, letter: Letter) -> bool:
    """Put a version into Redis unless it holds that one or a higher one; tell whether anything was put.

    Raises `redis.RedisError` while Redis is away.
    """
    channels, worthless = Channels(letter.envelope.run), b""
    if held := await _held(redis, channels.mixture):
        try:
            if letter.is_answered_by(held):
                return False
        except EnvelopeError as error:
            _logger.warning("run %s: Redis held no valid mixture (%s); it is replaced", letter.envelope.run, error)
            worthless = held
    version = str(letter.envelope.version)
    return bool(await redis.eval(_PUT, 2, channels.mixture, channels.changed, letter.seal(), version, worthless))


async def _held(redis: Redis, key: str) -> bytes | None:
    try:
        held = await redis.get(key)
    except ResponseError:
        return None  # a value of another type is no envelope
    return held.encode() if isinstance(held, str) else held
