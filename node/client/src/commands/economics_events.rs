//! From the chain's events to facts, by the names of their fields: fields may be added, and their
//! order may change, without anything to change here.

use super::economics_books::{Account, Fact, Part};
use subxt::{
	dynamic::{At, Value},
	ext::scale_value::{Composite, Primitive, ValueDef},
};

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
	/// Nothing that separates the parts of a fee from each other: accounts that came into being.
	Nothing,
	/// A fact.
	Fact(Fact),
	/// An inference fee was divided, which the chain's state says more about.
	Divided { request: u64, fee: u128, contributors: u128 },
}

/// Whether the fields of an event have to be decoded at all.
pub fn matters(pallet: &str, event: &str) -> bool {
	match pallet {
		"Balances" => {
			event == "Deposit" || event == "TotalIssuanceForced" || supply(event).is_some()
		}
		"TransactionPayment" => event == "TransactionFeePaid",
		"Rewards" => matches!(event, "Distributed" | "Claimed" | "Swept"),
		"Inference" => matches!(event, "OperatorSlashed" | "Refunded"),
		"Attribution" => {
			matches!(event, "ClaimCorrected" | "RelevanceCorrected" | "ChallengeFailed")
		}
		"Models" => matches!(event, "Registered" | "Condemned"),
		"Staking" => matches!(event, "EraPaid" | "Rewarded" | "Slashed"),
		_ => false,
	}
}

/// What an event says that does not matter.
pub fn passed_over(pallet: &str, event: &str) -> Said {
	match (pallet, event) {
		("Balances", "Endowed") | ("System", "NewAccount") | ("Treasury", "Deposit") => {
			Said::Nothing
		}
		_ => Said::Fact(Fact::Other),
	}
}

/// The events of the balances pallet that change the total issuance, by amounts of their own.
fn supply(event: &str) -> Option<(&'static str, bool)> {
	Some(match event {
		"Issued" => ("Issued", true),
		"Minted" => ("Minted", true),
		"MintedCredit" => ("MintedCredit", true),
		"Restored" => ("Restored", true),
		"Rescinded" => ("Rescinded", false),
		"Burned" => ("Burned", false),
		"BurnedDebt" => ("BurnedDebt", false),
		"BurnedHeld" => ("BurnedHeld", false),
		"Suspended" => ("Suspended", false),
		_ => return None,
	})
}

/// What an event says, given its fields; none where a field is missing that this client knows.
pub fn read(pallet: &str, event: &str, fields: &Composite<()>) -> Option<Said> {
	let number = |name: &str| fields.at(name).and_then(Value::as_u128);
	let who = |name: &str| fields.at(name).and_then(account);
	let amount = || number("amount");
	let fact = match (pallet, event) {
		("Balances", "Deposit") => Fact::Deposit { who: who("who")?, amount: amount()? },
		("Balances", "TotalIssuanceForced") => {
			let (old, new) = (number("old")?, number("new")?);
			Fact::Supply {
				event: "TotalIssuanceForced",
				minted: new >= old,
				amount: new.abs_diff(old),
			}
		}
		("Balances", event) => {
			let (event, minted) = supply(event)?;
			Fact::Supply { event, minted, amount: amount()? }
		}
		("TransactionPayment", "TransactionFeePaid") => {
			Fact::Fee { payer: who("who")?, fee: number("actual_fee")?, tip: number("tip")? }
		}
		("Rewards", "Distributed") => {
			return Some(Said::Divided {
				request: u64::try_from(number("request")?).ok()?,
				fee: number("fee")?,
				contributors: number("contributors")?,
			});
		}
		("Rewards", "Claimed") => {
			let account = who("account")?;
			// Chains from before there were payees pay the account itself.
			let payee = who("payee").unwrap_or(account);
			Fact::Claimed { amount: amount()?, to_payee: payee != account }
		}
		("Rewards", "Swept") => Fact::Swept { amount: amount()? },
		("Inference", "OperatorSlashed") => {
			Fact::OperatorSlashed { amount: amount()?, rewarded: number("rewarded")? }
		}
		("Inference", "Refunded") => Fact::Refunded { amount: amount()? },
		("Attribution", "ClaimCorrected" | "RelevanceCorrected") => {
			Fact::ChallengeWon { challenger: who("challenger")? }
		}
		("Attribution", "ChallengeFailed") => Fact::ChallengeLost { deposit: number("deposit")? },
		("Models", "Registered") => Fact::Deployed { fee: number("fee")? },
		("Models", "Condemned") => Fact::Condemned {
			challenger: who("challenger")?,
			amount: number("taken")?,
			rewarded: number("rewarded")?,
		},
		("Staking", "EraPaid") => Fact::EraPaid {
			validators: number("validator_payout")?,
			remainder: number("remainder")?,
		},
		("Staking", "Rewarded") => {
			Fact::StakingRewarded { staker: who("stash")?, amount: amount()? }
		}
		("Staking", "Slashed") => Fact::StakingSlashed { amount: amount()? },
		_ => return None,
	};
	Some(Said::Fact(fact))
}

