"""The pages, the API and the monitoring endpoints."""
