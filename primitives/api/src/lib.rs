//! Versioned runtime APIs and the types they return.
#![cfg_attr(not(feature = "std"), no_std)]
