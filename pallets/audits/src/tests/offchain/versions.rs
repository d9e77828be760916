use super::*;
use crate::{Notes, Stage, memory::basis};
use openledger_primitives_attribution::audit::{self, Recomputed as Found};
use openledger_primitives_core::model::Assurance;

/// What an engine finds that computes the same as [`sound`] and [`unsound`] say.
fn computed(sound: bool) -> Executed {
	let note = Notes::<Test>::get(VERSION).unwrap();
	let Finding::Unsound(found) = unsound(1) else { panic!("unsound") };
	let found: Found = found;
	Executed::Examined(Examined { sound, found }, audit::traces(&(note.subject, 1u8)))
}

fn comes_to(node: &Node, executed: Executed) {
	*node.engine.examined.lock().unwrap() = Some(executed);
}

#[test]
fn verifier_examines_a_version_commits_and_reveals_without_a_person() {
	node(&truth(), true, |node| {
		examined(1);
		comes_to(&node, Executed::Running);
		node.run();
		assert!(node.sent().is_empty());
		comes_to(&node, computed(true));
		node.run();
		node.run();
		assert!(matches!(
			&node.sent()[..],
			[RuntimeCall::Verification(Call::commit { claim: VERSION, .. })]
		));
		let told = node.engine.examinations.lock().unwrap().pop().unwrap();
		let seed = Notes::<Test>::get(VERSION).unwrap().subject;
		assert_eq!((told.audit, told.model, told.leaves), (VERSION, MODEL, 8));
		assert_eq!((told.seed, &told.material), (seed, &job().material));
		assert_eq!(Some(told.drawn), crate::Drawn::<Test>::get(MODEL));
		let trained = (Hash::repeat_byte(0x3a), Hash::repeat_byte(0x7a));
		assert_eq!((told.manifest, told.training), trained);
		node.include();
		for n in [11, 12] {
			commit_in(VERSION, n, &sound(1)).unwrap();
		}
		node.run();
		node.include();
		for n in [11, 12] {
			reveal_in(VERSION, n, sound(1)).unwrap();
		}
		assert!(matches!(stage_of(VERSION), Stage::Decided { verdict: Verdict::Sound(_), .. }));
		wait(WINDOW);
		assert_eq!(Assured::get()[&MODEL], Assurance::Audited);
		assert_eq!(bond(10), BOND, "it agreed with the others");
		node.run();
		assert!(node.memory().found.is_empty());
	});
}

#[test]
fn verifier_refutes_a_version_that_comes_to_something_else() {
	node(&truth(), true, |node| {
		examined(1);
		comes_to(&node, computed(false));
		node.run();
		assert_eq!(node.memory().found[0].finding, unsound(1));
		assert_eq!(node.memory().found[0].truth, None);
	});
}

#[test]
fn version_is_withheld_once_the_last_third_of_the_time_to_examine_has_begun() {
	node(&truth(), true, |node| {
		examined(1);
		let missing = Failure::MissingContent(Hash::repeat_byte(0x7a));
		comes_to(&node, Executed::Failed(missing));
		System::set_block_number(System::block_number() + u64::from(EXAMINE - EXAMINE / 3 - 1));
		node.run();
		assert!(node.sent().is_empty(), "it may still come");
		System::set_block_number(System::block_number() + 1);
		node.run();
		assert_eq!(node.memory().found[0].finding, Finding::Withheld);
	});
}

#[test]
fn verifier_without_the_base_says_nothing_about_a_version() {
	node(&truth(), true, |node| {
		examined(1);
		comes_to(&node, Executed::Failed(Failure::MissingBase(Hash::zero())));
		System::set_block_number(System::block_number() + u64::from(EXAMINE - 1));
		node.run();
		assert!(node.sent().is_empty() && node.memory().found.is_empty());
	});
}

#[test]
fn verifier_appeals_against_a_verdict_on_a_version_that_it_found_otherwise() {
	node(&truth(), true, |node| {
		Balances::transfer_allow_death(signed(2), node.agent.clone(), 10_000).unwrap();
		examined(1);
		comes_to(&node, computed(true));
		node.run();
		node.include();
		for n in [11, 12] {
			commit_in(VERSION, n, &unsound(9)).unwrap();
		}
		node.run();
		node.include();
		for n in [11, 12] {
			reveal_in(VERSION, n, unsound(9)).unwrap();
		}
		node.run();
		assert!(matches!(
			node.sent().last(),
			Some(RuntimeCall::Verification(Call::appeal { claim: VERSION }))
		));
	});
}

