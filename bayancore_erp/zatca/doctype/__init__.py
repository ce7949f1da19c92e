"""The module's own DocTypes."""
