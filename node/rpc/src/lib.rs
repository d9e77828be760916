//! The openledger_* JSON-RPC namespace.
