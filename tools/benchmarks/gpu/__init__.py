"""What a GPU alone can answer about the full-size study, each figure beside the one that was expected."""
