//! Fee split, accrual and payout.
#![cfg_attr(not(feature = "std"), no_std)]
