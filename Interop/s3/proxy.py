# SPDX-License-Identifier: Apache-2.0
"""A proxy between a client and an S3 server of this machine, which makes each request later, or some of them fail.

    python Interop/s3/proxy.py http://127.0.0.1:8333 [--latency-ms 60] [--keep] [--faults 0.1 --seed 7]

Prints its port. With --keep the answers to GETs are kept, and given again without asking the server: for times that are
to be of the way alone, while nothing is written. Faults, each as likely as the others:
    refuse    500, 503 or 429 without asking the server
    lose      the connection ends before the server is asked
    forget    the server is asked, and the connection ends without an answer
    truncate  the connection ends in the middle of the answer's body
    repeat    the server is asked twice; the second answer counts
    delay     up to 300 ms
"""
import argparse
import asyncio
import collections
import random
import sys
import urllib.parse

FAULTS = ["refuse", "lose", "forget", "truncate", "repeat", "delay"]


class Closed(Exception):
    pass


async def read_message(reader, bodiless=False):
    """Head and body of a request or an answer, as they came."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise Closed from error
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip()
    if bodiless:
        return head, b""
    try:
        if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            body = b""
            while True:
                line = await reader.readuntil(b"\r\n")
                size = int(line.split(b";")[0], 16)
                chunk = await reader.readexactly(size + 2)
                body += line + chunk
                if size == 0:
                    return head, body
        return head, await reader.readexactly(int(fields.get(b"content-length", b"0")))
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise Closed from error


class Proxy:
    def __init__(self, upstream, latency, faults, seed, keeps):
        self.host, self.port = upstream.hostname, upstream.port
        self.latency, self.faults = latency, faults
        self.kept = {} if keeps else None
        self.random = random.Random(seed)
        self.counts = collections.Counter()

    async def ask(self, request, connection):
        """The server's answer; the connection is used again."""
        head, body = request
        method = head.split(b" ", 1)[0]
        for fresh in (False, True):
            if fresh or connection[0] is None:
                connection[0] = await asyncio.open_connection(self.host, self.port)
            reader, writer = connection[0]
            try:
                writer.write(head + body)
                await writer.drain()
                while True:
                    first = await read_message(reader, bodiless=method == b"HEAD")
                    status = int(first[0].split(b" ", 2)[1])
                    if status == 100:
                        continue
                    return first
            except (Closed, ConnectionError):
                writer.close()
                connection[0] = None
                if fresh:
                    raise Closed
        raise Closed

    def key(self, head):
        """What a kept answer is an answer to."""
        if self.kept is None or not head.startswith(b"GET "):
            return None
        return tuple(x for x in head.split(b"\r\n") if x.startswith(b"GET ") or x.lower().startswith(b"range:"))

    async def serve(self, reader, writer):
        connection = [None]
        try:
            while True:
                request = await read_message(reader)
                fault = self.random.choice(FAULTS) if self.random.random() < self.faults else None
                self.counts[fault or "none"] += 1
                if self.latency:
                    await asyncio.sleep(self.latency)
                if fault == "delay":
                    await asyncio.sleep(self.random.random() * 0.3)
                if fault == "lose":
                    break
                if fault == "refuse":
                    status, code = self.random.choice(
                        [("500 Internal Server Error", "InternalError"), ("503 Slow Down", "SlowDown"),
                         ("429 Too Many Requests", "TooManyRequests")])
                    body = f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>of the proxy</Message></Error>".encode()
                    if request[0].startswith(b"HEAD"):
                        body = b""
                    writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
                    await writer.drain()
                    continue
                kept = self.key(request[0])
                head, body = (kept and self.kept.get(kept)) or await self.ask(request, connection)
                if kept:
                    self.kept[kept] = head, body
                if fault == "forget":
                    break
                if fault == "repeat":
                    head, body = await self.ask(request, connection)
                if fault == "truncate":
                    writer.write(head + body[: len(body) // 2])
                    await writer.drain()
                    break
                writer.write(head)
                writer.write(body)
                await writer.drain()
        except (Closed, ConnectionError):
            pass
        finally:
            for stream in [writer] + ([connection[0][1]] if connection[0] else []):
                stream.close()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("upstream")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--faults", type=float, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    upstream = urllib.parse.urlsplit(options.upstream)
    proxy = Proxy(upstream, options.latency_ms / 1000, options.faults, options.seed, options.keep)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=64 << 20, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with whoever started it.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(dict(proxy.counts), file=sys.stderr, flush=True)


asyncio.run(main())
