"""The study as a deposit: one archive with code, records, results and what DVC holds, described as an RO-Crate."""
