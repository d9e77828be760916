use crate::{
	agents::Lie,
	disputes::{Dispute, looked_at},
	lying::Lying,
	rules::{Market, Rules},
};

const THIRD: f64 = 1.0 / 3.0;

fn dispute(share: f64, fee: f64, by_payer: bool) -> Dispute {
	Dispute { share, fee, by_payer }
}

#[test]
fn disputing_what_is_true_pays_up_to_half_of_the_bond_at_no_fee() {
	let (rules, bond) = (Rules::default(), Market::default().verifier_bond);
	for fee in [0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4] {
		for by_payer in [false, true] {
			for share in [0.05, 0.2, THIRD, 0.45] {
				let returns = dispute(share, fee, by_payer).falsely_returns(&rules, bond);
				assert!(returns < 0.0, "{fee} {by_payer} {share}: {returns}");
			}
		}
	}
	// Up to a third an appeal's deposit would do for that: the least one is the price of what is opened.
	let without = Rules { least_dispute: 0.0, ..rules };
	for fee in [0.01, 0.5, 5.0, 500.0] {
		assert!(dispute(THIRD, fee, true).falsely_returns(&without, bond) < 0.0, "{fee}");
	}
}

#[test]
fn share_from_which_disputing_falsely_pays_is_where_it_returns_nothing() {
	let (rules, bond) = (Rules::default(), Market::default().verifier_bond);
	for (fee, by_payer) in [(0.1, false), (5.0, true), (50.0, true)] {
		let from = dispute(0.0, fee, by_payer).pays_falsely_from(&rules, bond);
		assert!(from > 0.45, "{fee}: {from}");
		let at = |share| dispute(share, fee, by_payer).falsely_returns(&rules, bond);
		assert!(from == 1.0 || at(from - 1e-3) < 0.0 && at(from + 1e-3) > 0.0, "{fee}: {from}");
	}
}

#[test]
fn guessing_does_not_pay_and_knowing_does() {
	let rules = Rules::default();
	for fee in [0.02, 0.1, 1.0, 5.0, 50.0] {
		let outsider = dispute(0.0, fee, false).sure_from(&rules, false);
		let payer = dispute(0.0, fee, true).sure_from(&rules, false);
		assert!(outsider > 0.95 && payer > 0.9 && payer < outsider, "{fee}: {outsider} {payer}");
		assert!(dispute(0.0, fee, true).sure_from(&rules, true) < payer);
		let lying = Lying::of(&rules, &Market::default(), Lie::Sketch, 0.0, fee);
		let knows = |share| dispute(share, fee, false).rightly_returns(&rules, lying, false);
		assert!(knows(0.0) > 0.0 && knows(0.1) > 0.0, "{fee}");
		assert!(knows(THIRD) < 0.0, "what a third keeps from being found costs the deposit");
		let up_to = dispute(0.0, fee, false).pays_rightly_up_to(&rules, lying, false);
		assert!((0.25..0.33).contains(&up_to), "{fee}: {up_to}");
		assert!(knows(up_to - 1e-6) > 0.0 && knows(up_to + 1e-6) < 0.0, "{fee}: {up_to}");
		let dearer = Rules { least_dispute: 2.0 * rules.least_dispute, ..rules.clone() };
		assert!(dispute(0.0, fee, false).pays_rightly_up_to(&dearer, lying, false) <= up_to);
	}
}

#[test]
fn lies_lose_where_the_part_is_audited_that_is_said_to_do() {
	let (rules, market) = (Rules::default(), Market::default());
	for lie in [Lie::Sketch, Lie::Answer, Lie::Both] {
		for share in [0.0, 0.1, 0.3] {
			let lying = Lying::of(&rules, &market, lie, share, market.high_fee);
			let part = looked_at(&rules, &market, lying, 0.0);
			// Expected beyond honesty, with all else as where lots call: the penalty is what it is.
			let found = lying.found(&rules);
			let returns = |part: f64| {
				let penalty = rules.penalty(lying.fee) / lying.fee;
				(1.0 - part * found) * lying.gain - part * found * (penalty + lying.lost)
			};
			assert!(returns(part * 0.99) > 0.0 && returns(part * 1.01) < 0.0, "{lie:?} {share}");
			assert!(part < 0.04, "{lie:?} {share}: {part}");
		}
	}
}

#[test]
fn reading_a_text_costs_a_deposit_for_each_committee_that_one_sits_in() {
	let rules = Rules::default();
	let costs = dispute(0.1, 0.1, false).read_for(&rules);
	assert!((costs - 100.0 / (1.0 - 0.9f64.powi(3))).abs() < 1e-9);
	assert!((dispute(1.0, 0.1, false).read_for(&rules) - 100.0).abs() < 1e-9);
}
