"""`ordermirror sandbox`: a pretend SAP Business One over HTTP."""

from __future__ import annotations

import threading
from argparse import Namespace
from contextlib import nullcontext

from ordermirror.cli import output
from ordermirror.cli.signals import terminated_like_interrupted
from ordermirror.errors import ConfigError
from ordermirror.sandbox import Fault, Sandbox, SandboxOptions
from ordermirror.sandbox.server import Address
from ordermirror.server import AddressTaken, is_free

EVERY_EVENT = frozenset(
    {"edit", "deliver_partial", "deliver_full", "close", "cancel", "reopen", "return_"}
)


def run(arguments: Namespace) -> int:
    sandbox = _sandbox(arguments)
    rate = arguments.business
    if arguments.port and not is_free("127.0.0.1", arguments.port):
        raise AddressTaken(f"another program listens on port {arguments.port}; choose another")
    with terminated_like_interrupted(), sandbox.serving(port=arguments.port) as address:
        _announce(arguments, address)
        with sandbox.run_business(rate) if rate else nullcontext():
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                output.say("The sandbox has stopped.")
    return 0


def _sandbox(arguments: Namespace) -> Sandbox:
    try:
        faults = [Fault.parse(spec) for spec in arguments.fault]
        options = SandboxOptions(
            orders=arguments.orders,
            seed=arguments.seed,
            fat=arguments.fat,
            tls=arguments.tls,
            latency=arguments.latency,
            open_share=arguments.open_share,
            bump_on=EVERY_EVENT if arguments.stamp_all else frozenset({"edit"}),
            max_sessions=arguments.max_sessions,
            company_db=arguments.company_db,
            user=arguments.user,
            password=arguments.password,
            gateway_token=arguments.gateway_token,
            gateway_count=arguments.gateway_count,
            gateway_dates=arguments.gateway_dates,
        )
        sandbox = Sandbox(options)
    except ValueError as exc:
        raise ConfigError([str(exc)]) from exc
    for fault in faults:
        sandbox.faults.add(fault)
    return sandbox


def _announce(arguments: Namespace, address: Address) -> None:
    """Ready to paste into an .env file."""
    v1, v2 = address.url(1), address.url(2)
    output.say(f"Sandbox with {arguments.orders} orders; v1 at {v1}, v2 at {v2}. Settings:")
    output.say(f"ORDERMIRROR_SAP_URL={v2}")
    output.say(f"ORDERMIRROR_SAP_COMPANY_DB={arguments.company_db}")
    output.say(f"ORDERMIRROR_SAP_USER={arguments.user}")
    output.say(f"ORDERMIRROR_SAP_PASSWORD={arguments.password}")
    if address.ca_file:
        output.say(f"ORDERMIRROR_SAP_CA_FILE={address.ca_file}")
    output.say("To read from its gateway instead:")
    output.say("ORDERMIRROR_SOURCE=gateway")
    output.say(f"ORDERMIRROR_GATEWAY_URL={address.gateway_url}")
    if arguments.gateway_token:
        output.say(f"ORDERMIRROR_GATEWAY_TOKEN={arguments.gateway_token}")
