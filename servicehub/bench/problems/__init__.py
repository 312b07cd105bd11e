"""Published routing problems: read, stated for the engine, and judged by checkers that know nothing of it."""
