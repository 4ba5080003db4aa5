"""The bodies of the tables in LaTeX."""
