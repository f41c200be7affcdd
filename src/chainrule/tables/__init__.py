"""From a table to a trained network: what the target stands for, the usual settings, scores, and the search for better
settings. `chainrule train` says what happens here."""
