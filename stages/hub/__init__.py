"""The only network code: repositories of the Hugging Face hub at pinned commits, and room on the disk for them."""
