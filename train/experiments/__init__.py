"""What was tried beside the released recipe; models/EXPERIMENTS.md tells what came of it."""
