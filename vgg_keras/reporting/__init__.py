"""`report.html`: what a run found, in one file, from its result alone."""
