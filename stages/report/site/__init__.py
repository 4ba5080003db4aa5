"""The results as one page for a browser, from the records and the ledger of the report."""
