"""A result as HL7 FHIR R4 resources, and posting them to a server: a hint for worklists, beside the DICOM objects."""
