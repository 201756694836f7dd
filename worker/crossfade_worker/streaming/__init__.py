"""What stands behind `crossfade_worker.stream`: how an attempt begins, draws its batches and goes on after a stop."""
