"""Sentences of the report: what the results decide, words by subject, templates filled in and checked, the PDF."""
