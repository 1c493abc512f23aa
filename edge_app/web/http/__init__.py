"""What serving means here: settings, TLS, limits, headers, answers."""
