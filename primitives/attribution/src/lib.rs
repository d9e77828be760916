//! The attribution rule: verify a claim, score, rank, split.
#![cfg_attr(not(feature = "std"), no_std)]
