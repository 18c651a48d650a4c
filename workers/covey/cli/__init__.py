"""The `covey` command.

`verbs/` is the surface: names, options and help, quick to import. `acts/` does what they say, and imports what that
takes.
"""
