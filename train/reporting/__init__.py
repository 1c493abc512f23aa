"""Pages, plots, and the record of what made an artefact."""
