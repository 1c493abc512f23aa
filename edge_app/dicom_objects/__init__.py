"""Results as DICOM objects: data sets made out of a film's header and its result. Knows no network."""
