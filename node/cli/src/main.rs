//! The openledger-node binary.

fn main() {}
