"""Which of several learning rates each configuration is shown at, chosen on validation."""
