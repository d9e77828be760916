//! The vocabulary of OpenLedger: ids, shares, records and the one Merkle tree.
#![cfg_attr(not(feature = "std"), no_std)]
