//! Datanets: contributions, curation, snapshots.
#![cfg_attr(not(feature = "std"), no_std)]
