//! Claims, their verification, challenges and finality.
#![cfg_attr(not(feature = "std"), no_std)]
