"""Sources: the corpora a run mixes."""
