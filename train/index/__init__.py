"""The index of films: one row a film, with its label, patient, duplicates and split."""
