"""OrderMirror: an exact, always fresh copy of SAP Business One sales orders."""

from __future__ import annotations

__version__ = "0.1.0"
