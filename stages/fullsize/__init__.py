"""The study at full size without weights: exact parameter counts and predicted memory."""