/// The parts of a settlement as the state has it: every named field but the fee itself is one.
pub fn parts(settlement: &Value) -> Vec<Part> {
	let ValueDef::Composite(Composite::Named(fields)) = &settlement.value else {
		return Vec::new();
	};
	fields
		.iter()
		.filter(|(name, _)| name != "fee")
		.flat_map(|(name, value)| {
			let mut found = Vec::new();
			payments(value, &mut found);
			found.into_iter().map(|(account, amount)| Part { name: name.clone(), account, amount })
		})
		.collect()
}

/// An amount, a payment `{ account, amount }`, or a list of either.
fn payments(value: &Value, found: &mut Vec<(Option<Account>, u128)>) {
	if let Some(amount) = value.as_u128() {
		found.push((None, amount));
	} else if let Some(amount) = value.at("amount").and_then(Value::as_u128) {
		found.push((value.at("account").and_then(account), amount));
	} else if account(value).is_none()
		&& let ValueDef::Composite(within) = &value.value
	{
		for value in within.values() {
			payments(value, found);
		}
	}
}

/// The 32 bytes of an account, whatever they are wrapped in.
pub fn account(value: &Value) -> Option<Account> {
	let ValueDef::Composite(within) = &value.value else { return None };
	if within.len() == 1 {
		return account(within.values().next()?);
	}
	let bytes: Option<Vec<u8>> = within
		.values()
		.map(|value| match &value.value {
			ValueDef::Primitive(Primitive::U128(byte)) => u8::try_from(*byte).ok(),
			_ => None,
		})
		.collect();
	bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
	use super::*;

	fn id(byte: u8) -> Value {
		// As accounts come: a struct around an array.
		Value::unnamed_composite([Value::from_bytes([byte; 32])])
	}

	fn fields<const N: usize>(fields: [(&str, Value); N]) -> Composite<()> {
		Composite::named(fields)
	}

	fn fact<const N: usize>(pallet: &str, event: &str, given: [(&str, Value); N]) -> Option<Fact> {
		assert!(matters(pallet, event), "{pallet}.{event}");
		match read(pallet, event, &fields(given))? {
			Said::Fact(fact) => Some(fact),
			other => panic!("{other:?}"),
		}
	}

	#[test]
	fn fields_are_found_by_name_in_any_order() {
		let given = [("tip", Value::u128(1)), ("actual_fee", Value::u128(9)), ("who", id(3))];
		assert_eq!(
			fact("TransactionPayment", "TransactionFeePaid", given),
			Some(Fact::Fee { payer: [3; 32], fee: 9, tip: 1 })
		);
	}

	#[test]
	fn event_says_nothing_when_a_field_is_missing() {
		assert_eq!(fact("Balances", "Deposit", [("amount", Value::u128(1))]), None);
		assert_eq!(fact("Staking", "EraPaid", [("validator_payout", Value::u128(1))]), None);
	}

	#[test]
	fn events_of_supply_are_told_apart_by_direction() {
		let of = |event| match fact("Balances", event, [("amount", Value::u128(7))]) {
			Some(Fact::Supply { minted, amount: 7, .. }) => minted,
			other => panic!("{other:?}"),
		};
		assert!(["Issued", "Minted", "MintedCredit", "Restored"].into_iter().all(of));
		let burned = ["Rescinded", "Burned", "BurnedDebt", "BurnedHeld", "Suspended"];
		assert!(!burned.into_iter().any(of));
		let forced = [("old", Value::u128(10)), ("new", Value::u128(4))];
		assert_eq!(
			fact("Balances", "TotalIssuanceForced", forced),
			Some(Fact::Supply { event: "TotalIssuanceForced", minted: false, amount: 6 })
		);
	}

	#[test]
	fn challenges_are_won_by_what_either_kind_of_evidence_leaves_out() {
		for event in ["ClaimCorrected", "RelevanceCorrected"] {
			assert!(matters("Attribution", event));
			let won = fact("Attribution", event, [("challenger", id(4))]);
			assert_eq!(won, Some(Fact::ChallengeWon { challenger: [4; 32] }), "{event}");
		}
	}

	#[test]
	fn claim_goes_to_a_payee_when_one_is_named() {
		let before = [("account", id(1)), ("amount", Value::u128(5))];
		assert_eq!(
			fact("Rewards", "Claimed", before),
			Some(Fact::Claimed { amount: 5, to_payee: false })
		);
		for (payee, to_payee) in [(1, false), (2, true)] {
			let now = [("account", id(1)), ("payee", id(payee)), ("amount", Value::u128(5))];
			assert_eq!(
				fact("Rewards", "Claimed", now),
				Some(Fact::Claimed { amount: 5, to_payee })
			);
		}
	}

	#[test]
	fn events_of_no_interest_are_not_decoded_and_end_the_parts_of_a_fee() {
		for (pallet, event) in
			[("Balances", "Transfer"), ("Sudo", "Sudid"), ("Rewards", "PayeeSet")]
		{
			assert!(!matters(pallet, event));
			assert_eq!(passed_over(pallet, event), Said::Fact(Fact::Other));
		}
		// An author that comes into being by its first tip.
		assert_eq!(passed_over("Balances", "Endowed"), Said::Nothing);
	}

	#[test]
	fn settlement_is_read_with_and_without_the_validators_part() {
		let payment = |byte, amount| {
			Value::named_composite([("account", id(byte)), ("amount", Value::u128(amount))])
		};
		// A bounded vector: a struct around a list.
		let contributors =
			Value::unnamed_composite([Value::unnamed_composite([payment(1, 30), payment(2, 20)])]);
		let mut given = vec![
			("fee", Value::u128(100)),
			("contributors", contributors),
			("owner", payment(3, 20)),
			("operator", payment(4, 20)),
			("verifiers", Value::u128(5)),
			("treasury", Value::u128(5)),
		];
		let sum = |given: &[(&str, Value)]| -> (usize, u128) {
			let found = parts(&Value::named_composite(given.to_vec()));
			(found.len(), found.iter().map(|part| part.amount).sum())
		};
		assert_eq!(sum(&given), (6, 100));
		given[5].1 = Value::u128(3);
		given.push(("validators", Value::u128(2)));
		assert_eq!(sum(&given), (7, 100));
		let found = parts(&Value::named_composite(given));
		assert_eq!(
			found[1],
			Part { name: "contributors".into(), account: Some([2; 32]), amount: 20 }
		);
		assert_eq!(found[6].account, None);
	}

	#[test]
	fn settlement_without_contributors_has_no_part_for_them() {
		let nobody = Value::unnamed_composite([Value::unnamed_composite([])]);
		let given = [("fee", Value::u128(9)), ("contributors", nobody)];
		assert!(parts(&Value::named_composite(given)).is_empty());
		assert!(parts(&Value::u128(9)).is_empty());
	}

	#[test]
	fn account_is_refused_when_it_is_none() {
		assert_eq!(account(&id(7)), Some([7; 32]));
		assert_eq!(account(&Value::from_bytes([7; 31])), None);
		assert_eq!(account(&Value::unnamed_composite(vec![Value::u128(256); 32])), None);
		assert_eq!(account(&Value::u128(1)), None);
	}
}
