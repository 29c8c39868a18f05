"""Templates and expressions: Jinja2, hardened, with limits and without a clock."""
