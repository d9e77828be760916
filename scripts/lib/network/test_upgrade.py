"""python3 -B -m unittest discover -s scripts/lib/network"""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

import layout
import ledger
import places
import upgrade_code
import upgrade_rehearsal
import upgrade_state
from network import Settings
from processes import Failed

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ("System.Events", "System.Account", "Datanets.Datanets", "Inference.NextExpiry", "Staking.ActiveEra")
PREFIXES = {name: f"0x{place:064x}" for place, name in enumerate(NAMES)}


def entry(name, rest, value):
    return {PREFIXES[name] + rest: value}


class Differences(unittest.TestCase):
    def lost(self, before, after):
        return upgrade_state.compare(before, after, PREFIXES).lost()

    def test_nothing_is_lost_when_entries_are_added_or_hooks_change_theirs(self):
        kept = entry("Datanets.Datanets", "00", "0x01")
        before = kept | entry("System.Events", "", "0x01") | entry("Inference.NextExpiry", "", "0x01")
        after = kept | entry("Datanets.Datanets", "01", "0x01") | entry("Inference.NextExpiry", "", "0x02")
        self.assertEqual(self.lost(before, after), [])

    def test_entry_is_lost_when_it_is_gone_or_changed(self):
        before = entry("Datanets.Datanets", "00", "0x01") | entry("Datanets.Datanets", "01", "0x01")
        found = self.lost(before, entry("Datanets.Datanets", "00", "0x02"))
        self.assertEqual(len(found), 2)
        self.assertIn("1 of Datanets.Datanets gone", found[0])
        self.assertIn("1 of Datanets.Datanets changed", found[1])

    def test_account_is_lost_though_its_pallet_has_entries_of_hooks(self):
        before = entry("System.Account", "00", "0x01")
        self.assertEqual(len(self.lost(before, {})), 1)
        self.assertEqual(len(self.lost(before, entry("System.Account", "00", "0x02"))), 1)

    def test_account_may_change_when_an_era_begins(self):
        before = entry("System.Account", "00", "0x01") | entry("Staking.ActiveEra", "", "0x01")
        after = entry("System.Account", "00", "0x02") | entry("Staking.ActiveEra", "", "0x02")
        self.assertEqual(self.lost(before, after), [])
        self.assertEqual(len(self.lost(before, entry("Staking.ActiveEra", "", "0x02"))), 1)

    def test_entry_is_lost_when_nothing_is_known_of_its_key(self):
        self.assertIn("of unknown gone", self.lost({"0x" + "c" * 80: "0x01"}, {})[0])

    def test_state_is_written_as_the_runtimes_test_reads_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "state"
            upgrade_state.write({"0x01": "0x02", "0x03": "0x"}, path)
            self.assertEqual(path.read_text(), "0x01 0x02\n0x03 0x\n")


