"""Installing, setting up a company, leaving."""
