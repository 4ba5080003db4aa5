"""One run in a process of its own: by Hugging Face `Trainer` in three ways, and of ours the steps alone."""
