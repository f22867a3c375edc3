"""The paper's experiments, tables and figures, and this package's method beside them."""
