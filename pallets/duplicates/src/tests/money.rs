use crate::{Challenges, Seals, mock::*};
use openledger_primitives_core::{
	record::{Compared, Pair},
	traits::Pairs as _,
};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
	Commit(u64, Pair),
	Withdraw(u64, Pair),
	Open(u64, Pair),
	Pay(u32, u64),
	Settle(u32, Compared),
	Abandon(u32),
}

fn pairs() -> impl Strategy<Value = Pair> {
	let record = || (1u64..4, 10u32..13).prop_map(|(who, at)| record(who, at));
	(record(), record()).prop_map(|(later, earlier)| Pair { later, earlier })
}

fn step() -> impl Strategy<Value = Step> {
	let found = prop_oneof![
		Just(Compared::Duplicate),
		Just(Compared::Distinct),
		Just(Compared::Withheld),
		Just(Compared::Unshown),
	];
	prop_oneof![
		4 => (1u64..6, pairs()).prop_map(|(who, pair)| Step::Commit(who, pair)),
		1 => (1u64..6, pairs()).prop_map(|(who, pair)| Step::Withdraw(who, pair)),
		8 => (1u64..6, pairs()).prop_map(|(who, pair)| Step::Open(who, pair)),
		3 => (0u32..5, 6u64..9).prop_map(|(number, who)| Step::Pay(number, who)),
		2 => (0u32..5, found).prop_map(|(number, found)| Step::Settle(number, found)),
		1 => (0u32..5).prop_map(Step::Abandon),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(128))]

	#[test]
	fn deposits_go_to_verifiers_to_the_challenged_or_back(
		steps in proptest::collection::vec(step(), 1..120),
	) {
		run(|| {
			for step in steps {
				let before = Challenges::<Test>::iter().count();
				let _ = frame_support::storage::with_storage_layer(|| match step.clone() {
					Step::Commit(who, pair) => commit(who, pair),
					Step::Withdraw(who, pair) => {
						Duplicates::withdraw(signed(who), pair.commitment(&who, &SALT))
					}
					Step::Open(who, pair) => open(who, pair),
					Step::Pay(number, who) => Duplicates::pay(number, &who),
					Step::Settle(number, found) => Duplicates::settle(number, found).map(|_| ()),
					Step::Abandon(number) => Duplicates::abandon(number),
				});
				advance();
				check();
				if matches!(step, Step::Settle(..) | Step::Abandon(_)) {
					assert!(Challenges::<Test>::iter().count() <= before);
				}
			}
			// Whatever is left can be taken back or decided.
			for (who, commitment, _) in Seals::<Test>::iter().collect::<Vec<_>>() {
				Duplicates::withdraw(signed(who), commitment).unwrap();
			}
			for number in Challenges::<Test>::iter_keys().collect::<Vec<_>>() {
				Duplicates::settle(number, Compared::Duplicate).unwrap();
			}
			assert!((1..=8).all(|who| held(who) == 0));
		});
	}
}
