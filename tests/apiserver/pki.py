"""The certificates of one API server: an authority, the server's, an admin's.

Made by ``openssl`` 3; they hold for two days.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

# Extensions are all named here: those of the machine's own file differ.
CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
[admin]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
SUBJECTS = {
    "ca": "/CN=authority of a test",
    "server": "/CN=localhost",
    "admin": "/O=system:masters/CN=certificate-admin",
}


def make(directory: Path) -> None:
    """Write ``ca``, ``server`` and ``admin`` as ``.crt`` and ``.key``, and ``sa.key``.

    Raises:
        subprocess.CalledProcessError: ``openssl`` refuses.
    """
    directory.mkdir()
    (directory / "openssl.cnf").write_text(CONFIG, encoding="utf-8")
    for name in SUBJECTS:
        _certificate(directory, name)
    _openssl(directory, "ecparam -name prime256v1 -genkey -noout -out sa.key")


def _certificate(directory: Path, name: str) -> None:
    signed_by = "" if name == "ca" else " -CA ca.crt -CAkey ca.key"
    _openssl(
        directory,
        f"req -x509 -config openssl.cnf -extensions {name} -days 2"
        f" -keyout {name}.key -out {name}.crt{signed_by}",
        *CURVE,
        "-subj",
        SUBJECTS[name],
    )


def _openssl(directory: Path, words: str, *more: str) -> None:
    subprocess.run(
        ["openssl", *words.split(), *more],
        check=True,
        cwd=directory,
        capture_output=True,
    )
