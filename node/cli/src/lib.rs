//! The openledger-node binary: command line, chain specification, service wiring.
