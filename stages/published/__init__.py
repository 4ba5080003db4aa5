"""The study that is reproduced: its printed figures, what contradicts them, and verdicts on its claims."""
