"""The words of the report's sentences, chosen by the results."""
