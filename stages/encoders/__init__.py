"""The checkpoints that runs start from, fetched or pretrained in miniature, with their tokenizers."""
