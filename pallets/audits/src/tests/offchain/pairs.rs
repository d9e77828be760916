use super::*;
use crate::{Notes, Stage};
use openledger_primitives_attribution::audit;
use openledger_primitives_core::record::{Compared, RecordEntry};

/// What an engine finds that computes the same as [`common`] says.
fn computed(in_common: u32) -> Executed {
	let note = Notes::<Test>::get(PAIR).unwrap();
	let Finding::Compared { overlap, .. } = common(in_common) else { panic!("compared") };
	Executed::Compared(overlap, audit::traces(&(note.subject, overlap)))
}

fn comes_to(node: &Node, executed: Executed) {
	*node.engine.compared.lock().unwrap() = Some(executed);
}

#[test]
fn verifier_compares_records_commits_and_reveals_without_a_person() {
	node(&truth(), true, |node| {
		compared();
		comes_to(&node, Executed::Running);
		node.run();
		assert!(node.sent().is_empty());
		comes_to(&node, computed(95));
		node.run();
		node.run();
		assert!(matches!(
			&node.sent()[..],
			[RuntimeCall::Verification(Call::commit { claim: PAIR, .. })]
		));
		let told = node.engine.comparisons.lock().unwrap().pop().unwrap();
		let seed = Notes::<Test>::get(PAIR).unwrap().subject;
		let entry = |byte| RecordEntry { content: Hash::repeat_byte(byte), size: 3 };
		let (later, earlier) = (entry(0xc0), entry(0xa0));
		assert_eq!(told, Comparison { audit: PAIR, seed, later, earlier });
		node.include();
		for n in [11, 12] {
			commit_in(PAIR, n, &common(95)).unwrap();
		}
		node.run();
		node.include();
		for n in [11, 12] {
			reveal_in(PAIR, n, common(95)).unwrap();
		}
		let Stage::Decided { verdict, .. } = stage_of(PAIR) else { panic!("undecided") };
		assert_eq!(verdict.compared(), Some(Compared::Duplicate));
		wait(WINDOW);
		Burned::set(30 * RICH - Balances::total_issuance());
		assert_eq!(bond(10), BOND, "it agreed with the others");
		node.run();
		assert!(node.memory().found.is_empty());
	});
}

#[test]
fn comparison_is_made_again_when_the_lots_draw_another_seed() {
	node(&truth(), true, |node| {
		compared();
		comes_to(&node, computed(95));
		node.run();
		let before = node.memory().found[0].finding.clone();
		node.pool.write().transactions.clear();
		Notes::<Test>::mutate(PAIR, |note| note.as_mut().unwrap().subject = Hash::repeat_byte(9));
		System::set_block_number(System::block_number() + 5);
		comes_to(&node, computed(95));
		node.run();
		assert_eq!(node.engine.comparisons.lock().unwrap().len(), 2);
		node.include();
		for n in [11, 12] {
			commit_in(PAIR, n, &common(95)).unwrap();
		}
		node.run();
		let Some(RuntimeCall::Verification(Call::reveal { finding, .. })) = node.sent().pop()
		else {
			panic!("nothing is revealed")
		};
		assert!(finding == common(95) && finding != before);
		node.include();
	});
}

#[test]
fn missing_content_is_the_contributors_fault_or_the_challengers_by_whose_it_is() {
	for (missing, found) in [(0xc0, Finding::Withheld), (0xa0, Finding::Unshown)] {
		node(&truth(), true, |node| {
			compared();
			let missing = Failure::MissingContent(Hash::repeat_byte(missing));
			comes_to(&node, Executed::Failed(missing));
			let early = u64::from(COMMIT - COMMIT / 3 - 1);
			System::set_block_number(System::block_number() + early);
			node.run();
			assert!(node.sent().is_empty(), "it may still come");
			System::set_block_number(System::block_number() + 1);
			node.run();
			assert_eq!(node.memory().found[0].finding, found);
		});
	}
}

#[test]
fn verifier_appeals_against_a_verdict_on_records_that_it_found_otherwise() {
	node(&truth(), true, |node| {
		Balances::transfer_allow_death(signed(2), node.agent.clone(), 10_000).unwrap();
		compared();
		comes_to(&node, computed(95));
		node.run();
		node.include();
		for n in [11, 12] {
			commit_in(PAIR, n, &common(20)).unwrap();
		}
		node.run();
		node.include();
		for n in [11, 12] {
			reveal_in(PAIR, n, common(20)).unwrap();
		}
		node.run();
		assert!(matches!(
			node.sent().last(),
			Some(RuntimeCall::Verification(Call::appeal { claim: PAIR }))
		));
	});
}

#[test]
fn operator_whose_record_is_challenged_does_not_appeal_by_itself() {
	node(&truth(), true, |node| {
		compared();
		Notes::<Test>::mutate(PAIR, |note| note.as_mut().unwrap().operator = account(1));
		for n in [11, 12] {
			commit_in(PAIR, n, &common(95)).unwrap();
		}
		wait(COMMIT);
		for n in [11, 12] {
			reveal_in(PAIR, n, common(95)).unwrap();
		}
		assert!(matches!(stage_of(PAIR), Stage::Decided { .. }));
		crate::AgentOf::<Test>::remove(&node.agent);
		OperatorsAgent::set(node.agent.clone());
		node.run();
		assert!(node.sent().is_empty());
		OperatorsAgent::set(account(30));
		crate::AgentOf::<Test>::insert(&node.agent, account(10));
	});
}
