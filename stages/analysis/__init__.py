"""From the records of the grid to a table, intervals, tests, frontiers and calibration."""
