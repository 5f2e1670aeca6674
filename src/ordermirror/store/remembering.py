"""Where manufacturers of items are remembered between runs: in this process, or in Redis.

Each is remembered for a limited time under a version (`Company.manufacturers_version`), which
changes with any of them: whoever writes late writes under a version that nobody reads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import Any, Protocol, TypeVar

from ordermirror.errors import OrderMirrorError

logger = logging.getLogger(__name__)

T = TypeVar("T")

TTL = timedelta(minutes=5)
MOST_REMEMBERED = 500_000
"""In this process: about 100 MB of the longest codes."""
PREFIX = "ordermirror:manufacturer"
PATIENCE_SECONDS = 0.5
TRY_AGAIN_SECONDS = 60

Manufacturers = Mapping[str, int | None]
"""Codes of manufacturers by item code; None: the item has none, or is not known."""


class NotRemembered(OrderMirrorError):
    """The place where manufacturers are remembered can't be reached; ask the database."""


class Memory(Protocol):
    def recall(self, version: str, item_codes: Collection[str]) -> dict[str, int | None]:
        """Those of them that are remembered. Raises NotRemembered."""
        ...

    def remember(self, version: str, manufacturers: Manufacturers) -> None:
        """Raises NotRemembered."""
        ...


class OwnMemory:
    """Of this process, of one version at a time."""

    def __init__(
        self, ttl: timedelta = TTL, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = ttl.total_seconds()
        self._clock = clock
        self._versions: dict[str, dict[str, tuple[float, int | None]]] = {}

    def recall(self, version: str, item_codes: Collection[str]) -> dict[str, int | None]:
        known, now = self._versions.get(version, {}), self._clock()
        found = ((code, known[code]) for code in item_codes if code in known)
        return {code: manufacturer for code, (until, manufacturer) in found if now < until}

    def remember(self, version: str, manufacturers: Manufacturers) -> None:
        known = self._versions.get(version, {})
        if len(known) + len(manufacturers) > MOST_REMEMBERED:
            known = {}
        until = self._clock() + self._seconds
        known.update({code: (until, it) for code, it in manufacturers.items()})
        self._versions = {version: known}


class RedisMemory:
    """Shared by all processes that are given the same address."""

    def __init__(self, url: str, ttl: timedelta = TTL, *, prefix: str = PREFIX) -> None:
        self._seconds = max(int(ttl.total_seconds()), 1)
        self._prefix = prefix
        redis = import_module("redis")  # of the extra `redis`
        # Asked once and not for long: the database answers the same, only slower.
        once = redis.retry.Retry(import_module("redis.backoff").NoBackoff(), 0)
        self._failures = (redis.RedisError, OSError, ValueError)
        self._redis: Any = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=once,
        )

    def recall(self, version: str, item_codes: Collection[str]) -> dict[str, int | None]:
        codes = list(item_codes)
        values = self._asking(lambda: self._redis.mget(self._keys(version, codes)))
        return {
            code: int(value) if value else None
            for code, value in zip(codes, values, strict=True)
            if value is not None
        }

    def remember(self, version: str, manufacturers: Manufacturers) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            keys = self._keys(version, manufacturers)
            for key, manufacturer in zip(keys, manufacturers.values(), strict=True):
                value = "" if manufacturer is None else manufacturer
                pipeline.set(key, value, ex=self._seconds)
            self._asking(pipeline.execute)

    def _keys(self, version: str, item_codes: Iterable[str]) -> list[str]:
        return [f"{self._prefix}:{version}:{code}" for code in item_codes]

    def _asking(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except self._failures as exc:
            raise NotRemembered(f"Redis can't be used: {exc}") from exc


class WithFallback:
    """`shared` while it answers; otherwise `own`, for a minute before it is tried again."""

    def __init__(
        self, shared: Memory, own: Memory, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared, self._own = shared, own
        self._clock = clock
        self._failing = False
        self._next_try = 0.0

    def recall(self, version: str, item_codes: Collection[str]) -> dict[str, int | None]:
        return self._ask(lambda memory: memory.recall(version, item_codes))

    def remember(self, version: str, manufacturers: Manufacturers) -> None:
        self._ask(lambda memory: memory.remember(version, manufacturers))

    def _ask(self, ask: Callable[[Memory], T]) -> T:
        if self._failing and self._clock() < self._next_try:
            return ask(self._own)
        try:
            answer = ask(self._shared)
        except NotRemembered as exc:
            if not self._failing:
                logger.warning("manufacturers are remembered in this process alone: %s", exc)
            self._failing, self._next_try = True, self._clock() + TRY_AGAIN_SECONDS
            return ask(self._own)
        self._failing = False
        return answer


@cache
def memory_of(url: str | None, ttl: timedelta = TTL) -> Memory:
    """The memory that the settings name, one for all runs of this process.

    `url`: redis://…; None: this process's own.
    """
    own = OwnMemory(ttl)
    return WithFallback(RedisMemory(url, ttl), own) if url else own
