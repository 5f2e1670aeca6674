"""Service Layer sessions: idle ones expire, each use renews them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from random import Random
from threading import Lock


class Sessions:
    def __init__(
        self, *, minutes: int, limit: int | None, seed: int, clock: Callable[[], float]
    ) -> None:
        self.minutes = minutes
        self._limit = limit
        self._clock = clock
        self._random = Random(f"{seed}:sessions")
        self._last_used: dict[str, float] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        with self._lock:
            self._drop_idle()
            return len(self._last_used)

    def open(self) -> str | None:
        """A new session's id, or None when the company's licences are all taken."""
        with self._lock:
            self._drop_idle()
            if self._limit is not None and len(self._last_used) >= self._limit:
                return None
            identity = str(uuid.UUID(int=self._random.getrandbits(128)))
            self._last_used[identity] = self._clock()
            return identity

    def use(self, identity: str | None) -> bool:
        with self._lock:
            self._drop_idle()
            if identity is None or identity not in self._last_used:
                return False
            self._last_used[identity] = self._clock()
            return True

    def close(self, identity: str) -> None:
        with self._lock:
            self._last_used.pop(identity, None)

    def expire(self) -> None:
        with self._lock:
            self._last_used.clear()

    def _drop_idle(self) -> None:
        oldest = self._clock() - self.minutes * 60
        for identity in [each for each, used in self._last_used.items() if used < oldest]:
            del self._last_used[identity]
