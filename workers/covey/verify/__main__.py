"""`python -m covey.verify`, or `python <folder>` for a copy of this folder anywhere."""

import importlib
import sys
from pathlib import Path

if not __package__:
    # Run by its path: what Python looks in first is this folder, not the one that it is a package of.
    folder = Path(__file__).resolve().parent
    sys.path[0] = str(folder.parent)
    sys.exit(importlib.import_module(f"{folder.name}.cli").main())
else:
    from .cli import main

    sys.exit(main())
