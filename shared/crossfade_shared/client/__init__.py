"""A typed client of the controller; `crossfade_shared.client.asynchronous` has the asynchronous one."""

from crossfade_shared.client.change import Change, ChangeOptions
from crossfade_shared.client.client import Client
from crossfade_shared.client.event_stream import EventStream
from crossfade_shared.client.transport import DEFAULT_CONTROLLER_URL

__all__ = ["DEFAULT_CONTROLLER_URL", "Change", "ChangeOptions", "Client", "EventStream"]
