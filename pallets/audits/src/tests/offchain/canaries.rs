use super::*;
use crate::{Audits, Canaries, Stage, tests::canaries::*};

/// Has the committee of a canary reveal `findings`, of all but the node's own verifier.
fn found(node: &Node, findings: [Finding; 2]) {
	for (n, finding) in [11, 12].into_iter().zip(&findings) {
		commit(n, finding).unwrap();
	}
	if node.sent().len() == 1 {
		node.include();
	}
	if matches!(stage(), Stage::Committing { .. }) {
		wait(COMMIT);
	}
	node.run();
	if node.sent().len() == 2 {
		node.include();
	}
	for (n, finding) in [11, 12].into_iter().zip(findings) {
		reveal(n, finding).unwrap();
	}
}

/// A node whose engine has made a canary of the claim, which is `claimed`, and knows this of it.
fn planting(
	claimed: &Claim<AccountId32>,
	secret: [u8; 32],
	truth: Option<Claim<AccountId32>>,
	test: impl FnOnce(&Node),
) {
	node(claimed, true, |node| {
		Balances::transfer_allow_death(signed(2), node.agent.clone(), 1_000).unwrap();
		OperatorsAgent::set(node.agent.clone());
		*node.engine.canary.lock().unwrap() = Some(Canary { secret, truth });
		node.run();
		assert!(node.sent().is_empty(), "its committee has not revealed");
		test(&node);
		OperatorsAgent::set(account(30));
	});
}

#[test]
fn operator_unveils_its_canary_does_not_appeal_and_brings_the_truth() {
	planting(&canary(), SECRET, Some(truth()), |node| {
		found(node, [refuted(), refuted()]);
		assert!(matches!(stage(), Stage::Decided { .. }));
		node.run();
		node.run();
		let [RuntimeCall::Verification(Call::unveil { claim: CLAIM, secret: SECRET })] =
			&node.sent()[..]
		else {
			panic!("{:?}", node.sent())
		};
		node.include();
		node.run();
		assert_eq!(node.sent().len(), 1);
		wait(WINDOW);
		node.run();
		node.include();
		assert_eq!((state(), Slashed::get()), (State::Replaced(truth()), vec![]));
	});
}

#[test]
fn operator_unveils_a_canary_that_was_upheld_and_another_committee_is_drawn() {
	planting(&canary(), SECRET, Some(truth()), |node| {
		found(node, [passed(), passed()]);
		node.run();
		node.include();
		assert!(Canaries::<Test>::contains_key(CLAIM));
		assert_eq!(level(), Level::Appeal);
		node.run();
		assert_eq!(node.sent().len(), 1);
	});
}

#[test]
fn operator_appeals_where_its_canary_is_found_false_in_more_than_its_seal() {
	let mut invented = honest_of_canary();
	let mut other = invented;
	(invented.claim, other.usage.prompt) = (Hash::repeat_byte(7), 77);
	for wrong in [Finding::Refuted(invented), Finding::Refuted(other), Finding::Withheld] {
		planting(&canary(), SECRET, Some(truth()), |node| {
			found(node, [wrong.clone(), wrong.clone()]);
			node.run();
			node.include();
			assert!(Audits::<Test>::get(CLAIM).unwrap().appeal.is_some());
			node.run();
			node.include();
			assert!(Canaries::<Test>::contains_key(CLAIM), "it is unveiled besides");
		});
	}
}

#[test]
fn operator_that_has_not_kept_the_truth_unveils_all_the_same() {
	planting(&canary(), SECRET, None, |node| {
		found(node, [refuted(), refuted()]);
		node.run();
		node.include();
		assert!(Canaries::<Test>::contains_key(CLAIM));
		wait(WINDOW);
		node.run();
		assert_eq!(node.sent().len(), 1, "others bring it");
	});
}

#[test]
fn operator_whose_secret_is_another_appeals_as_against_any_verdict() {
	planting(&canary(), [0; 32], Some(truth()), |node| {
		found(node, [refuted(), refuted()]);
		node.run();
		node.include();
		assert_eq!(level(), Level::Appeal);
	});
}

#[test]
fn unveiling_that_was_lost_is_sent_again_before_the_verdict_is_carried_out() {
	planting(&canary(), SECRET, Some(truth()), |node| {
		found(node, [refuted(), refuted()]);
		node.run();
		assert_eq!(node.sent().len(), 1);
		System::set_block_number(System::block_number() + u64::from(WINDOW / 2));
		node.run();
		assert_eq!(node.sent().len(), 2);
		node.include();
		assert!(Canaries::<Test>::contains_key(CLAIM));
	});
}
