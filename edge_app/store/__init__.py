"""Results that outlive a power cut."""
