//! The `openledger` command.

fn main() {}
