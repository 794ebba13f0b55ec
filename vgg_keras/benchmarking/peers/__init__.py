"""The same training in other frameworks, each a program of its own that is timed in alternation."""
