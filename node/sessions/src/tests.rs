//! Both sides together, by what they promise.

mod admission;
mod batches;
mod concurrent;
mod disk;
mod encryption;
mod export;
mod interleaving;
mod killed;
mod mangle;
mod mangled;
mod power;
mod protocol;
mod pruning;
mod purse;
mod resync;
mod vouchers;
mod world;
