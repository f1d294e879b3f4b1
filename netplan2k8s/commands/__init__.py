"""The commands: options in, one workflow function, a report, an exit code."""
