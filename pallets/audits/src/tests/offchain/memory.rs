use super::*;
use crate::{
	Notes,
	memory::{Before, Found, FoundBefore, FoundSecond, Second, basis, key_before, second_key},
};
use codec::Encode;
use openledger_primitives_core::{BlockNumber, RequestId};

#[test]
fn commitment_of_a_worker_that_does_not_name_what_is_audited_can_be_opened() {
	let before = |agent: &AccountId32, found: Found<AccountId32>, in_flight| {
		let Found { claim, level, finding, salt, truth, .. } = found;
		let found = vec![FoundBefore { claim, level, finding, salt, truth: truth.map(Into::into) }];
		(key_before(agent), Before { found, in_flight }.encode())
	};
	opened_with_a_memory_from(before);
}

#[test]
fn commitment_of_a_worker_whose_claims_say_nothing_of_prompts_can_be_opened() {
	let before = |agent: &AccountId32, found: Found<AccountId32>, in_flight| {
		let Found { claim: id, level, of, finding, salt, truth } = found;
		let truth = truth.or(Some(claim(7))).map(Into::into);
		let claim = id;
		let found = vec![FoundSecond { claim, level, of, finding, salt, truth }];
		(second_key(agent), Second { found, in_flight }.encode())
	};
	opened_with_a_memory_from(before);
}

type InFlight = Option<(RequestId, Step, BlockNumber)>;

/// Has a node go on with the memory, and the key of it, that `before` makes of what it has found.
fn opened_with_a_memory_from(
	before: impl Fn(&AccountId32, Found<AccountId32>, InFlight) -> (Vec<u8>, Vec<u8>),
) {
	node(&truth(), true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		node.include();
		let memory = node.memory();
		let honest = honest(&truth());
		let (key, before) = before(&node.agent, memory.found[0].clone(), memory.in_flight);
		let persistent = sp_core::offchain::StorageKind::PERSISTENT;
		sp_io::offchain::local_storage_set(persistent, &key, &before);
		sp_io::offchain::local_storage_clear(persistent, &memory_key(&node.agent));
		for n in [11, 12] {
			commit(n, &honest).unwrap();
		}
		node.run();
		let Some(RuntimeCall::Verification(Call::reveal { salt, .. })) = node.sent().pop() else {
			panic!("nothing is revealed")
		};
		assert_eq!(salt, memory.found[0].salt);
		node.include();
		node.run();
		assert_eq!(node.memory().found[0].of, basis(&Notes::<Test>::get(CLAIM).unwrap()));
	});
}
