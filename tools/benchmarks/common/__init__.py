"""What several benchmarks share: where they run, what they time, how they report."""
