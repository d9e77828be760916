//! How each pallet is configured, one file for each concern.

pub mod authorities;
pub mod consensus;
pub mod emergency;
pub mod governance;
pub mod openledger;
pub mod parameters;
pub mod staking;
pub mod system;
pub mod tokens;
pub mod utility;
