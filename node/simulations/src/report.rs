//! Everything that is measured, as one JSON object.

use crate::{
	agents::{Lie, Operator, Verifier},
	attacks,
	bias::{self, Steering},
	books::Account,
	lying::Lying,
	odds,
	plot::{Line, chart},
	rings::Ring,
	rules::{Market, Refills, Rules},
	scenarios::{
		Crowd, OPERATORS, VERIFIERS, lived, operators_gain, over_honest_operators,
		over_honest_verifiers, verifiers_gain,
	},
	stats::mean,
};
use serde_json::{Map, Value, json};

/// The part of blocks that have a primary author, as the runtime configures BABE.
pub const PRIMARIES: f64 = 0.25;
/// The blocks of a round by default.
pub const ROUND: usize = 10;
/// How many worlds are looked at for how often something happens in them.
pub const WORLDS: u64 = 20;
/// The shares of the bond that are swept.
pub const SHARES: [f64; 9] = [0.0, 0.1, 0.2, 1.0 / 3.0, 0.4, 0.45, 0.5, 0.6, 2.0 / 3.0];

/// A crowd small enough to be swept.
fn small() -> Crowd {
	Crowd { honest: 600, of_each: 100, verifiers: 900, ..Crowd::default() }
}

/// What a lie about every sketch returns: simulated, and by the closed form.
fn sketch_lies(rules: &Rules, market: &Market, crowd: &Crowd, seed: u64) -> Value {
	let world = lived(rules, market, crowd, seed);
	let lying = |fee| Lying::of(rules, market, Lie::Sketch, crowd.ring, fee);
	json!({
		"simulated": over_honest_operators(&world, Operator::Always(Lie::Sketch)),
		"closed_form": market.over_fees(|fee| lying(fee).returns(rules)),
		"found": world.counts.found as f64 / world.counts.false_audited.max(1) as f64,
		"found_closed_form": market.over_claims(|fee| lying(fee).found(rules)),
	})
}

/// Operators' strategies, with a ring that has the part `ring` of verifiers' bonds.
fn operators(rules: &Rules, market: &Market, ring: f64, seed: u64) -> Value {
	// With a ring there is nobody else to bribe.
	let greedy = if ring > 0.0 { 0.0 } else { 0.1 };
	let crowd = Crowd { ring, greedy, ..Crowd::default() };
	let mut world = lived(rules, market, &crowd, seed);
	let over: Map<String, Value> = OPERATORS
		.iter()
		.map(|(name, does)| ((*name).into(), json!(over_honest_operators(&world, *does))))
		.collect();
	let fund = world.books.gained(Account::Fund);
	json!({
		"ring": ring,
		"honest": mean(&operators_gain(&world, Operator::Honest)),
		"over_honest": over,
		"counts": world.counts,
		"fund_left": fund,
		"ring_verifiers_over_honest": (ring > 0.0)
			.then(|| over_honest_verifiers(&world, Verifier::Colluding)),
	})
}

/// Verifiers' strategies where every operator is honest.
fn verifiers(rules: &Rules, market: &Market, seed: u64) -> Value {
	let crowd = Crowd { honest: 2_000, of_each: 0, verifiers_of_each: 25, ..Crowd::default() };
	let world = lived(rules, market, &crowd, seed);
	let lasting =
		Rules { seat_reward: rules.seat_reward_that_lasts(market.mean_fee()), ..rules.clone() };
	let paid = lived(&lasting, market, &crowd, seed);
	let over: Map<String, Value> = VERIFIERS
		.iter()
		.map(|(name, does)| ((*name).into(), json!(over_honest_verifiers(&world, *does))))
		.collect();
	json!({
		"honest": mean(&verifiers_gain(&world, Verifier::Honest)),
		"honest_where_the_part_is_paid_out": mean(&verifiers_gain(&paid, Verifier::Honest)),
		"over_honest": over,
		"counts": world.counts,
	})
}

/// Strikes after which a place is lost, where it can be.
fn never_is_null(strikes: u32) -> Option<u32> {
	(strikes < u32::MAX).then_some(strikes)
}

