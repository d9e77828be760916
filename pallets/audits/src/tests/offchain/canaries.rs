use super::*;
use crate::{Canaries, Stage, tests::canaries::*};

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

#[test]
fn operator_unveils_its_canary_whatever_the_verdict_and_does_not_appeal() {
	for finding in [refuted as fn() -> Finding, passed] {
		node(&canary(), true, |node| {
			Balances::transfer_allow_death(signed(2), node.agent.clone(), 1_000).unwrap();
			OperatorsAgent::set(node.agent.clone());
			*node.engine.canary.lock().unwrap() = Some(SECRET);
			node.run();
			assert!(node.sent().is_empty(), "its committee has not revealed");
			found(&node, [finding(), finding()]);
			assert!(matches!(stage(), Stage::Decided { .. }));
			node.run();
			node.run();
			let [RuntimeCall::Verification(Call::unveil { claim: CLAIM, secret: SECRET })] =
				&node.sent()[..]
			else {
				panic!("{:?}", node.sent())
			};
			node.include();
			assert!(Canaries::<Test>::contains_key(CLAIM));
			node.run();
			assert_eq!(node.sent().len(), 1);
			OperatorsAgent::set(account(30));
		});
	}
}

#[test]
fn operator_whose_secret_is_another_appeals_as_against_any_verdict() {
	node(&canary(), true, |node| {
		Balances::transfer_allow_death(signed(2), node.agent.clone(), 1_000).unwrap();
		OperatorsAgent::set(node.agent.clone());
		*node.engine.canary.lock().unwrap() = Some([0; 32]);
		found(&node, [refuted(), refuted()]);
		node.run();
		node.include();
		assert_eq!(level(), Level::Appeal);
		OperatorsAgent::set(account(30));
	});
}

#[test]
fn verifier_that_was_outvoted_about_an_unveiled_canary_does_not_appeal() {
	for unveiled in [true, false] {
		node(&canary(), true, |node| {
			Balances::transfer_allow_death(signed(2), node.agent.clone(), 1_000).unwrap();
			node.engine.comes_to(&truth());
			node.run();
			found(&node, [passed(), passed()]);
			assert!(matches!(stage(), Stage::Decided { verdict: Verdict::Upheld, .. }));
			if unveiled {
				Verification::unveil(signed(29), CLAIM, SECRET).unwrap();
			}
			let sent = node.sent().len();
			node.run();
			assert_eq!(node.sent().len() - sent, usize::from(!unveiled));
		});
	}
}
