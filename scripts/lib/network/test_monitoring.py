"""What docs/monitoring holds: that it can be read, and fits the network."""

import json
import re
import unittest

from layout import PORT_BASE, members
from places import ROOT

MONITORING = ROOT / "docs" / "monitoring"
TARGET = re.compile(r'- targets: \["127\.0\.0\.1:(\d+)"\]\n\s+labels: \{ node: (\w+), role: (\w+) \}\n')


class Monitoring(unittest.TestCase):
    def test_every_node_is_scraped_on_its_port(self):
        text = (MONITORING / "prometheus.yml").read_text()
        self.assertNotIn("\t", text)
        found = [(int(port), name, role) for port, name, role in TARGET.findall(text)]
        self.assertEqual(found, [(one.port(PORT_BASE, "metrics"), one.name, one.role) for one in members()])
        # Nothing that the expression above does not see.
        self.assertEqual(text.count("targets:"), len(found))

    def test_dashboard_panels_ask_for_something_and_do_not_overlap(self):
        dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        panels = dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            place = panel["gridPos"]
            cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells
            if panel["type"] != "row":
                self.assertTrue(panel["targets"] and panel["description"], panel["title"])
            for target in panel.get("targets", []):
                self.assertRegex(target["expr"], r'\{job="openledger",node=~"\$node"', panel["title"])
                self.assertEqual(target["expr"].count("("), target["expr"].count(")"))

    def test_worker_metrics_of_the_dashboard_are_those_of_the_worker(self):
        source = (ROOT / "node" / "worker" / "src" / "metrics.rs").read_text()
        dashboard = (MONITORING / "dashboard.json").read_text()
        made = set(re.findall(r'"(openledger_\w+)"', source))
        self.assertEqual(set(re.findall(r"openledger_\w+", dashboard)) , made)


if __name__ == "__main__":
    unittest.main()