/// One parameter at a time, everything else at its default.
fn sweeps(seed: u64) -> Value {
	let rules = Rules::default;
	let market = Market::default;
	let third = || Crowd { ring: 1.0 / 3.0, ..small() };
	let row = |value: Value, rules: &Rules, market: &Market, crowd: &Crowd| {
		let mut row = sketch_lies(rules, market, crowd, seed);
		row["value"] = value;
		row
	};
	let ring = SHARES.map(|ring| row(json!(ring), &rules(), &market(), &Crowd { ring, ..small() }));
	let audit = [0.02, 0.05, 0.1, 0.2, 0.4]
		.map(|audit| row(json!(audit), &Rules { audit, ..rules() }, &market(), &third()));
	let margin = [0.25, 0.5, 1.0, 2.0, 4.0]
		.map(|margin| row(json!(margin), &Rules { margin, ..rules() }, &market(), &third()));
	let least_penalty = [0.0, 1.0, 10.0].map(|least_penalty| {
		row(json!(least_penalty), &Rules { least_penalty, ..rules() }, &market(), &third())
	});
	let watched = [0.0, 0.25, 0.5, 0.75, 1.0]
		.map(|watched| row(json!(watched), &rules(), &Market { watched, ..market() }, &third()));
	let outvoted = [0.0, 0.5, 1.0].map(|outvoted| {
		let market = Market { outvoted, watched: 0.0, ..market() };
		row(json!(outvoted), &rules(), &market, &third())
	});
	let committees = [(1, 3), (3, 9), (5, 15), (7, 21), (9, 27)].map(|(committee, appeal)| {
		let rules = Rules { committee, appeal, ..rules() };
		row(json!([committee, appeal]), &rules, &market(), &third())
	});
	let strikes = [3, 10, u32::MAX].map(|strikes| {
		let rules = Rules { strikes, minority_strikes: true, ..rules() };
		row(json!(never_is_null(strikes)), &rules, &market(), &Crowd { ring: 0.4, ..small() })
	});
	let canary = [0.0, 0.02, 0.05, 0.1].map(|canary| {
		let rules = Rules { canary, ..rules() };
		let crowd = Crowd { honest: 1_000, of_each: 0, verifiers_of_each: 50, ..Crowd::default() };
		let world = lived(&rules, &market(), &crowd, seed);
		json!({
			"value": canary,
			"greedy_over_honest": over_honest_verifiers(&world, Verifier::Greedy),
			"calculating_over_honest": over_honest_verifiers(&world, Verifier::Calculating),
		})
	});
	json!({
		"ring": ring,
		"audit": audit,
		"margin": margin,
		"watched": watched,
		"outvoted_appeal,_nobody_watches": outvoted,
		"committees": committees,
		"least_penalty": least_penalty,
		"places_lost_for_disagreeing,_ring_of_two_fifths": strikes,
		"canary": canary,
	})
}

/// In how many of [`WORLDS`] worlds lies about every sketch come to pay: where a finding that the
/// verdict disagrees with is a strike and where it is not, by who adds to bonds that are no more drawn.
fn takeovers(seed: u64) -> Value {
	let rows = [0.25, 0.3, 1.0 / 3.0, 0.35, 0.37, 0.4, 0.45, 0.5].map(|ring| {
		let pays = |minority_strikes: bool, refills: Refills| {
			let rules = Rules { minority_strikes, ..Rules::default() };
			let market = Market { refills, ..Market::default() };
			let crowd = Crowd { ring, ..small() };
			(0..WORLDS)
				.filter(|world| {
					let world = lived(&rules, &market, &crowd, seed.wrapping_add(*world));
					over_honest_operators(&world, Operator::Always(Lie::Sketch)).mean > 0.0
				})
				.count()
		};
		json!({
			"ring": ring,
			"where_disagreeing_costs_places": pays(true, Refills::Everyone),
			"where_it_does_not": pays(false, Refills::Everyone),
			"where_the_ring_alone_refills": pays(false, Refills::Ring),
			"where_nobody_refills": pays(false, Refills::Nobody),
		})
	});
	json!(rows)
}

/// How likely committees are captured, and from which share of the bond on lies pay. Penalties are
/// those of claims whose fee is high, where the least one does not matter.
fn captures(rules: &Rules, market: &Market) -> Value {
	let lying = |lie, share| Lying::of(rules, market, lie, share, market.high_fee);
	let shares = SHARES.map(|share| {
		let lying = lying(Lie::Sketch, share);
		json!({
			"share": share,
			"first": odds::captured(rules.committee, share),
			"appeal": odds::captured(rules.appeal, share),
			"found_unwatched": Lying { watched: 0.0, ..lying }.found(rules),
			"found_watched": Lying { watched: 1.0, ..lying }.found(rules),
		})
	});
	let breaks = [Lie::Sketch, Lie::Answer, Lie::Both].map(|lie| {
		let lying = lying(lie, 0.0);
		json!({
			"lie": lie,
			"gain": lying.gain,
			"least_found": lying.least_found(rules, 0.0),
			"least_found_with_half_back": lying.least_found(rules, rules.rewarded),
			"unwatched": Lying { watched: 0.0, ..lying }.pays_from(rules),
			"watched": Lying { watched: 1.0, ..lying }.pays_from(rules),
		})
	});
	let turns = [(1, 3), (3, 9), (5, 15), (7, 21)].map(|(committee, appeal)| {
		let rules = Rules { committee, appeal, ..rules.clone() };
		json!({ "committees": [committee, appeal], "from": lying(Lie::Sketch, 0.0).fines_turn_at(&rules) })
	});
	json!({ "shares": shares, "lies_pay_from": breaks, "fines_turn": turns })
}

