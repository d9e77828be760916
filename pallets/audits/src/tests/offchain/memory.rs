use super::*;
use crate::{
	Notes,
	memory::{Before, Found, FoundBefore, basis, key_before},
};
use codec::Encode;

#[test]
fn commitment_of_a_worker_from_before_can_be_opened() {
	node(&truth(), true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		node.include();
		let memory = node.memory();
		let honest = honest(&truth());
		let Found { claim, level, finding, salt, truth, .. } = memory.found[0].clone();
		let found = vec![FoundBefore { claim, level, finding, salt, truth }];
		let before = Before { found, in_flight: memory.in_flight };
		let persistent = sp_core::offchain::StorageKind::PERSISTENT;
		sp_io::offchain::local_storage_set(persistent, &key_before(&node.agent), &before.encode());
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
