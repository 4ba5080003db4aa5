"""What a run leaves for others: a folder that loads wherever it lies, with a card, and a check that it does."""
