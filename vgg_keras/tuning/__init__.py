"""KerasTuner over the VGG's filter counts, with either trainer."""
