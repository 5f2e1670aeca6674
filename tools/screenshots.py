"""Photograph the pages with Chromium, light and dark, wide and narrow, and fail on browser errors.

    python tools/screenshots.py http://127.0.0.1:8000 USER PASSWORD FOLDER

Only the standard library: signs in over HTTP, hands the session cookie to a headless Chromium, and
drives that through the DevTools pipe. What the browser logs as an error (a blocked style, a missing
file, an exception) is printed, and makes the exit code 1.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

WIDE = (1400, 900)
NARROW = (390, 844)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHOTS = (
    ("list", "/orders/", WIDE, "light"),
    ("list-dark", "/orders/", WIDE, "dark"),
    ("list-filtered", "/orders/?status=all&q=e&overdue=1&colour=red&from=abc", WIDE, "light"),
    ("list-empty", "/orders/?q=nothing-like-this", WIDE, "light"),
    ("list-phone", "/orders/", NARROW, "light"),
    ("list-phone-dark", "/orders/", NARROW, "dark"),
    ("order", "{order}", WIDE, "light"),
    ("order-dark", "{order}", WIDE, "dark"),
    ("order-phone", "{order}", NARROW, "light"),
    ("companies", "/monitor/", WIDE, "light"),
    ("companies-phone", "/monitor/", NARROW, "light"),
    ("monitor", "{company}", WIDE, "light"),
    ("monitor-dark", "{company}", WIDE, "dark"),
    ("monitor-phone", "{company}", NARROW, "light"),
    ("runs", "/runs/", WIDE, "light"),
    ("runs-phone", "/runs/", NARROW, "light"),
    ("run", "{run}", WIDE, "light"),
    ("run-dark", "{run}", WIDE, "dark"),
    ("run-phone", "{run}", NARROW, "light"),
    ("not-found", "/orders/none/1/", WIDE, "light"),
)


@dataclass
class Browser:
    """A headless Chromium behind the DevTools pipe: JSON messages that end in a zero byte."""

    process: subprocess.Popen[bytes]
    to_browser: int
    from_browser: int
    session: str = ""
    sent: int = 0
    rest: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, **params: object) -> dict[str, Any]:
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.sent:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def receive(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            chunk = os.read(self.from_browser, 1 << 20)
            if not chunk:
                sys.exit("Chromium ended early.")
            self.rest += chunk
        message, _, self.rest = self.rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


def start_browser(profile: str) -> Browser:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"None of {', '.join(BROWSERS)} is installed.")
    reading, to_browser = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in os.pipe())
    from_browser, writing = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in os.pipe())

    def place_pipes() -> None:
        os.dup2(reading, 3)  # Chromium's fixed numbers
        os.dup2(writing, 4)

    process = subprocess.Popen(  # noqa: S603 - a program found on the path, fixed arguments
        [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--disable-background-networking", "--no-first-run", "--force-color-profile=srgb",
         "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
        preexec_fn=place_pipes, pass_fds=(3, 4), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    browser = Browser(process, to_browser, from_browser)
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
    browser.session = attached["sessionId"]
    for domain in ("Page", "Network", "Log", "Runtime"):
        browser.call(f"{domain}.enable")
    return browser


def sign_in(base: str, user: str, password: str) -> tuple[OpenerDirector, CookieJar]:
    jar = CookieJar()
    web = build_opener(HTTPCookieProcessor(jar))
    page = web.open(f"{base}/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    form = {"username": user, "password": password, "csrfmiddlewaretoken": token and token[1]}
    web.open(f"{base}/login/", urlencode(form).encode())
    if not any(cookie.name == "sessionid" for cookie in jar):
        sys.exit("Signing in failed; check the user and the password.")
    return web, jar


def examples(web: OpenerDirector, base: str) -> dict[str, str]:
    """Addresses of what to photograph: the largest open order, the newest run, a company."""
    found = {}
    for name, page, pattern in (
        ("order", "/orders/?sort=-open", r'href="(/orders/[^/"]+/\d+/)'),
        ("run", "/runs/", r'href="(/runs/\d+/)"'),
        ("company", "/monitor/", r'href="(/monitor/[^/"]+/)"'),
    ):
        match = re.search(pattern, web.open(base + page).read().decode())
        found[name] = match[1] if match else page
    return found


def photograph(browser: Browser, url: str, size: tuple[int, int], theme: str, file: Path) -> None:
    width, height = size
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
    )  # fmt: skip
    media = [{"name": "prefers-color-scheme", "value": theme}]
    browser.call("Emulation.setEmulatedMedia", features=media)
    browser.call("Page.navigate", url=url)
    wait_until_loaded(browser)
    shot = browser.call("Page.captureScreenshot", format="png")
    file.write_bytes(base64.b64decode(shot["data"]))


def wait_until_loaded(browser: Browser) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        state = browser.call("Runtime.evaluate", expression="document.readyState")
        if state["result"]["value"] == "complete":
            return
        time.sleep(0.05)
    sys.exit("The page did not load within 30 s.")


def problems_in(events: list[dict[str, Any]]) -> list[str]:
    entries = [e["params"]["entry"] for e in events if e.get("method") == "Log.entryAdded"]
    texts = [f"{e['text']} ({e.get('url', '')})" for e in entries if e["level"] == "error"]
    thrown = [e for e in events if e.get("method") == "Runtime.exceptionThrown"]
    return texts + [e["params"]["exceptionDetails"]["text"] for e in thrown]


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    base, user, password, folder = sys.argv[1].rstrip("/"), *sys.argv[2:4], Path(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    web, jar = sign_in(base, user, password)
    paths = examples(web, base)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = start_browser(profile)
        for cookie in jar:
            browser.call("Network.setCookie", name=cookie.name, value=cookie.value or "", url=base)
        for name, path, size, theme in SHOTS:
            url = base + path.format(**paths)
            photograph(browser, url, size, theme, folder / f"{name}.png")
        problems = [text for text in problems_in(browser.events) if "/orders/none/" not in text]
        browser.process.terminate()
        browser.process.wait()
    if problems:
        sys.exit("The browser reported:\n" + "\n".join(sorted(set(problems))))


if __name__ == "__main__":
    main()
