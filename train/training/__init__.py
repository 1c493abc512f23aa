"""Fit a network: configuration, batches, losses, the loop over epochs."""
