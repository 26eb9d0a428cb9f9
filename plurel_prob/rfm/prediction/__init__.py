"""Predictions for whoever asks a database something: what is asked, what is written, and how good it is."""
