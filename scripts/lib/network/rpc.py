"""JSON-RPC over HTTP to a node of this machine, past any proxy that the environment names."""

import http.client
import json


class Refused(Exception):
    """The node answered with an error."""


def call(port, method, *params, timeout=10):
    """The result of a call; an OSError where nobody answers."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", "/", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"port {port} does not speak HTTP: {error!r}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"{method} on port {port}: status {answer.status}")
    reply = json.loads(content)
    if "result" not in reply:
        raise Refused(f"{method} on port {port}: {reply.get('error')}")
    return reply["result"]
