"""What the figures are aimed at, each in its figure's unit; a figure without an entry has no target."""

TARGETS = {
    "node_resident": "< 250",
    "operator_resident": "< 900",
    "decode": ">= 15",
    "mixed_slowdown": "<= 0.2",
    "demo_training_s": "< 720",
    "demo_cached_s": "< 120",
    "blocks_over_generation": "<= 4",
    "datanet_first": ">= 0.9",
    "source_in_five": ">= 0.5",
}
