//! Which calls the load is made of.

use crate::chain::{account, address, bytes, list, number, option, record, variant};
use clap::ValueEnum;
use openledger_primitives_core::Hash;
use sp_core::{Blake2Hasher, Hasher, crypto::AccountId32};
use subxt::{
	dynamic::Value,
	ext::scale_value::{Composite, ValueDef},
};

/// What one transfer moves: little, but no dust.
const MOVED: u128 = 1_000_000_000;

/// Which transactions to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mix {
	/// Transfers of OPEN from account to account.
	Transfers,
	/// OpenLedger's own calls that need no model: committing to records and dropping the
	/// commitment, offering a Datanet and setting its policy, registering a base.
	Calls,
	/// One of each in turn.
	All,
}

/// A kind of transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
	/// A transfer.
	Transfer,
	/// A Datanet, which an account needs before the calls that follow.
	Create,
	/// The first step of a contribution.
	Commit,
	/// A new base.
	RegisterBase,
	/// An offer of the account's Datanet.
	Offer,
	/// The same policy again.
	SetPolicy,
	/// What was committed to before.
	DropCommitment,
	/// A payee, where the chain knows payees.
	NamePayee,
	/// None again.
	RemovePayee,
}

/// A call, ready to be encoded.
pub struct Call {
	/// Its pallet.
	pub pallet: &'static str,
	/// Its name.
	pub name: &'static str,
	/// Its arguments.
	pub arguments: Composite<()>,
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Party {
	/// The account.
	pub account: AccountId32,
	/// Another one of the load's.
	pub neighbour: AccountId32,
	/// The account's own Datanet, where the mix needs one.
	pub datanet: Option<u32>,
}

/// The order of the kinds, the same for every account.
#[derive(Clone, Debug)]
pub struct Order {
	mix: Mix,
	own: Vec<Kind>,
}

impl Order {
	/// For a chain that knows payees, or does not.
	pub fn new(mix: Mix, payees: bool) -> Self {
		let mut own = vec![
			Kind::Commit,
			Kind::RegisterBase,
			Kind::Offer,
			Kind::SetPolicy,
			Kind::DropCommitment,
		];
		if payees {
			own.extend([Kind::NamePayee, Kind::RemovePayee]);
		}
		Self { mix, own }
	}

	/// Whether accounts need a Datanet of their own.
	pub fn needs_datanets(&self) -> bool {
		self.mix != Mix::Transfers
	}

	/// One of each kind that occurs.
	pub fn kinds(&self) -> Vec<Kind> {
		let transfer = (self.mix != Mix::Calls).then_some(Kind::Transfer);
		let own = self.needs_datanets().then_some(&self.own);
		transfer.into_iter().chain(own.into_iter().flatten().copied()).collect()
	}

	/// The kind of an account's `sequence`-th transaction, and in which round of the kinds it is.
	pub fn kind(&self, sequence: u64) -> (Kind, u64) {
		let length = self.own.len() as u64;
		let own = |at: u64| (self.own[(at % length) as usize], at / length);
		match self.mix {
			Mix::Transfers => (Kind::Transfer, sequence),
			Mix::Calls => own(sequence),
			Mix::All if sequence.is_multiple_of(2) => (Kind::Transfer, sequence / 2),
			Mix::All => own(sequence / 2),
		}
	}
}

impl Kind {
	/// The call of this kind by `party` in `round`.
	pub fn call(self, party: &Party, round: u64) -> Call {
		let own = || number(party.datanet.unwrap_or_default());
		let hash = || -> Hash {
			let account: &[u8; 32] = party.account.as_ref();
			Blake2Hasher::hash(&[&account[..], &round.to_le_bytes()].concat())
		};
		let (pallet, name, arguments) = match self {
			Self::Transfer => (
				"Balances",
				"transfer_keep_alive",
				record([("dest", address(&party.neighbour)), ("value", number(MOVED))]),
			),
			Self::Create => (
				"Datanets",
				"create",
				record([
					("name", bytes("load")),
					("description", bytes("")),
					("kind", variant("Text")),
					("terms", bytes("")),
					("policy", variant("Owner")),
					("curators", list([])),
				]),
			),
			Self::Commit => {
				("Datanets", "commit", record([("datanet", own()), ("commitment", bytes(hash()))]))
			}
			Self::RegisterBase => (
				"Models",
				"register_base",
				record([
					("name", bytes("load")),
					("architecture", bytes("llama")),
					("weights", bytes(hash())),
					("tokenizer", bytes(hash())),
					("royalty", number(0u32)),
				]),
			),
			Self::Offer => (
				"Datanets",
				"offer_ownership",
				record([("datanet", own()), ("to", account(&party.neighbour))]),
			),
			Self::SetPolicy => (
				"Datanets",
				"set_policy",
				record([("datanet", own()), ("policy", variant("Owner")), ("curators", list([]))]),
			),
			Self::DropCommitment => (
				"Datanets",
				"drop_commitment",
				record([
					("datanet", own()),
					("contributor", account(&party.account)),
					("commitment", bytes(hash())),
				]),
			),
			Self::NamePayee => (
				"Rewards",
				"set_payee",
				record([("payee", option(Some(address(&party.neighbour))))]),
			),
			Self::RemovePayee => ("Rewards", "set_payee", record([("payee", option(None))])),
		};
		Call { pallet, name, arguments: composite(arguments) }
	}
}

fn composite(value: Value) -> Composite<()> {
	match value.value {
		ValueDef::Composite(within) => within,
		_ => Composite::Unnamed(Vec::new()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn party() -> Party {
		Party {
			account: AccountId32::new([1; 32]),
			neighbour: AccountId32::new([2; 32]),
			datanet: Some(7),
		}
	}

	#[test]
	fn own_calls_are_several_and_take_turns() {
		let order = Order::new(Mix::Calls, false);
		let kinds: Vec<_> = (0..5).map(|sequence| order.kind(sequence).0).collect();
		assert_eq!(kinds, order.kinds());
		assert_eq!(order.kind(5), (Kind::Commit, 1));
		assert!(!kinds.contains(&Kind::Transfer));
		assert_eq!(Order::new(Mix::Calls, true).kinds().len(), 7);
	}

	#[test]
	fn all_is_a_transfer_and_an_own_call_in_turn() {
		let order = Order::new(Mix::All, false);
		let kinds: Vec<_> = (0..4).map(|sequence| order.kind(sequence).0).collect();
		assert_eq!(kinds, [Kind::Transfer, Kind::Commit, Kind::Transfer, Kind::RegisterBase]);
		assert_eq!(order.kinds().len(), 6);
		let transfers = Order::new(Mix::Transfers, true);
		assert_eq!(transfers.kinds(), [Kind::Transfer]);
		assert!(!transfers.needs_datanets());
	}

	#[test]
	fn commitment_is_dropped_in_the_round_in_which_it_was_made() {
		let of = |kind: Kind, round| match kind.call(&party(), round).arguments {
			Composite::Named(fields) => {
				fields.into_iter().find(|(name, _)| name == "commitment").unwrap().1
			}
			Composite::Unnamed(_) => panic!("no names"),
		};
		assert_eq!(of(Kind::Commit, 3), of(Kind::DropCommitment, 3));
		assert_ne!(of(Kind::Commit, 3), of(Kind::Commit, 4));
	}
}