/// What a seat is paid, and what it costs, in OPEN.
fn seats(rules: &Rules, market: &Market) -> Value {
	let executions = rules.audit * rules.committee as f64;
	let mean = market.mean_fee();
	let fine = rules.fine * market.verifier_bond;
	// What executing costs more for each OPEN of fee than a fine grows by it.
	let rising = market.cost - rules.fine_in_fees;
	// All of a fee that a ring pays to itself, but for verifiers', validators' and treasury's parts;
	// and computing the answer, and again for each of its seats.
	let share = 1.0 / 3.0;
	let spent = 0.1 + market.cost * (1.0 + executions * share);
	json!({
		"pay": rules.seat_reward,
		"mean_fee": mean,
		"mean_cost": market.cost * mean,
		"pay_that_lasts": rules.seat_reward_that_lasts(mean),
		"part_of_the_verifiers_part_that_is_paid_out":
			rules.seat_reward / rules.seat_reward_that_lasts(mean),
		"fee_up_to_which_a_seat_pays": rules.seat_reward / market.cost,
		"fee_from_which_a_fine_costs_less":
			(rising > 0.0).then(|| (fine + rules.seat_reward) / rising),
		"fee_up_to_which_a_third_gains_by_asking_itself":
			executions * share * rules.seat_reward / spent,
		"pay_from_which_appealing_falsely_pays_a_third":
			Ring { share, bond: market.verifier_bond, fee: 0.0, aside: 1.0 }
				.seat_reward_up_to(rules),
		"highest_cost_paid_for": rules.verifiers / executions,
		"part_of_fees_needed": executions * market.cost,
		"part_of_fees_needed_where_computing_takes_all_of_the_operators": executions * rules.operator,
	})
}

/// How far randomness can be biased.
fn lots(rules: &Rules) -> Value {
	let rows = [0.05, 0.1, 0.2, 1.0 / 3.0, 0.5].map(|coalition| {
		let foreseen = bias::slot_is_foreseen(coalition, PRIMARIES);
		json!({
			"coalition": coalition,
			"last_block": bias::last_block(rules.audit, coalition),
			"last_block_babe": bias::last_block_babe(rules.audit, coalition, PRIMARIES),
			"steered": Steering::new(rules.audit, coalition, ROUND).audited(),
			"steered_babe": Steering::new(rules.audit, foreseen, ROUND).audited(),
			"round_foreseen": coalition.powi(ROUND as i32),
			"round_foreseen_babe": foreseen.powi(ROUND as i32),
		})
	});
	json!(rows)
}

/// Everything, at the default parameters unless a sweep changes one.
pub fn report(seed: u64) -> Value {
	let (rules, market) = (Rules::default(), Market::default());
	let operators = [0.0, 1.0 / 3.0].map(|ring| operators(&rules, &market, ring, seed));
	json!({
		"seed": seed,
		"rules": rules,
		"market": market,
		"operators": operators,
		"verifiers": verifiers(&rules, &market, seed),
		"accusers": attacks::accusers(seed),
		"false_appeals": attacks::false_appeals(seed),
		"right_appeals": attacks::right_appeals(&rules, &market),
		"disputes": attacks::disputes(&rules, &market),
		"private": attacks::private(&rules, &market),
		"limits": attacks::limits(&rules, &market),
		"captures": captures(&rules, &market),
		"seats": seats(&rules, &market),
		"sweeps": sweeps(seed),
		"takeovers": takeovers(seed),
		"lots": lots(&rules),
	})
}

/// The chart of a report: what a lie about the sketch returns by how much of the bond colludes.
pub fn plot(report: &Value) -> String {
	let (rules, market) = (Rules::default(), Market::default());
	let curve = |watched: f64| {
		(0..=100)
			.map(|step| {
				let share = f64::from(step) / 100.0;
				let lying =
					|fee| Lying { watched, ..Lying::of(&rules, &market, Lie::Sketch, share, fee) };
				(share, market.over_fees(|fee| lying(fee).returns(&rules)))
			})
			.collect()
	};
	let simulated = report["sweeps"]["ring"]
		.as_array()
		.into_iter()
		.flatten()
		.filter_map(|row| Some((row["value"].as_f64()?, row["simulated"]["mean"].as_f64()?)));
	let line = |name: &str, colour, points, dots| Line { name: name.into(), colour, points, dots };
	chart(
		"a lie about the sketch over honesty, in fees",
		"part of verifiers' bonds that colludes",
		(-4.0, 1.0),
		&[
			line("nobody outside watches", "#b22", curve(0.0), false),
			line("somebody always does", "#26c", curve(1.0), false),
			line("simulated, watched half the time", "#222", simulated.collect(), true),
		],
	)
}
