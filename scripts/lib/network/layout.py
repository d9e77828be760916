"""Who is in a network, on which ports, started how. Nothing here touches the machine."""

import dataclasses

VALIDATORS = ("alice", "bob", "charlie", "dave")
# Below the range from which the kernel takes ports for outgoing connections.
PORT_BASE = 31_000
FAULTS_PORT_BASE = 31_200
# Places are fixed, so that a node has the same ports whoever else is there, and
# docs/monitoring/prometheus.yml knows them.
STRIDE = 10
PORTS = ("p2p", "rpc", "metrics", "worker")
# The account that the built-in presets endow for an operator's agent.
AGENT = "//Alice//operator"
# Seven nodes with the default of a gibibyte each would be too much for a laptop.
STATE_CACHE_BYTES = 64 * 1024 * 1024
# What a pruning node keeps of blocks and of states; the SDK's own default for states.
KEPT_BLOCKS = 256


@dataclasses.dataclass(frozen=True)
class Member:
    """A node of the network."""

    name: str
    role: str
    place: int

    def port(self, base, what):
        return base + STRIDE * self.place + PORTS.index(what)

    def ports(self, base):
        """Its ports by what they are for; only an operator has a worker's."""
        mine = PORTS if self.role == "operator" else PORTS[:-1]
        return {what: self.port(base, what) for what in mine}

    def keys(self):
        """The type, scheme and secret of each key of its keystore."""
        secret = f"//{self.name.capitalize()}"
        return {
            "validator": [("babe", "sr25519", secret), ("gran", "ed25519", secret)],
            "operator": [("oper", "sr25519", AGENT)],
        }.get(self.role, [])


OPERATOR, ARCHIVE, RPC = "operator", "archive", "rpc"


def members(validators=len(VALIDATORS), others=(OPERATOR, ARCHIVE, RPC)):
    made = [Member(name, "validator", place) for place, name in enumerate(VALIDATORS[:validators])]
    places = {name: len(VALIDATORS) + index for index, name in enumerate((OPERATOR, ARCHIVE, RPC))}
    return made + [Member(name, name, places[name]) for name in others]


def highest_port(base):
    return base + STRIDE * (len(VALIDATORS) + 3) - 1


def address(member, base, peer_id):
    """Where other nodes find this one."""
    return f"/ip4/127.0.0.1/tcp/{member.port(base, 'p2p')}/p2p/{peer_id}"


def arguments(member, home, spec, peers, settings):
    """The command line of a node whose data lies under `home`, but for the binary."""
    ports = member.ports(settings.port_base)
    line = ["--chain", spec, "--base-path", home / "data", "--name", member.name]
    line += ["--node-key-file", home / "node-key"]
    line += ["--listen-addr", f"/ip4/127.0.0.1/tcp/{ports['p2p']}"]
    line += ["--rpc-port", ports["rpc"], "--prometheus-port", ports["metrics"], "--no-telemetry"]
    # The peers are named rather than found; a specification other than `local` may forbid loopback.
    line += ["--no-mdns", "--allow-private-ip", "--discover-local"]
    for peer in peers:
        # Reserved, as a node that comes back is dialled again at once.
        line += ["--reserved-nodes", peer]
    line += ["--trie-cache-size", STATE_CACHE_BYTES]
    if member.role == "validator":
        line += ["--validator"]
    elif member.role == OPERATOR:
        line += ["--operator", "--operator-listen", f"127.0.0.1:{ports['worker']}"]
        line += ["--operator-threads", "1"]
        for model in settings.models:
            line += ["--operator-base", model]
    elif member.role == ARCHIVE:
        line += ["--state-pruning", "archive", "--blocks-pruning", "archive"]
    elif member.role == RPC:
        line += ["--sync", "warp", "--rpc-methods", "safe"]
        line += ["--state-pruning", settings.kept, "--blocks-pruning", settings.kept]
    return [str(part) for part in line]
