//! Benchmarks, and the stage that they need from the runtime.
