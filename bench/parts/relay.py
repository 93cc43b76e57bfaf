"""python3 relay.py PORT DELAY [FILE]: a mail server that waits DELAY seconds before each reply, as one far away does.

It offers PIPELINING (RFC 2920): the commands of one segment are answered together, in order, DELAY after they were
read. Prints how many mails it took, and keeps the last one in FILE.
"""
import asyncio
import sys
from collections import deque

PORT, DELAY = int(sys.argv[1]), float(sys.argv[2])
FILE = sys.argv[3] if len(sys.argv) > 3 else None
EHLO = b"250-relay\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
taken = 0


class Conversation(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.unread, self.replies, self.in_body = transport, b"", deque(), False
        self.answer([b"220 relay ESMTP\r\n"])

    def data_received(self, data):
        self.unread += data
        replies = []
        while True:
            mark = b"\r\n.\r\n" if self.in_body else b"\r\n"
            piece, found, rest = self.unread.partition(mark)
            if not found:
                break
            self.unread = rest
            replies.append(self.took(piece) if self.in_body else self.told(piece))
        if replies:
            self.answer(replies)

    def told(self, line):
        verb = line[:4].upper()
        self.in_body = verb == b"DATA"
        known = {b"EHLO": EHLO, b"DATA": b"354 go on\r\n", b"QUIT": b"221 2.0.0 bye\r\n"}
        return known.get(verb, b"250 2.0.0 ok\r\n")

    def took(self, mail):
        global taken
        taken += 1
        self.in_body = False
        print(f"mesg={taken}", end="\r", flush=True)
        if FILE:
            with open(FILE, "wb") as file:
                file.write(mail.replace(b"\r\n..", b"\r\n.") + b"\r\n")
        return b"250 2.0.0 queued\r\n"

    def answer(self, replies):
        # A queue, because timers that are due together may fire in any order.
        self.replies.append(b"".join(replies))
        asyncio.get_running_loop().call_later(DELAY, self.write)

    def write(self):
        reply = self.replies.popleft()
        self.transport.write(reply)
        if b"221 " in reply:
            self.transport.close()


async def main():
    server = await asyncio.get_running_loop().create_server(Conversation, "127.0.0.1", PORT)
    await server.serve_forever()


asyncio.run(main())
