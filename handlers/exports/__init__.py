"""Records and sheets → files. Each is written beside its name first, so that a file is whole or not there."""
