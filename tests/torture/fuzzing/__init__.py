"""Bad input, made for `fuzz.py`."""
