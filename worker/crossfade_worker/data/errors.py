"""What can be wrong with a corpus."""

from crossfade_shared.errors import UserError


class CorpusError(UserError):
    """Text, shards or settings of a corpus that cannot be used; the message names the file or field and the remedy."""
