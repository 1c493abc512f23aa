"""What an installation on a Pi is made of beside the program: units, rules, configuration, and what puts them there."""
