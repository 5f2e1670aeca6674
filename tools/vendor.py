"""Refresh the style sheet and script that are shipped with the pages, and their manifest.

Fetches the packages with `npm pack`, keeps the few files the pages load, and writes
`vendor/manifest.json` with each file's version, licence and SHA-256. Run from the repository:
`python tools/vendor.py`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "src/ordermirror/static/ordermirror/vendor"
PACKAGES = {
    "bootstrap@~5.3": ("dist/css/bootstrap.min.css", "dist/css/bootstrap.rtl.min.css", "LICENSE"),
    "htmx.org@^2": ("dist/htmx.min.js", "LICENSE"),
}


def main() -> None:
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed: it fetches and verifies the packages.")
    VENDOR.mkdir(parents=True, exist_ok=True)
    manifest = [refresh(npm, spec, files) for spec, files in PACKAGES.items()]
    text = json.dumps({"packages": manifest}, indent=2) + "\n"
    (VENDOR / "manifest.json").write_text(text, encoding="utf-8")


def refresh(npm: str, spec: str, files: tuple[str, ...]) -> dict[str, object]:
    """Unpack the files of one package into its own folder; returns its entry in the manifest."""
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", spec, "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - fixed words
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as package:
            about = json.loads(content(package, "package.json"))
            kept = [keep(package, about["name"].split(".")[0], file) for file in files]
    return {key: about[key] for key in ("name", "version", "license")} | {"files": kept}


def keep(package: tarfile.TarFile, folder: str, file: str) -> dict[str, str]:
    target = VENDOR / folder / Path(file).name
    target.parent.mkdir(exist_ok=True)
    text = without_source_map(content(package, file))
    target.write_bytes(text)
    name = target.relative_to(VENDOR).as_posix()
    return {"file": name, "sha256": hashlib.sha256(text).hexdigest()}


def content(package: tarfile.TarFile, file: str) -> bytes:
    member = package.extractfile(f"package/{file}")
    if member is None:
        sys.exit(f"The package has no {file}.")
    return member.read()


def without_source_map(text: bytes) -> bytes:
    """Drop the last line that points browsers at a map we don't ship."""
    body, _, last = text.rstrip(b"\n").rpartition(b"\n")
    return body + b"\n" if b"sourceMappingURL" in last and body else text


if __name__ == "__main__":
    main()
