//! Receipts of answers that are settled in batches: what both sides sign, the tree that adds fees
//! up, and the draws that decide which receipts a batch is paid by.
//!
//! ## Terms
//!
//! A *session* is between one payer and one operator about one model version. Every answer given in
//! it has a [`Receipt`], signed by the operator, and the receipts are the leaves of one append-only
//! tree in which every node knows the sum of the fees below it ([`sum_tree`]). For each answer the
//! payer's client signs a [`Voucher`]: the tree's root, its number of receipts, and its sum, which is
//! all that the payer owes in this session so far. A *batch* is a list of [`Line`]s, each of them
//! what one voucher owes beyond what earlier batches settled. The smallest units of fee in a
//! batch are numbered line after line; later randomness draws some of them ([`draw`]), and each
//! leads to the one receipt whose fee covers it.
//!
//! ## One tree instead of two
//!
//! The specification has the operator build a sum tree over the receipts of a batch, beside the
//! roots that payers sign, and lets others challenge where the two disagree. Here the payer signs the
//! sum tree itself. A unit that is drawn lies in exactly one line, and there in exactly one receipt
//! under a root that the payer signed; and every unit of a session is in one batch at most, since a
//! line begins where the last one ended. So there is no second tree to prove equal to the first, and
//! no receipt that could be settled twice. What is left to an operator and a payer in league is to
//! sign whatever they like, at the price of the fees that they sign.
//!
//! Nothing here does I/O, panics or knows a pallet.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

extern crate alloc;

pub mod batch;
pub mod commitment;
pub mod draw;
pub mod prove;
pub mod receipt;
pub mod sum_tree;
pub mod voucher;

pub use batch::Line;
pub use receipt::{Receipt, SignedReceipt};
pub use sum_tree::{SumFrontier, SumNode, SumProof};
pub use voucher::{SignedVoucher, Voucher};
