"""KerasTuner over filter counts, with any trainer."""
