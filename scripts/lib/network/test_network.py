"""python3 -B -m unittest discover -s scripts/lib/network"""

import argparse
import contextlib
import io
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
import unittest
from unittest import mock

import commands
import faults
import layout
import ledger
import processes
import status
import trial
import watch
from network import Network, Settings, locked
from node import listening

HERE = pathlib.Path(__file__).resolve().parent


def values(line, flag):
    """What a flag of a command line is given, each time."""
    return [line[at + 1] for at, part in enumerate(line) if part == flag]


class Layout(unittest.TestCase):
    def test_ports_differ_whoever_is_there(self):
        members = layout.members()
        ports = [port for one in members for port in one.ports(layout.PORT_BASE).values()]
        self.assertEqual(len(set(ports)), len(ports))
        self.assertLessEqual(max(ports), layout.highest_port(layout.PORT_BASE))
        self.assertLess(layout.highest_port(layout.PORT_BASE), layout.FAULTS_PORT_BASE)

    def test_places_stay_when_validators_are_fewer(self):
        few = {one.name: one.place for one in layout.members(3, (layout.RPC,))}
        all_of_them = {one.name: one.place for one in layout.members()}
        self.assertEqual(list(few), ["alice", "bob", "charlie", "rpc"])
        self.assertTrue(all(all_of_them[name] == place for name, place in few.items()))

    def test_keys_are_those_of_the_preset(self):
        keys = {one.name: one.keys() for one in layout.members()}
        self.assertEqual(keys["dave"], [("babe", "sr25519", "//Dave"), ("gran", "ed25519", "//Dave")])
        self.assertEqual(keys["operator"], [("oper", "sr25519", "//Alice//operator")])
        self.assertEqual(keys["rpc"], [])

    def line(self, name, **settings):
        member = next(one for one in layout.members() if one.name == name)
        made = Settings(**settings)
        return layout.arguments(member, pathlib.Path("/n"), pathlib.Path("/n/chain.json"), ["/a", "/b"], made)

    def test_every_node_stays_on_this_machine(self):
        for member in layout.members():
            line = self.line(member.name)
            self.assertIn(f"/ip4/127.0.0.1/tcp/{member.port(layout.PORT_BASE, 'p2p')}", line)
            self.assertNotIn("--rpc-external", line)
            for flag in ("--no-mdns", "--no-telemetry"):
                self.assertIn(flag, line)

    def test_roles_show_in_the_command_line(self):
        self.assertIn("--validator", self.line("bob"))
        self.assertNotIn("--validator", self.line("archive"))
        operator = self.line("operator", models=("/m.gguf", "/folder"))
        self.assertEqual(values(operator, "--operator-base"), ["/m.gguf", "/folder"])
        self.assertNotIn("--operator-base", self.line("operator"))
        rpc = " ".join(self.line("rpc", kept=16))
        self.assertIn("--sync warp", rpc)
        self.assertIn("--state-pruning 16 --blocks-pruning 16", rpc)

    def test_peers_are_reserved_each_by_a_flag(self):
        line = self.line("alice")
        self.assertEqual(values(line, "--reserved-nodes"), ["/a", "/b"])


