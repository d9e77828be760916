//! Each attack on a few contributors with few records, and what answers it.

use crate::{
	Ground,
	attack::{Attack, Attacker, OUTSIDER},
	attacks, bait,
	choice::Choice,
	copying, heads,
	market::{Both, corpus},
	measure::{Trial, contributed, estimate, run},
	operator::{Forged, LeftOut, OtherQuery},
	outliers,
	payer::{self, OwnQuestions, SPLIT},
	poison,
	service::{Cheat, Service},
	splitting,
	stats::mean,
};
use openledger_attribution::training_set;
use std::{path::Path, sync::LazyLock};

/// Who attacks where a contributor does.
const OWNER: usize = 2;

/// Ground with six contributors of twenty records each, what came of them, and twelve questions.
static SMALL: LazyLock<(Ground, Both)> = LazyLock::new(|| {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ground_truth");
	let mut ground = Ground::open(&folder).unwrap();
	let records = std::mem::take(&mut ground.data.records);
	let mut counts = [0; 6];
	for record in records.into_iter().filter(|record| record.contributor < 6) {
		if counts[record.contributor] < 20 {
			counts[record.contributor] += 1;
			ground.data.records.push(record);
		}
	}
	ground.data.facts.truncate(40);
	ground.data.records.retain(|record| record.fact < 40);
	let honest = ground.outcomes(&ground.honest()).unwrap();
	(ground, honest)
});

fn trial(attack: &dyn Attack, attacker: Attacker) -> Trial {
	let (ground, honest) = &*SMALL;
	run(ground, honest, attack, attacker, 0).unwrap()
}

/// How many of the records contributed under attack are trained on beyond the honest ones.
fn added(attack: &dyn Attack) -> isize {
	let (ground, _) = &*SMALL;
	let entries = contributed(ground, attack, Attacker::Outsider, 0);
	let trained = training_set(&ground.base, &corpus(&entries).sources()).unwrap();
	trained.len() as isize - ground.data.records.len() as isize
}

fn gains(cheat: &dyn Cheat, account: usize) -> (f64, f64) {
	let (ground, honest) = &*SMALL;
	let service = Service::new(ground, &honest.ours.model).unwrap();
	let gains = cheat.gains(&service, account).unwrap();
	(mean(&gains.with), mean(&gains.without))
}

#[test]
fn exact_copies_are_refused_and_earn_nothing() {
	assert_eq!(added(&copying::Exact), 0);
	let trial = trial(&copying::Exact, Attacker::Outsider);
	assert!(trial.ours.iter().all(|gain| *gain == 0.0));
	assert!(mean(&trial.plain) > 0.0);
}

#[test]
fn copies_in_other_bytes_and_padded_ones_join_the_original_s_cluster() {
	for attack in [&copying::OtherBytes as &dyn Attack, &copying::Padded { apart: false }] {
		assert_eq!(added(attack), 0, "{}", attack.name());
		let trial = trial(attack, Attacker::Outsider);
		assert!(trial.ours.iter().all(|gain| *gain == 0.0), "{}", attack.name());
		assert!(mean(&trial.plain) > 0.0, "{}", attack.name());
	}
}

#[test]
fn paraphrases_and_copies_padded_further_are_trained_on() {
	assert!(added(&copying::Paraphrase) > 0);
	assert!(added(&copying::Padded { apart: true }) > 0);
	// That they may earn is what `docs/attacks.md` reports; what they can't is the whole pool.
	for attack in [&copying::Paraphrase as &dyn Attack, &copying::Padded { apart: true }] {
		let found = trial(attack, Attacker::Owner(OWNER));
		assert!(found.ours.iter().all(|gain| (-100.0..=100.0).contains(gain)));
	}
}

