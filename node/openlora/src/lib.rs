//! Inference and LoRA training over one shared base with many adapters.
