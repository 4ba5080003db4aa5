"""Fine-tuning methods: settings in, a model with the right parameters trainable out, and an audit that they are."""
