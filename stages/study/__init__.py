"""What ``params.yaml`` may say, and the grid of runs and the settings that follow from it."""
