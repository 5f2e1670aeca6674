"""`ordermirror doctor`: is everything in place, and if not, how is it mended?"""

from __future__ import annotations
