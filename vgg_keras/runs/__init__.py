"""Run directories: who works on one, its files, its typed result and the schemas of results."""
