"""A throw-away certificate authority and a certificate for 127.0.0.1."""

from __future__ import annotations

import ssl
from pathlib import Path


def certify(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server context, and the file with the authority's certificate for clients to trust."""
    try:
        import trustme
    except ImportError as exc:
        raise RuntimeError(
            "A sandbox over TLS needs trustme: pip install ordermirror[sandbox]"
        ) from exc
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return context, ca_file
