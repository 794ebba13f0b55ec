"""The experiment, its certificate of parity, and the search for the first difference."""
