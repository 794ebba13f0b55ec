"""Why a training loop does not give what `fit` gives."""
