"""The command line: one short file a command, each a skin over the library call of the same name."""
