"""The answer of the API to a request that failed."""


def fault(status: int, sentence: str, retry_after_s: int = 0) -> tuple[dict, int, dict[str, str]]:
    """Return body, status and headers of the answer to a request that failed.

    Args:
        status: of HTTP.
        sentence: what was found; what is allowed; what to do.
        retry_after_s: seconds after which the client may try again; 0 if that is not known.
    """
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}
    return {"error": {"status": status, "sentence": sentence}}, status, headers
