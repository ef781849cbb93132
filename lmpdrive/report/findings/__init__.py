"""What is said of a run: one file per question, each with its limits; `lmpdrive.report.verdict` sums them up."""
