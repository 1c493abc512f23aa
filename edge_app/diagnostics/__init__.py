"""The doctor's checks: whether this device is fit to judge films, and if not, what to do."""
