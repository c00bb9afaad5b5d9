"""The web chat: a page that needs no account. Messages wait on it and are read there."""
