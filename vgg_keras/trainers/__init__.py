"""Two trainers with one signature, meant to be read side by side: `tape.py` and `fit.py`."""
