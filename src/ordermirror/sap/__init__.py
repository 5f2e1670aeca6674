"""The outside world: asking SAP Business One, and reading its answers exactly. Knows no Django."""
