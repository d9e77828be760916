//! Bases, adapters, versions, lineage, prices and index commitments.
#![cfg_attr(not(feature = "std"), no_std)]
