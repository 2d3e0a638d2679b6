"""Certificates made for a test with openssl: an authority, and what it signs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost"


@dataclass(frozen=True)
class Certified:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates for this machine."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory / name
        self._directory.mkdir()
        self.file = self._directory / "ca.pem"
        self._key = self._directory / "ca.key"
        _openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-keyout", self._key, "-out", self.file),
        )

    def certify(self, name: str) -> Certified:
        """Signs one; again under the same name it replaces the one before."""
        certified = Certified(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        request = self._directory / f"{name}.csr"
        _openssl(
            *("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
            *("-addext", NAMES, "-keyout", certified.key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key),
            *("-CAcreateserial", "-days", "2", "-copy_extensions", "copy"),
            *("-out", certified.certificate),
        )
        return certified


def _openssl(*words: str | Path) -> None:
    ended = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
