"""The product's settings, kept away from a developer's own data and environment."""

from __future__ import annotations

import os
import tempfile

database_url = os.environ.get("TEST_DATABASE_URL")
for name in [name for name in os.environ if name.startswith("ORDERMIRROR_")]:
    del os.environ[name]
os.environ["ORDERMIRROR_DATA_DIR"] = tempfile.mkdtemp(prefix="ordermirror-tests-")
if database_url:
    os.environ["ORDERMIRROR_DATABASE_URL"] = database_url
os.environ["ORDERMIRROR_SECRET_KEY"] = "only-for-tests-" + "x" * 40

from ordermirror.project.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
