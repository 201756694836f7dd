"""The demo: every part of Crossfade on this machine, and one live change of the mixture."""
