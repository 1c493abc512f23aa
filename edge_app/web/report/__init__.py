"""The report: a reading on one page of paper, as PDF."""
