#!/usr/bin/env python3
"""A receiver for trying it out: receiver.py PORT [SECRET]. Prints messages, checks signatures."""
import hashlib
import hmac
import http.server
import sys

SECRET = sys.argv[2].encode() if len(sys.argv) > 2 else None


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = SECRET is None or hmac.compare_digest(
            "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest(),
            self.headers.get("X-Webhook-Signature", ""))
        sys.stdout.write(" ".join(["attempt", self.headers["X-Webhook-Attempt"], "signature",
                                   "good" if good else "BAD", body.decode()]) + "\n")
        sys.stdout.flush()
        self.send_response(204 if good else 403)
        self.end_headers()

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
