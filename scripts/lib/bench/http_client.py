"""Requests to this machine, past any proxy that the environment names."""

import http.client
import json


def request(port, method, path, body=None, timeout=10):
    """The body of a reply; an OSError where there is none, or where it is no success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        reply = connection.getresponse()
        content = reply.read()
    except http.client.HTTPException as error:
        raise OSError(f"port {port} does not speak HTTP: {error!r}") from error
    finally:
        connection.close()
    if reply.status != 200:
        raise OSError(f"{method} {path} on port {port}: status {reply.status}")
    return content.decode()


def rpc(port, method, *params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    reply = json.loads(request(port, "POST", "/", body))
    if "result" not in reply:
        raise OSError(f"{method} on port {port}: {reply.get('error')}")
    return reply["result"]
