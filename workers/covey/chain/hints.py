HINTS: dict[str, str] = {}
