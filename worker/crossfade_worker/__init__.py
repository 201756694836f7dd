"""The training worker: plans and reads its own batches, follows the mixture, trains, checkpoints, evaluates."""
