"""Numbers as the report prints them: how, under which key, and where each comes from."""
