"""Who can be asked about the tail: one module per kind of service. Each imports its library only when it is asked."""
