"""Which model and which release of the program is in use: installed, verified, rolled back."""
