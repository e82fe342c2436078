"""Looks at a router's admin over one connection, which it never lets go of.

Usage: six_reader.py HOST TOKEN; lines of JSON come in, each a [method, path, body or null], and a
line of JSON goes out for each: [status, text], with status 0 when nobody answers within seconds.
"""

import http.client
import json
import ssl
import sys

SECONDS = 5


def main(host: str, token: str) -> None:
    trusting = ssl._create_unverified_context()  # no certificate is for a link-local address
    connection = http.client.HTTPSConnection(host, 443, timeout=SECONDS, context=trusting)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    bare = host.partition("%")[0]
    headers["Host"] = f"[{bare}]" if ":" in bare else bare
    for line in sys.stdin:
        method, path, body = json.loads(line)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            told = [answer.status, answer.read().decode()]
        except OSError as error:
            told = [0, str(error)]
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
