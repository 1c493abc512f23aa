"""Tests in whole systems: emulated Pis, booted Debians, virtual machines, other clients."""
