"""What the figures are aimed at, each in its figure's unit; a figure without an entry has no target."""

TARGETS = {
    "node_resident": "< 250",
    "operator_resident": "< 900",
    "decode": ">= 15",
    "decode_over_llama_cpp": ">= 1.0",
    "prefill_over_llama_cpp": ">= 1.2",
    "base16_over_llama_cpp": ">= 1.0",
    "mixed16_over_llama_cpp": ">= 2.5",
    "mixed16_slowdown": "<= 0.2",
    "cold_adapter_over_read": "<= 2.0",
    "overflow_throughput_ratio": ">= 0.7",
    "resident_mb_1000_adapters": "<= 1100",
    "gemm_over_gemm": ">= 0.9",
    "train_over_autograd": ">= 3.0",
    "demo_training_s": "< 720",
    "demo_cached_s": "< 120",
    "blocks_over_generation": "<= 4",
    "datanet_first": ">= 0.9",
    "source_in_five": ">= 0.5",
    "scan_over_read_1m_512": "<= 1.5",
    "two_stage_recall": ">= 0.999",
}
