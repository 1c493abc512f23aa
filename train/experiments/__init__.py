"""Experiments beside the released recipe; models/EXPERIMENTS.md holds their results."""
