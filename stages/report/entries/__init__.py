"""Which numbers the report may print, each read from its file and entered in the ledger."""
