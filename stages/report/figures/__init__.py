"""The figures, drawn in one style."""
