//! Jobs, results and the host interface between off-chain worker and engine.
#![cfg_attr(not(feature = "std"), no_std)]
