"""What every page of ours shares: layout, templates, static files, security headers."""