#[test]
fn templates_with_guessed_values_displace_no_right_answers() {
	let (ground, _) = &*SMALL;
	let entries = contributed(ground, &heads::Templates, Attacker::Outsider, 0);
	assert!(entries.iter().any(|entry| entry.account == OUTSIDER));
	// With clusters of whole texts, every guess would take an honest record's place.
	let trained = training_set(&ground.base, &corpus(&entries).sources()).unwrap();
	assert_eq!(trained.len(), entries.len());
}

#[test]
fn splitting_gains_nothing_where_records_are_paid() {
	let trial = trial(&splitting::Splitting, Attacker::Owner(OWNER));
	// The same records train the same adapter up to their order.
	assert!(mean(&trial.by_records).abs() < 1.0, "{}", mean(&trial.by_records));
}

#[test]
fn outliers_gain_nothing() {
	for attack in [&outliers::Gibberish as &dyn Attack, &outliers::Repetition] {
		assert!(mean(&trial(attack, Attacker::Outsider).ours) < 1.0, "{}", attack.name());
		assert!(mean(&trial(attack, Attacker::Owner(OWNER)).ours) <= 0.0, "{}", attack.name());
	}
}

#[test]
fn commonest_phrases_earn_nothing_as_spans() {
	let trial = trial(&bait::Phrases, Attacker::Outsider);
	assert!(mean(&trial.verbatim) < mean(&trial.verbatim_plain));
}

#[test]
fn wrong_answers_gain_less_than_honest_records() {
	// Of one contributor alone, with twenty records, it is chance.
	let gain = |owner| mean(&trial(&poison::WrongAnswers, Attacker::Owner(owner)).ours);
	let gains: Vec<f64> = (0..6).map(gain).collect();
	assert!(mean(&gains) < 0.0, "{gains:?}");
}

#[test]
fn forged_claims_are_refused() {
	for account in [OWNER, OUTSIDER] {
		let (with, without) = gains(&Forged, account);
		assert!(with == 0.0 && without > 0.0, "{account}: {with}, {without}");
	}
}

#[test]
fn claims_that_leave_others_out_are_replaced_by_the_honest_one() {
	let (with, without) = gains(&LeftOut, OWNER);
	assert!(with.abs() < 1e-6 && without > 0.0, "{with}, {without}");
	assert_eq!(gains(&LeftOut, OUTSIDER), (0.0, 0.0));
}

#[test]
fn false_query_sketches_are_not_noticed_by_the_runtime() {
	let (with, without) = gains(&OtherQuery, OWNER);
	assert!(with > 0.0 && with == without);
}

#[test]
fn choosing_among_answers_pays_only_where_the_seed_is_free() {
	let (ground, honest) = &*SMALL;
	let service = Service::new(ground, &honest.ours.model).unwrap();
	let gains = Choice::new(&service).unwrap().gains(&service, OWNER).unwrap();
	assert!(mean(&gains.without) >= mean(&gains.with));
}

#[test]
fn own_questions_pay_nothing_and_no_fee_comes_back_whole() {
	assert_eq!(gains(&OwnQuestions, OWNER).0, 0.0);
	assert!(SPLIT.is_valid());
	let (ground, honest) = &*SMALL;
	let service = Service::new(ground, &honest.ours.model).unwrap();
	let returned = payer::returned(&service, &[OWNER]);
	assert!(returned["and_every_verifier"].as_f64().unwrap() < 100.0);
}

#[test]
fn attacks_have_names_of_their_own_and_stay_within_their_budget() {
	let (ground, _) = &*SMALL;
	let budget = ground.data.records.len() / 6;
	let mut names = std::collections::BTreeSet::new();
	for attack in attacks() {
		assert!(names.insert(attack.name()));
		let entries = contributed(ground, &*attack, Attacker::Outsider, 0);
		assert!(entries.len() <= ground.data.records.len() + budget, "{}", attack.name());
	}
}

#[test]
fn interval_of_equal_values_is_one_point() {
	let found = estimate(&[vec![2.0; 5], vec![2.0; 5]]);
	assert_eq!((found["mean"].as_f64(), found["ci"][0].as_f64()), (Some(2.0), Some(2.0)));
}
