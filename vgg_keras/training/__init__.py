"""One training, from configuration to result; its state; evaluation and prediction."""
