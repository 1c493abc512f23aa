"""The answer of the interface for programs to a request that failed."""


def fault(status: int, sentence: str, retry_after_s: int = 0):
    """Return the answer to a request that failed."""
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}
    return {"error": {"status": status, "sentence": sentence}}, status, headers
