"""One run of the grid: settings in, model and record out."""
