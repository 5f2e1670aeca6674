"""A later version of the product, as far as its migrations go."""