class Code(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.given = self.folder / "given"
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def prepare(self, code):
        self.given.write_bytes(code)
        path, self.version = upgrade_code.prepare(self.given, None, self.folder)
        return path.read_bytes()

    def test_code_is_left_as_it_is_when_it_fits(self):
        self.assertEqual(self.prepare(b"\0asm"), b"\0asm")

    def test_code_is_compressed_when_a_block_has_no_room(self):
        def zstd(line):
            pathlib.Path(line[-1]).write_bytes(b"packed")

        with mock.patch("shutil.which", return_value="/zstd"), mock.patch.object(upgrade_code, "run", zstd):
            found = self.prepare(b"\0" * upgrade_code.LONGEST)
        self.assertEqual(found, upgrade_code.COMPRESSED + b"packed")

    def test_code_is_refused_when_it_is_too_long_for_a_block_even_so(self):
        with self.assertRaisesRegex(Failed, "a block has room for"):
            self.prepare(upgrade_code.COMPRESSED + b"\0" * upgrade_code.LONGEST)

    def test_code_takes_zstd_when_it_is_too_long(self):
        with mock.patch("shutil.which", return_value=None), self.assertRaisesRegex(Failed, "apt-get install zstd"):
            self.prepare(b"\0" * upgrade_code.LONGEST)

    def test_version_is_read_from_its_section(self):
        name = b"\x28openledger"
        self.prepare(b"\0asm ext_misc_runtime_version \x0fruntime_version" + name * 2 + b"\x01\0\0\0\x07\x01\0\0rest")
        self.assertEqual(self.version, 263)
        self.prepare(upgrade_code.COMPRESSED)
        self.assertIsNone(self.version)

    def test_missing_file_is_named(self):
        with self.assertRaisesRegex(Failed, "can't read the code.*given"):
            upgrade_code.prepare(self.given, None, self.folder)


class Rehearsal(unittest.TestCase):
    def setUp(self):
        settings = Settings(others=upgrade_rehearsal.OTHERS)
        self.made = upgrade_rehearsal.Rehearsal(pathlib.Path("/nowhere"), settings, 60, pathlib.Path("/new"))
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def test_every_node_begins_with_the_old_version(self):
        binaries = {node.binary for node in self.made.network.nodes.values()}
        self.assertEqual(binaries, {places.NODE})
        self.assertIs(self.made.watch.network, self.made.network)

    def test_newcomer_is_no_validator_and_keeps_every_state(self):
        newcomer = self.made.node(upgrade_rehearsal.NEWCOMER).member
        self.assertNotIn(newcomer.name, layout.VALIDATORS)
        line = layout.arguments(newcomer, pathlib.Path("/n"), pathlib.Path("/s"), [], self.made.network.settings)
        self.assertEqual(line[line.index("--state-pruning") + 1], "archive")

    def test_code_of_no_later_version_is_refused_before_anybody_votes(self):
        anchor = types.SimpleNamespace(rpc=lambda method: {"specVersion": 2})
        with mock.patch.object(self.made, "anchor", return_value=anchor):
            with self.assertRaisesRegex(Failed, "version 2, the chain 2: raise its spec_version"):
                self.made.upgrade(None, 2)

    def test_pause_has_to_hold(self):
        for refused in (None, "system.Other"):
            with mock.patch.object(self.made, "ask", return_value={"refused": refused}):
                self.assertRaisesRegex(Failed, str(refused), self.made.expect_paused)

    def migrated(self, ends):
        anchor = types.SimpleNamespace(rpc=lambda method, at: f"0x{at}")
        answers = {"prefixes": PREFIXES, "ends": ends, "try": {"refused": upgrade_rehearsal.PAUSE_REFUSED}}
        self.made.block = 7
        with (
            mock.patch.object(self.made, "anchor", return_value=anchor),
            mock.patch.object(self.made, "ask", side_effect=lambda name, **_: answers[name]),
            mock.patch.object(upgrade_state, "read", side_effect=lambda node, block: {}),
        ):
            self.made.compare_states()

    def test_migration_is_seen_by_the_end_that_the_pause_has(self):
        self.migrated({upgrade_rehearsal.PAUSED: 120})
        self.assertEqual(self.made.end, 120)

    def test_migration_is_missed_when_the_pause_has_no_end(self):
        with self.assertRaisesRegex(Failed, "gave an end to nothing"):
            self.migrated({})

    def test_both_loads_are_audited(self):
        loads = []
        for name in ("0x1", "0x2"):
            made = ledger.Transfers(5)
            for line in ({"submitted": name}, {"finalised": name, "to": "A"}, {"unfinished": []}):
                made.note(line)
            loads.append(made)
        upgrade_rehearsal.merge(*loads)
        self.assertEqual((loads[0].expected(), loads[0].missing({"0x1"})), ({"A": 10}, {"0x2"}))


class CommandLine(unittest.TestCase):
    def test_help_starts_nothing_and_unknown_option_is_refused(self):
        for option, status in (("--help", 0), ("--no-such", 2)):
            ended = subprocess.run([sys.executable, "-B", str(HERE / "upgrade.py"), option], capture_output=True, text=True)
            self.assertEqual(ended.returncode, status, ended.stderr)


if __name__ == "__main__":
    unittest.main()