#[test]
fn operator_that_owns_a_version_does_not_appeal_for_it() {
	node(&truth(), true, |node| {
		examined(1);
		Notes::<Test>::mutate(VERSION, |note| note.as_mut().unwrap().operator = account(1));
		let findings: Vec<_> = [11, 12].map(|n| (n, unsound(1))).to_vec();
		for (n, finding) in &findings {
			commit_in(VERSION, *n, finding).unwrap();
		}
		wait(EXAMINE);
		for (n, finding) in findings {
			reveal_in(VERSION, n, finding).unwrap();
		}
		assert!(matches!(stage_of(VERSION), Stage::Decided { .. }));
		crate::AgentOf::<Test>::remove(&node.agent);
		OperatorsAgent::set(node.agent.clone());
		node.run();
		assert!(node.sent().is_empty());
		OperatorsAgent::set(account(30));
		crate::AgentOf::<Test>::insert(&node.agent, account(10));
	});
}

#[test]
fn what_was_found_in_the_last_audit_of_a_version_is_not_said_in_the_next() {
	node(&truth(), true, |node| {
		examined(1);
		comes_to(&node, computed(true));
		node.run();
		node.include();
		// The others found nothing, and this node was not there when that was decided.
		for n in [11, 12] {
			commit_in(VERSION, n, &Finding::Withheld).unwrap();
		}
		for n in [11, 12] {
			reveal_in(VERSION, n, Finding::Withheld).unwrap();
		}
		wait(REVEAL);
		wait(WINDOW);
		assert_eq!(Assured::get()[&MODEL], Assurance::Withheld);
		ask(2).unwrap();
		lots(2);
		Verification::advance(signed(9), VERSION).unwrap();
		comes_to(&node, computed(true));
		node.run();
		let note = Notes::<Test>::get(VERSION).unwrap();
		let found = node.memory().found.into_iter().find(|found| found.of == basis(&note)).unwrap();
		assert!(found.finding.is_shown(found.level, &note.subject, &Hash::zero()));
		node.include();
		for n in [11, 12] {
			commit_in(VERSION, n, &sound(1)).unwrap();
		}
		node.run();
		node.include();
		let seats = crate::Audits::<Test>::get(VERSION).unwrap().seats;
		let own = seats.iter().find(|seat| seat.verifier == account(10)).unwrap();
		assert!(own.finding.is_some(), "it could be opened");
	});
}

#[test]
fn what_was_committed_to_can_be_opened_after_the_chain_has_been_on_another_branch() {
	node(&truth(), true, |node| {
		examined(1);
		comes_to(&node, computed(true));
		node.run();
		node.include();
		let here = Notes::<Test>::get(VERSION).unwrap();
		let audit = crate::Audits::<Test>::get(VERSION).unwrap();
		// There other lots have drawn it, and it has not committed yet.
		let there = Hash::repeat_byte(0xbb);
		Notes::<Test>::mutate(VERSION, |note| note.as_mut().unwrap().subject = there);
		crate::Audits::<Test>::mutate(VERSION, |audit| {
			audit.as_mut().unwrap().seats.iter_mut().for_each(|seat| seat.commitment = None);
		});
		comes_to(&node, computed(true));
		node.run();
		assert_eq!(node.memory().found.len(), 2);
		Notes::<Test>::insert(VERSION, here);
		crate::Audits::<Test>::insert(VERSION, audit);
		for n in [11, 12] {
			commit_in(VERSION, n, &sound(1)).unwrap();
		}
		node.run();
		node.include();
		let seats = crate::Audits::<Test>::get(VERSION).unwrap().seats;
		let own = seats.iter().find(|seat| seat.verifier == account(10)).unwrap();
		assert!(own.finding.is_some());
	});
}

#[test]
fn verifier_that_found_nothing_does_not_appeal_against_those_who_did() {
	node(&truth(), true, |node| {
		Balances::transfer_allow_death(signed(2), node.agent.clone(), 10_000).unwrap();
		examined(1);
		comes_to(&node, Executed::Failed(Failure::MissingContent(Hash::repeat_byte(0x7a))));
		System::set_block_number(System::block_number() + u64::from(EXAMINE - EXAMINE / 3));
		node.run();
		node.include();
		assert_eq!(node.memory().found[0].finding, Finding::Withheld);
		for n in [11, 12] {
			commit_in(VERSION, n, &sound(1)).unwrap();
		}
		node.run();
		node.include();
		for n in [11, 12] {
			reveal_in(VERSION, n, sound(1)).unwrap();
		}
		assert!(matches!(stage_of(VERSION), Stage::Decided { verdict: Verdict::Sound(_), .. }));
		let sent = node.sent().len();
		node.run();
		assert_eq!(node.sent().len(), sent);
	});
}