class Folders(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "network"

    def test_settings_are_refused_when_ports_run_out(self):
        with self.assertRaises(processes.Failed):
            Settings(port_base=65_500)

    def test_settings_come_back_from_the_folder(self):
        self.assertIsNone(Network.of(self.folder))
        made = Settings(validators=3, models=("/m",), others=("rpc",))
        network = Network(self.folder, made)
        network.claim()
        network.spec.write_text("{}")
        with mock.patch.object(network, "prepare_node"):
            network.prepare()
        self.assertEqual(Network.of(self.folder).settings, made)

    def test_folder_of_others_is_neither_taken_nor_deleted(self):
        self.folder.mkdir()
        (self.folder / "letters").write_text("mine")
        network = Network(self.folder, Settings())
        for refused in (network.claim, network.purge):
            with self.assertRaises(processes.Failed):
                refused()
        self.assertTrue((self.folder / "letters").exists())

    def test_folder_is_deleted_when_it_is_marked(self):
        network = Network(self.folder, Settings())
        network.claim()
        network.claim()
        network.purge()
        self.assertFalse(self.folder.exists())

    def test_second_script_is_refused_while_one_is_at_work(self):
        self.folder.mkdir()
        with locked(self.folder), self.assertRaises(processes.Failed), locked(self.folder):
            pass

    def test_taken_port_is_named_with_its_node(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            taken = server.getsockname()[1]
            self.assertTrue(listening(taken))
            # Bob's RPC port.
            network = Network(self.folder, Settings(port_base=min(taken - 11, 65_000)))
            node = network.nodes["bob"]
            with mock.patch.object(type(node), "ports", {"rpc": taken}):
                with self.assertRaisesRegex(processes.Failed, rf"{taken} \(bob's rpc port\)"):
                    network.refuse_taken_ports([node])

    def test_chosen_settings_lie_on_top_of_the_stored_ones(self):
        stored = Settings(validators=3, port_base=4_000)
        given = argparse.Namespace(port_base=5_000, validators=None, chain=None, models=["a.gguf"])
        made = commands.chosen(given, stored)
        self.assertEqual((made.port_base, made.validators, made.chain), (5_000, 3, "local"))
        self.assertEqual(made.models, (str(pathlib.Path("a.gguf").resolve()),))


class Processes(unittest.TestCase):
    def sleeper(self, script="sleep 60"):
        child = subprocess.Popen(["sh", "-c", script], start_new_session=True)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def test_pid_file_knows_its_process_and_no_other(self):
        with tempfile.TemporaryDirectory() as folder:
            file = processes.PidFile(pathlib.Path(folder) / "pid")
            self.assertIsNone(file.pid())
            child = self.sleeper()
            file.write(child.pid)
            self.assertEqual(file.pid(), child.pid)
            # Another process that got the number later.
            file.path.write_text(f"{child.pid} somebody/else\n")
            self.assertIsNone(file.pid())
            file.write(child.pid)
            child.kill()
            child.wait()
            self.assertIsNone(file.pid())

    def test_process_that_ignores_the_polite_signal_is_killed(self):
        polite, stubborn = self.sleeper(), self.sleeper("trap '' TERM; sleep 60 & wait; wait; sleep 60")
        time.sleep(0.3)
        self.assertEqual(processes.end([polite.pid]), 0)
        self.assertEqual(processes.end([stubborn.pid], 0.5), 1)
        for child in (polite, stubborn):
            self.assertIsNone(processes.identity(child.pid))

    def test_run_fails_with_what_the_command_said(self):
        with self.assertRaisesRegex(processes.Failed, "status 3: no luck"):
            processes.run(["sh", "-c", "echo no luck >&2; exit 3"])
        with self.assertRaisesRegex(processes.Failed, "did not end"):
            processes.run(["sleep", "60"], 0.2)
        self.assertEqual(processes.run(["printf", "a"]), ("a", ""))

    def test_wait_takes_an_unreachable_node_for_not_yet(self):
        replies = iter([OSError, False, 7])

        def condition():
            reply = next(replies)
            if reply is OSError:
                raise OSError
            return reply

        self.assertEqual(processes.wait(5, condition, "never", 0), 7)
        with self.assertRaisesRegex(processes.Failed, "it is 3 within 0 s"):
            processes.wait(0, lambda: False, lambda: "it is 3", 0)

    def test_signal_is_put_off_to_the_end_of_the_block(self):
        heard = []
        usual = signal.signal(signal.SIGTERM, lambda *_: heard.append("handled"))
        self.addCleanup(signal.signal, signal.SIGTERM, usual)
        with processes.undisturbed():
            signal.raise_signal(signal.SIGTERM)
            heard.append("block")
        self.assertEqual(heard, ["block", "handled"])


class Status(unittest.TestCase):
    rows = [
        dict(zip(status.COLUMNS, ("alice", "validator", 10, 120, 118, 5, 31001, 31002))),
        dict(zip(status.COLUMNS, ("rpc", "rpc", None, None, None, None, 31061, 31062))),
    ]

    def test_table_aligns_and_shows_what_is_not_known(self):
        lines = status.table(self.rows).splitlines()
        self.assertEqual(lines[1].split(), ["alice", "validator", "10", "120", "118", "5", "31001", "31002"])
        self.assertEqual(lines[2].split(), ["rpc", "rpc", "–", "–", "–", "–", "31061", "31062"])
        self.assertEqual(len(set(map(len, lines))), 1)

    def test_network_is_well_only_when_every_node_answers(self):
        self.assertFalse(status.well(self.rows))
        self.assertTrue(status.well(self.rows[:1]))

    def test_status_prints_json_when_asked(self):
        network = types.SimpleNamespace(folder="/n")
        with mock.patch.object(status, "rows", return_value=self.rows), contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(status.show(network, as_json=True), 1)
        self.assertEqual(json.loads(out.getvalue())["nodes"][0]["height"], 120)


class Finalised(unittest.TestCase):
    def test_height_with_two_hashes_is_a_conflict_whoever_said_so(self):
        found = ledger.Finalised()
        for node in ("alice", "bob", "alice"):
            found.note(node, 1, "0xa")
        self.assertEqual(found.conflicts(), [])
        # The same node, after it came back.
        found.note("alice", 3, "0xb")
        found.note("alice", 3, "0xc")
        found.note("bob", 2, "0xd")
        self.assertEqual(found.conflicts(), [3])


class Transfers(unittest.TestCase):
    def setUp(self):
        self.made = ledger.Transfers(5)
        for line in (
            {"submitted": "0x1"}, {"submitted": "0x2"}, {"submitted": "0x3"}, {"sinks": ["A", "B"]},
            {"finalised": "0x1", "block": "0xb", "to": "A"}, {"finalised": "0x2", "block": "0xb", "to": "A"},
            {"failed": "0x3", "why": "Dropped"}, {"refused": "0x4", "why": "full"}, {"unfinished": []},
        ):
            self.made.note(line)

    def test_final_transaction_is_missing_when_the_chain_lacks_it(self):
        self.assertEqual(self.made.missing({"0x1", "0x9"}), {"0x2"})
        self.assertEqual(self.made.missing({"0x1", "0x2"}), set())

    def test_expected_amounts_are_of_final_transfers_alone(self):
        self.assertEqual(self.made.expected(), {"A": 10})
        self.assertEqual((self.made.failed, self.made.unfinished), ({"0x3": "Dropped"}, []))

    def test_hash_is_of_the_bytes(self):
        # BLAKE2b with 32 bytes of output, of no input.
        self.assertEqual(ledger.extrinsic_hash("0x"), "0x0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8")

    def test_accounts_that_do_not_add_up_are_named(self):
        audit = {"sum": "100", "issuance": "100", "balances": {"A": "10"}}
        self.assertEqual(ledger.unbalanced(audit, {"A": 10}), [])
        self.assertEqual(len(ledger.unbalanced({**audit, "sum": "99"}, {"A": 11})), 2)


class FakeNode:
    """A node that has finalised blocks of one transaction each; block n has the hash `n` and a suffix."""

    def __init__(self, name, role="validator", suffix="", height=3):
        self.name, self.member, self.pid = name, types.SimpleNamespace(role=role), 1
        self.suffix, self.height = suffix, height
        self.url = f"ws://{name}"

    def check(self):
        pass

    def finalised(self):
        return self.height

    def rpc(self, method, *params):
        if method == "chain_getBlockHash":
            (heights,) = params
            hashes = [f"{height}{self.suffix}" for height in heights] if isinstance(heights, list) else None
            return hashes or f"{heights}{self.suffix}"
        if method == "chain_getBlock":
            return {"block": {"extrinsics": [f"0x{int(params[0][0]):02x}"]}}
        return f"{self.height}{self.suffix}"


class Audit(unittest.TestCase):
    found = {"sum": "9", "issuance": "9", "balances": {"A": "5"}, "overdue": [], "disabled": 0}

    def audit(self, nodes, transfers=None, found=found):
        made = trial.Trial(pathlib.Path("/nowhere"), Settings(), 0, 60, None)
        made.network = types.SimpleNamespace(
            nodes={node.name: node for node in nodes}, validators=lambda: nodes, running=lambda: nodes
        )
        made.watch = watch.Watch(made.network)
        made.watch.start()
        made.load = types.SimpleNamespace(finish=lambda: transfers) if transfers else None
        with mock.patch("submit.ask", return_value=found), contextlib.redirect_stderr(io.StringIO()):
            made.audit()
        return made

    def transfers(self, *lines):
        made = ledger.Transfers(5)
        for line in (*lines, {"unfinished": []}):
            made.note(line)
        return made

    def final(self, byte):
        return {"finalised": ledger.extrinsic_hash(byte), "to": "A"}

    def test_nothing_is_lost_when_all_nodes_agree(self):
        made = self.audit([FakeNode("alice"), FakeNode("bob")], self.transfers(self.final("0x02")))
        self.assertEqual((made.lost.total(), made.details), (0, []))

    def test_blocks_are_lost_where_two_nodes_finalised_different_ones(self):
        made = self.audit([FakeNode("alice"), FakeNode("bob", suffix="x")])
        self.assertEqual(made.lost["blocks"], 3)

    def test_transaction_is_lost_at_each_node_whose_chain_lacks_it(self):
        nodes = [FakeNode("alice", height=4), FakeNode("bob"), FakeNode("rpc", role="rpc")]
        made = self.audit(nodes, self.transfers(self.final("0x04")))
        # The one that warped is not asked for bodies.
        self.assertEqual((made.lost["transactions"], made.lost.total()), (1, 1))
        self.assertIn("bob", made.details[0])

    def test_funds_and_requests_are_counted_from_what_the_chain_says(self):
        found = {**self.found, "sum": "8", "overdue": ["3", "4"], "balances": {"A": "6"}}
        made = self.audit([FakeNode("alice")], self.transfers(self.final("0x01")), found)
        self.assertEqual((made.lost["funds"], made.lost["requests"]), (2, 2))

    def test_fault_does_not_pass_when_a_transfer_or_a_validator_is_given_up(self):
        sent = self.transfers(self.final("0x01"), {"failed": "0x1", "why": "Dropped"})
        sent.unfinished = ["0x2"]
        made = self.audit([FakeNode("alice")], sent, {**self.found, "disabled": 1})
        self.assertEqual((made.lost.total(), len(made.details)), (0, 3))

    def test_watch_notes_what_a_node_finalises_again_after_it_came_back(self):
        node = FakeNode("alice", height=5)
        seen = watch.Watch(types.SimpleNamespace(nodes={}))
        seen.look(node)
        node.height, node.suffix = 3, "x"
        seen.look(node)
        node.height = 4
        seen.look(node)
        self.assertEqual(seen.finalised.conflicts(), [3, 4])


class Faults(unittest.TestCase):
    def test_every_fault_says_what_it_does_in_one_line(self):
        for name, fault in faults.ALL.items():
            self.assertRegex(fault.__doc__, r"\A[^\n]+: [^\n]+\.\n?\Z", name)
            self.assertTrue(callable(fault.check) and callable(fault.inject), name)
            self.assertLessEqual(set(fault.OTHERS), {layout.OPERATOR, layout.ARCHIVE, layout.RPC})

    def test_seed_decides_whom_it_meets(self):
        def drawn(seed, name="kill-two"):
            made = trial.Trial(pathlib.Path("/nowhere") / name, Settings(), seed, 60, None)
            return [node.name for node in made.victims(2)], made.random.random()

        self.assertEqual(drawn(1), drawn(1))
        self.assertEqual(len({str(drawn(seed)) for seed in range(8)}), 8)
        # The one that the audit asks is never met.
        self.assertFalse(any("alice" in drawn(seed)[0] for seed in range(8)))

    def test_fault_is_refused_where_it_would_show_nothing(self):
        stage = types.SimpleNamespace(validators=lambda: [0] * 3, model=pathlib.Path("/nowhere"))
        for name in ("kill-one", "kill-two", "operator-cut"):
            with self.assertRaises(processes.Failed, msg=name):
                faults.ALL[name].check(stage)

    def test_clock_skew_says_what_to_install(self):
        with mock.patch("shutil.which", return_value=None):
            with self.assertRaisesRegex(processes.Failed, "^faketime is not installed: apt-get install faketime$"):
                faults.ALL["clock-skew"].check(None)

    def test_skew_is_read_from_the_log(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "node.log"
            ahead = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + 4))
            log.write_text(f"earlier\n{ahead} Imported #7\n")
            self.assertAlmostEqual(faults.clock_skew.skew(types.SimpleNamespace(log=log)), 4, delta=1.1)

    def test_list_and_unknown_fault_start_nothing(self):
        line = [sys.executable, "-B", str(HERE), "faults"]
        listed = subprocess.run([*line, "--list"], capture_output=True, text=True)
        self.assertEqual((listed.returncode, len(listed.stdout.splitlines())), (0, len(faults.ALL)))
        refused = subprocess.run([*line, "no-such-fault"], capture_output=True, text=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no-such-fault", refused.stderr)


if __name__ == "__main__":
    unittest.main()
