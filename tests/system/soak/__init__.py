"""`make soak`: page, folder, camera and DICOM node together at full rate for hours, in the memory of a Pi."""
