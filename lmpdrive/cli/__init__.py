"""The terminal: parse the command line, call the pipeline, print."""
