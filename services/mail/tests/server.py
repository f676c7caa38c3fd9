"""A mail server for the tests: server.py MODE FOLDER

Prints one JSON line when it is ready: {"port": ..., "ca": ...}, then one line for each mail that
it takes. Ends when its standard input closes. Must not be used for anything but tests.

Modes:
  plain      no TLS, no login
  starttls   TLS by STARTTLS, which is required
  tls        TLS from the start
  auth       as starttls, and a login is required (user `nearhand`, password `p:w/x`)
  stall      never answers after the mail
  drop       closes the connection after MAIL FROM
  slow-quit  takes the mail and never answers QUIT

Recipients `gone@` are refused for good and `busy@` for now. A mail to `echo@` is refused with words
that repeat its links.
"""

import asyncio
import datetime
import ipaddress
import json
import pathlib
import re
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from email import message_from_bytes, policy

WITH_TLS = {"starttls", "tls", "auth"}


class Handler:
    def __init__(self, mode):
        self.mode = mode

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.mode == "drop":
            server.transport.abort()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 5.1.1 no such person"
        if address.startswith("busy@"):
            return "451 4.2.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.mode == "stall":
            await asyncio.Event().wait()
        mail = message_from_bytes(envelope.content, policy=policy.default)
        text = mail.get_body(("plain",)).get_content()
        if envelope.rcpt_tos[0].startswith("echo@"):
            return "554 5.7.1 refused for " + " ".join(re.findall(r"https?://\S+", text))
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "tls": session.ssl is not None or self.mode == "tls",
                "user": session.auth_data.decode() if session.authenticated else None,
                "type": mail.get_content_type(),
                "headers": {name.lower(): str(value) for name, value in mail.items()},
                "text": text,
                "html": mail.get_body(("html",)).get_content(),
            }
        )
        return "250 OK"

    async def handle_QUIT(self, server, session, envelope):
        if self.mode == "slow-quit":
            await asyncio.Event().wait()
        return "221 bye"


def authenticate(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"nearhand", b"p:w/x")
    return AuthResult(success=right, handled=False, auth_data=data.login)


def say(value):
    print(json.dumps(value), flush=True)


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def certificate(subject, issuer, key, signer, authority):
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def tls_context(folder):
    """An authority of our own, and a certificate of it for this machine."""
    ours, servers = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    root = certificate("test authority", "test authority", ours, ours, True)
    leaf = certificate("localhost", "test authority", servers, ours, False)
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    key = servers.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(leaf.public_bytes(pem) + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


async def main(mode, folder):
    context = tls_context(folder) if mode in WITH_TLS else None
    options = {"hostname": "localhost"}
    if mode in {"starttls", "auth"}:
        options |= {"tls_context": context, "require_starttls": True}
    if mode == "auth":
        options |= {"authenticator": authenticate, "auth_required": True}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Handler(mode), **options),
        "127.0.0.1",
        0,
        ssl=context if mode == "tls" else None,
    )
    say({"port": server.sockets[0].getsockname()[1], "ca": str(folder / "ca.pem")})
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], pathlib.Path(sys.argv[2])))
