"""A push service such as browsers have, on loopback: RFC 8030 over TLS, with a subscription of the test's keys."""

import base64
import datetime
import hashlib
import hmac
import http.server
import ipaddress
import json
import os
import pathlib
import ssl
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from .waiting import wait_until


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class PushService:
    """Takes every push for its one subscription, and decrypts it as the browser would (RFC 8291)."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="switchboard-push-")
        self.root = os.path.join(self._directory.name, "root.pem")
        key = os.path.join(self._directory.name, "key.pem")
        make_certificate(self.root, key)
        self._sender_key = os.path.join(self._directory.name, "vapid.pem")
        write_key(ec.generate_private_key(ec.SECP256R1()), self._sender_key)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = os.urandom(16)
        self.pushes = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.pushes.append({"headers": headers, "payload": json.loads(service._decrypt(body))})
                self.send_response(201)
                self.send_header("Location", f"https://{self.headers['Host']}/message/{len(service.pushes)}")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.root, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._directory.cleanup()

    @property
    def node_settings(self):
        """What a node needs to know to push here."""
        return {
            "PUSH_ALLOW_LOOPBACK": "true",
            "PUSH_TRUST_ROOTS_FILE": self.root,
            "PUSH_WEB_PUSH_HOSTS": f"localhost:{self.port}",
            "PUSH_WEB_PUSH_KEY_FILE": self._sender_key,
            "PUSH_WEB_PUSH_SUBJECT": "mailto:tests@example.org",
        }

    @property
    def subscription(self):
        """As `PushSubscription.toJSON` gives it."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": base64url(public), "auth": base64url(self._secret)}
        return {"endpoint": f"https://localhost:{self.port}/subscription/1", "expirationTime": None, "keys": keys}

    def wait_push(self, kind, seconds=30):
        """The payload of the first push of this type, which is then forgotten."""
        def find():
            return next((push for push in self.pushes if push["payload"]["type"] == kind), None)

        push = wait_until(find, f"a push of type {kind}", seconds)
        self.pushes.remove(push)
        return push

    def _decrypt(self, body):
        """RFC 8188 §2 with the keys of RFC 8291 §3.4; one record."""
        salt, sender_length = body[:16], body[20]
        sender, record = body[21:21 + sender_length], body[21 + sender_length:]
        shared = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        own = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        material = derive(self._secret, shared, b"WebPush: info\0" + own + sender, 32)
        key = derive(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derive(salt, material, b"Content-Encoding: nonce\0", 12)
        return AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")[:-1]


def derive(salt, material, info, length):
    """HKDF with SHA-256 (RFC 5869), up to 32 bytes."""
    extracted = hmac.digest(salt, material, hashlib.sha256)
    return hmac.digest(extracted, info + b"\1", hashlib.sha256)[:length]


def make_certificate(certificate_file, key_file):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "push service of a test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pathlib.Path(certificate_file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    write_key(key, key_file)


def write_key(key, file):
    """Readable for its owner only."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as opened:
        opened.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))
