"""The DICOM node: it receives films, has them judged, and sends what is made of the results to a PACS.

It knows associations and queues, and nothing of what the objects hold that it sends.
"""
