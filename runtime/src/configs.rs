//! How each pallet is configured, one file for each concern.

pub mod consensus;
pub mod openledger;
pub mod parameters;
pub mod system;
pub mod tokens;
pub mod utility;
