"""`train archive` over tens of thousands of films."""
