"""The verbs: their names, options and help. Nothing here imports what takes long, except when a verb runs."""
