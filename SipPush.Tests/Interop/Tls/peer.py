"""A SIP peer on the TLS of another library, for one OPTIONS: as client, or as server on a free port of the loopback."""
import socket
import ssl
import sys

REQUEST = (
    "OPTIONS sip:example.com SIP/2.0\r\n"
    "Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKpeer1\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:peer@example.net>;tag=1\r\n"
    "To: <sip:example.com>\r\n"
    "Call-ID: peer1\r\n"
    "CSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)


def read_head(connection):
    octets = b""
    while b"\r\n\r\n" not in octets:
        more = connection.recv(4096)
        if not more:
            break
        octets += more
    return octets.decode("latin-1")


def client(port, roots, certificate, key):
    context = ssl.create_default_context(cafile=roots)
    context.load_cert_chain(certificate, key)
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="example.com") as connection:
            print(connection.version(), flush=True)
            connection.sendall(REQUEST.encode())
            print(read_head(connection), flush=True)


def server(roots, certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=roots)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.sni_callback = lambda connection, name, _: print(f"asked for {name}", flush=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        print(f"port {listener.getsockname()[1]}", flush=True)
        plain, _ = listener.accept()
        plain.settimeout(10)
        with context.wrap_socket(plain, server_side=True) as connection:
            head = read_head(connection).split("\r\n")
            print(head[0], flush=True)
            kept = [line for line in head if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
            answer = ["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]
            connection.sendall("\r\n".join(answer).encode())
            print("closed in order" if connection.recv(1) == b"" else "more", flush=True)


{"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
