"""The edge against TensorFlow, and accuracy against cost."""
