"""A finished analysis as text: for a terminal, for a program, for a page."""
