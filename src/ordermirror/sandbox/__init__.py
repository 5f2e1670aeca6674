"""A pretend SAP Business One: made-up company, daily business, Service Layer over real HTTP.

For development, demonstrations, tests and benchmarks; other people's clients work with it too.
"""

from __future__ import annotations

from ordermirror.sandbox.business import Event
from ordermirror.sandbox.company import DELETE
from ordermirror.sandbox.faults import Fault
from ordermirror.sandbox.http import LoggedRequest
from ordermirror.sandbox.options import SandboxOptions
from ordermirror.sandbox.sandbox import Sandbox
from ordermirror.sandbox.server import Address

__all__ = ["DELETE", "Address", "Event", "Fault", "LoggedRequest", "Sandbox", "SandboxOptions"]
