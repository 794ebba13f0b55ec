"""Two ways of training, compared to the last bit and over many seeds."""
