//! What is measured of rings that act against honest operators, and from where on any attack pays.

use crate::{
	agents::{Lie, Operator, Verifier},
	disputes::{Dispute, looked_at},
	lying::Lying,
	rings::Ring,
	rules::{Deposit, Market, Rules},
	scenarios::{Crowd, operators_gain, ring_over_its_honesty, seat_bond},
	stats::mean,
};
use serde_json::{Value, json};

/// The default rules without the cap on rewards.
fn uncapped() -> Rules {
	Rules { cap: f64::INFINITY, ..Rules::default() }
}

/// The default rules with fines that do not grow with the claim's fee.
fn fines_of_bonds_alone() -> Rules {
	Rules { fine_in_fees: 0.0, ..Rules::default() }
}

/// The default rules with deposits of three fees, however small those are.
fn deposits_in_fees() -> Rules {
	Rules { deposit: Deposit::Fees(3.0), ..Rules::default() }
}

/// The default rules with deposits of four fees where by default they are three.
fn higher_deposits() -> Rules {
	Rules { deposit: Deposit::Penalty(0.2), ..Rules::default() }
}

/// The default rules with the same deposit for every claim, in OPEN.
fn constant_deposits() -> Rules {
	Rules { deposit: Deposit::Constant(10.0), ..Rules::default() }
}

/// The default rules with twice the deposit for disputes.
fn dearer_disputes() -> Rules {
	Rules { least_dispute: 200.0, ..Rules::default() }
}

/// A ring that finds true claims with high fees false, and honest operators beside it.
pub(crate) fn accusers(seed: u64) -> Value {
	let rows = [0.2, 1.0 / 3.0, 0.4].map(|share| {
		let crowd = Crowd {
			of_each: 0,
			honest: 1_000,
			ring: share,
			ring_does: Verifier::Accusing,
			..Crowd::default()
		};
		let of = |rules: &Rules, aside: f64| {
			let market = Market { aside, ..Market::default() };
			let (world, over) = ring_over_its_honesty(rules, &market, &crowd, seed);
			let bond = seat_bond(&market);
			let ring = Ring { share, bond, fee: market.high_fee, aside };
			json!({
				"over_its_honesty": over,
				"operators": mean(&operators_gain(&world, Operator::Honest)),
				"wronged": world.counts.wronged,
				"pays_from_fee": ring.accusing_pays_from_fee(rules),
				"pays_from_fee_with_least_bonds":
					Ring { bond: market.verifier_bond, ..ring }.accusing_pays_from_fee(rules),
			})
		};
		json!({
			"ring": share,
			"rewards_only": of(&Rules::default(), 0.0),
			"its_fee_back_besides": of(&Rules::default(), 1.0),
			"its_fee_back,_fines_of_bonds_alone": of(&fines_of_bonds_alone(), 1.0),
			"rewards_without_the_cap": of(&uncapped(), 0.0),
		})
	});
	json!(rows)
}

/// Whether a ring of a third gains by appealing against the truth, by fee and by deposit.
pub(crate) fn false_appeals(seed: u64) -> Value {
	let rows = [0.02, 0.1, 0.25, 0.5, 1.0, 5.0, 50.0].map(|fee| {
		let of = |rules: &Rules| {
			let aside = Market::default().aside;
			// Bonds that outlast what is taken, so that every appeal is worth as much as the first.
			let market = Market {
				common_fee: fee,
				high_part: 0.0,
				operator_bond: 1e7,
				epochs: 8,
				..Market::default()
			};
			let share = 1.0 / 3.0;
			let ring = Ring { share, bond: seat_bond(&market), fee, aside };
			let crowd = Crowd {
				of_each: 0,
				honest: 1_000,
				ring: share,
				ring_does: Verifier::Appealing,
				..Crowd::default()
			};
			let (world, over) = ring_over_its_honesty(rules, &market, &crowd, seed);
			json!({
				"deposit": rules.stake(fee),
				"least_deposit": ring.least_deposit(rules),
				"closed_form": ring.appealing_returns(rules),
				"over_its_honesty": over,
				"operators": mean(&operators_gain(&world, Operator::Honest)),
				"pays_from_share": ring.appealing_pays_from(rules),
			})
		};
		json!({
			"fee": fee,
			"of_the_penalty": of(&Rules::default()),
			"in_fees": of(&deposits_in_fees()),
			"constant": of(&constant_deposits()),
		})
	});
	json!(rows)
}

/// Up to which fee appealing rightly pays, by the ring's share.
pub(crate) fn right_appeals(rules: &Rules, market: &Market) -> Value {
	let rows = [0.1, 0.2, 1.0 / 3.0].map(|share| {
		let ring = Ring { share, bond: market.verifier_bond, fee: 0.0, aside: 0.0 };
		let common = Ring { fee: market.common_fee, ..ring };
		json!({
			"share": share,
			"outsider_up_to": ring.appealing_rightly_pays_up_to_fee(rules, false),
			"outvoted_up_to": ring.appealing_rightly_pays_up_to_fee(rules, true),
			"outsider_about_a_common_fee": common.appealing_rightly_returns(rules, false),
			"outsider_where_deposits_are_in_fees":
				common.appealing_rightly_returns(&deposits_in_fees(), false),
			"outsider_where_deposits_are_constant":
				common.appealing_rightly_returns(&constant_deposits(), false),
		})
	});
	json!(rows)
}

