"""Which of several ways of training is faster, timed in alternation."""
