"""What is printed: numbers with their sources, and the tables, figures and sentences that show them."""
