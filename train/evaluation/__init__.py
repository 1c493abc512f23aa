"""Figures with their intervals, and the operating points chosen from validation films."""
