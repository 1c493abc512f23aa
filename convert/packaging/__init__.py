"""The program for another computer: wheel, offline bundle, Debian package, signatures."""
