//! A network of ten thousand operators that settles by draws: what fills its blocks, how long pay
//! takes, and how far off it is. `docs/scale.md` has the results.
//!
//! Nobody can hold a billion receipts a day. Batches are made up at the level of their draws
//! ([`drawn`]): a draw takes a unit of the batch's fees by the chain's own function, and only the
//! answer that this unit falls into is made up, after the distribution that it then has. Blocks are
//! filled with the weights and lengths of the runtime's calls ([`costs`], [`blocks`]).

pub mod blocks;
pub mod costs;
pub mod drawn;
pub mod network;
pub mod pay;
pub mod report;
pub mod run;
