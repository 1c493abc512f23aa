"""De-identified copies of DICOM films: PS3.15 Annex E, for a site's own check and for training."""
