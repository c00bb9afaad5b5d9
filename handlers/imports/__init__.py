"""Files of what was gathered elsewhere → rows, read in a process that can hurt nobody."""
