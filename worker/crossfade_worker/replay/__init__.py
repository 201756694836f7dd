"""Replay: what a run drew follows from its seed, its sources and its ledger, and can be proved and looked into."""

from crossfade_worker.replay.verify import Mismatch, Replay, replay_run

__all__ = ["Mismatch", "Replay", "replay_run"]
