"""Live mixtures in trainers that are not ours: one small module for each."""