/// What disputing returns, by fee and by a ring's share.
pub(crate) fn disputes(rules: &Rules, market: &Market) -> Value {
	let rows = [0.1, 0.5, 2.0, 5.0, 50.0].map(|fee| {
		let of = |by_payer| Dispute { share: 0.0, fee, by_payer };
		let about = |lie| Lying::of(rules, market, lie, 0.0, fee);
		let rightly = |share, by_payer, lie: Lie| {
			let back = lie.skips();
			Dispute { share, fee, by_payer }.rightly_returns(rules, about(lie), back)
		};
		let falsely = |by_payer| of(by_payer).pays_falsely_from(rules, market.verifier_bond);
		json!({
			"fee": fee,
			"stake": of(false).stake(rules),
			"sure_from": of(false).sure_from(rules, false),
			"payer_sure_from_about_a_sketch": of(true).sure_from(rules, false),
			"payer_sure_from_about_an_answer": of(true).sure_from(rules, true),
			"rightly_with_a_tenth": rightly(0.1, false, Lie::Sketch),
			"rightly_with_a_fifth": rightly(0.2, false, Lie::Sketch),
			"rightly_with_a_third": rightly(1.0 / 3.0, false, Lie::Sketch),
			"payer_rightly_with_a_third": rightly(1.0 / 3.0, true, Lie::Answer),
			"rightly_pays_up_to": of(false).pays_rightly_up_to(rules, about(Lie::Sketch), false),
			"payers_rightly_pays_up_to": of(true).pays_rightly_up_to(rules, about(Lie::Answer), true),
			"rightly_pays_up_to_with_twice_the_deposit":
				of(false).pays_rightly_up_to(&dearer_disputes(), about(Lie::Sketch), false),
			"falsely_pays_from": falsely(false),
			"payers_falsely_pays_from": falsely(true),
		})
	});
	json!(rows)
}

/// What of lies that lots don't call has to be audited, and what reading true ones costs.
pub(crate) fn private(rules: &Rules, market: &Market) -> Value {
	let lies = [("sketch", Lie::Sketch), ("answer", Lie::Answer), ("both", Lie::Both)];
	let lies = lies.map(|(name, lie)| {
		let of = |share, back| {
			let lying = Lying::of(rules, market, lie, share, market.high_fee);
			looked_at(rules, market, lying, back)
		};
		json!({
			"lie": name,
			"alone": of(0.0, 0.0),
			"with_a_third": of(1.0 / 3.0, 0.0),
			"with_a_third_and_half_back": of(1.0 / 3.0, rules.rewarded),
		})
	});
	let read = [0.1, 0.2, 1.0 / 3.0].map(|share| {
		let dispute = Dispute { share, fee: market.common_fee, by_payer: false };
		json!({ "share": share, "read_for": dispute.read_for(rules) })
	});
	json!({ "lies": lies, "reading": read })
}

/// From which share of the bond on each attack pays, by fee.
pub(crate) fn limits(rules: &Rules, market: &Market) -> Value {
	let rows = [0.02, 0.1, 0.5, 5.0, 50.0, 500.0].map(|fee| {
		let lies = |lie, watched| {
			Lying { watched, ..Lying::of(rules, market, lie, 0.0, fee) }.pays_from(rules)
		};
		let ring = |bond, aside| Ring { share: 0.0, bond, fee, aside };
		let (least, mean) = (market.verifier_bond, seat_bond(market));
		let unappealed =
			Lying { watched: 0.0, outvoted: 0.0, ..Lying::of(rules, market, Lie::Both, 0.0, fee) };
		json!({
			"fee": fee,
			"lie_about_both_that_nobody_appeals_for": unappealed.pays_from(rules),
			"lie_about_both_unwatched": lies(Lie::Both, 0.0),
			"lie_about_both_watched": lies(Lie::Both, 1.0),
			"accusing_for_rewards": ring(least, 0.0).accusing_pays_from(rules),
			"accusing_as_payer": ring(least, 1.0).accusing_pays_from(rules),
			"accusing_as_payer_where_fines_are_of_bonds_alone":
				ring(least, 1.0).accusing_pays_from(&fines_of_bonds_alone()),
			"accusing_as_payer_with_mean_bonds": ring(mean, 1.0).accusing_pays_from(rules),
			"appealing": ring(least, 1.0).appealing_pays_from(rules),
			"appealing_where_deposits_are_in_fees":
				ring(least, 1.0).appealing_pays_from(&deposits_in_fees()),
			"appealing_where_deposits_are_a_fifth_of_the_penalty":
				ring(least, 1.0).appealing_pays_from(&higher_deposits()),
		})
	});
	json!(rows)
}
