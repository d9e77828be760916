//! The operator's side: job queue, content store, HTTP, and the bridge to the engines.
