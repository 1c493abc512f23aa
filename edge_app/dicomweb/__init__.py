"""DICOMweb of the DICOM node: films come by STOW-RS or are pulled from a PACS, and viewers are shown what is kept."""
