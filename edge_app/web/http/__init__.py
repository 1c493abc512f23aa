"""Serving: settings, TLS, limits, headers, answers."""
