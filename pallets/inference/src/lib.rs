//! Operators, requests and the off-chain worker that answers them.
#![cfg_attr(not(feature = "std"), no_std)]
