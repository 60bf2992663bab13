#!/usr/bin/env python3
"""A far end for MSRP tests that shares nothing with the library: bare sockets and a parser of its own.

    peer.py --connect PORT --own URI --peer PATH --send FILE [--ca FILE]           sends one message, waits for its report
    peer.py --listen PORT --own URI --peer PATH [--certificate FILE --key FILE]    receives one message, reports it

What it learned it prints, a line each: "ready", "answers N", "report STATUS RANGE", "chunks N", "sha256 HEX". Anything unexpected ends it with an error.
"""
import argparse
import hashlib
import itertools
import os
import re
import select
import socket
import ssl
import sys

# What is sent is cut into pieces of these lengths, again and again, so that heads, end-lines and line ends come apart.
PIECES = (1, 2, 3, 5, 7, 1460, 11, 4096, 13, 65536, 17)
HEAD = re.compile(rb"MSRP ([A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}) ([^\r\n]+)\r\n")


class Frame:
    def __init__(self, tid, what, headers, body, flag):
        self.tid, self.what, self.headers, self.body, self.flag = tid, what, headers, body, flag


class Connection:
    def __init__(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.buffer, self.pieces, self.came = sock, bytearray(), itertools.cycle(PIECES), []

    def next(self):
        """The next frame, or None when not all of it is here yet."""
        start = HEAD.match(self.buffer)
        if not start:
            if len(self.buffer) > 200:
                sys.exit("not MSRP: %r" % bytes(self.buffer[:80]))
            return None
        tid = start.group(1)
        end = re.compile(rb"\r\n-------" + re.escape(tid) + rb"([$+#])\r\n").search(self.buffer, start.end() - 2)
        if not end:
            return None
        inside = bytes(self.buffer[start.end():end.start() + 2])
        head, blank, body = inside.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        if list(headers)[:2] != ["To-Path", "From-Path"]:
            sys.exit("paths are not first: %s" % list(headers))
        frame = Frame(tid.decode(), start.group(2).decode(), headers, body[:-2] if blank else None, end.group(1).decode())
        # Only now: a match of a bytearray looks into it again.
        del self.buffer[:end.end()]
        return frame

    def frames(self):
        """All frames that have come; waits for octets when there is none."""
        came, self.came = self.came or self.read(), []
        return came

    def read(self, wait=30):
        if not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()) and not select.select([self.sock], [], [], wait)[0]:
            return [] if wait == 0 else sys.exit("nothing came in time")
        # What is readable on TLS may be a session ticket, with nothing behind it.
        self.sock.settimeout(wait)
        try:
            octets = self.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return []
        finally:
            self.sock.settimeout(30)
        if not octets:
            sys.exit("closed by the far end")
        self.buffer += octets
        return list(iter(self.next, None))

    def write(self, octets):
        """Sends in pieces; what comes meanwhile is kept."""
        while octets:
            length = next(self.pieces)
            self.sock.sendall(octets[:length])
            octets = octets[length:]
            self.came += self.read(0)


def frame(tid, what, to, own, headers="", body=None, flag="$"):
    head = "MSRP %s %s\r\nTo-Path: %s\r\nFrom-Path: %s\r\n%s" % (tid, what, to, own, headers)
    return head.encode() + (b"" if body is None else b"\r\n" + body + b"\r\n") + ("-------%s%s\r\n" % (tid, flag)).encode()


def send(connection, arguments):
    with open(arguments.send, "rb") as file:
        body = file.read()
    waiting, answers, report = set(), 0, None

    def take(frames):
        nonlocal answers, report
        for f in frames:
            if f.what == "REPORT":
                report = f
            elif f.what.startswith("200") and f.tid in waiting and f.headers["To-Path"] == arguments.own:
                waiting.remove(f.tid)
                answers += 1
            else:
                sys.exit("unexpected: %s %s" % (f.what, f.headers))

    # One after the other without waiting for an answer; sizes that fit nothing.
    at, sizes = 0, itertools.cycle((2048, 1, 10007, 4099))
    while at < len(body):
        chunk = body[at:at + next(sizes)]
        tid = os.urandom(8).hex()
        waiting.add(tid)
        last = at + len(chunk) == len(body)
        headers = "Message-ID: python1\r\nByte-Range: %d-%s/%d\r\nSuccess-Report: yes\r\nContent-Type: application/octet-stream\r\n" % (
            at + 1, at + len(chunk) if len(chunk) <= 2048 else "*", len(body))
        connection.write(frame(tid, "SEND", arguments.peer, arguments.own, headers, chunk, "$" if last else "+"))
        at += len(chunk)
    while waiting or report is None:
        take(connection.frames())
    print("answers %d" % answers)
    print("report %s %s" % (report.headers["Status"], report.headers["Byte-Range"]))


def receive(connection, arguments):
    body, chunks = bytearray(), 0
    while True:
        for f in connection.frames():
            if f.what != "SEND" or f.headers["To-Path"] != arguments.own:
                sys.exit("unexpected: %s %s" % (f.what, f.headers))
            connection.write(frame(f.tid, "200 OK", f.headers["From-Path"].split(" ")[0], arguments.own))
            if f.body is None:
                continue
            first, end, total = re.fullmatch(r"([0-9]+)-([0-9]+|\*)/([0-9]+|\*)", f.headers["Byte-Range"]).groups()
            if int(first) != len(body) + 1 or (end != "*" and int(end) != len(body) + len(f.body)):
                sys.exit("out of place: %s with %d octets after %d" % (f.headers["Byte-Range"], len(f.body), len(body)))
            body += f.body
            chunks += 1
            if f.flag == "$":
                headers = "Message-ID: %s\r\nByte-Range: 1-%d/%d\r\nStatus: 000 200 OK\r\n" % (f.headers["Message-ID"], len(body), len(body))
                connection.write(frame(os.urandom(8).hex(), "REPORT", f.headers["From-Path"], arguments.own, headers))
                print("chunks %d" % chunks)
                print("sha256 %s" % hashlib.sha256(body).hexdigest())
                return


def main():
    parser = argparse.ArgumentParser()
    for name in ("connect", "listen", "own", "peer", "send", "ca", "certificate", "key"):
        parser.add_argument("--" + name)
    arguments = parser.parse_args()
    if arguments.connect:
        sock = socket.create_connection(("127.0.0.1", int(arguments.connect)), 10)
        if arguments.ca:
            sock = ssl.create_default_context(cafile=arguments.ca).wrap_socket(sock, server_hostname="127.0.0.1")
    else:
        listener = socket.create_server(("127.0.0.1", int(arguments.listen)))
        print("ready", flush=True)
        listener.settimeout(30)
        sock = listener.accept()[0]
        if arguments.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(arguments.certificate, arguments.key)
            sock = context.wrap_socket(sock, server_side=True)
    sock.settimeout(30)
    (send if arguments.send else receive)(Connection(sock), arguments)
    # The far end closes; until then nothing of what was written may be lost.
    try:
        while sock.recv(65536):
            pass
    except (OSError, ssl.SSLError):
        pass


main()
