"""The model file: its card, its interpreter, and how far a film is from what it learnt."""
