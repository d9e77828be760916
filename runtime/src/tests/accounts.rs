//! Cold keys, named payees and lost keys: rewards are never lost with them.

use super::{
	blocks::{Chain, assert_invariants, by},
	*,
};
use crate::{
	AccountId, Balances, Datanets, OPEN, Proxy, Recovery, Rewards, Runtime, RuntimeCall,
	configs::{tokens::deposit, utility::ProxyType},
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		OnRuntimeUpgrade, StorageVersion,
		fungible::{InspectHold, Mutate},
		tokens::Preservation,
	},
};
use openledger_primitives_core::{
	Name, Text,
	record::{RecordEntry, contribution_commitment},
	settlement::Sale,
	traits::Rewards as _,
};
use pallet_datanets::{Kind, Policy};
use pallet_rewards::Accrued;
use pallet_voice::{TotalPoints, migrations::CountEarned};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::{BoundedVec, Permill, traits::Dispatchable};

const FEE: u128 = 100 * OPEN;

/// Settles a fee that Alice pays and whose contributors' part is Eve's.
fn settle(request: u64) {
	let payer = Alice.to_account_id();
	let pot = Rewards::account();
	assert_ok!(<Balances as Mutate<_>>::transfer(&payer, &pot, FEE, Preservation::Preserve));
	let sale = Sale {
		fee: FEE,
		owner: Bob.to_account_id(),
		base_owner: Bob.to_account_id(),
		royalty: Permill::zero(),
		operator: Charlie.to_account_id(),
	};
	let shares = [(Eve.to_account_id(), 1)];
	assert_ok!(Rewards::distribute(request, sale, &shares, Permill::one()));
}

fn groups() -> pallet_recovery::FriendGroupsOf<Runtime> {
	let mut friends: Vec<AccountId> = [Alice, Bob, Charlie].map(|key| key.to_account_id()).into();
	friends.sort();
	let group = pallet_recovery::FriendGroup {
		friends: friends.try_into().unwrap(),
		friends_needed: 2,
		inheritor: Dave.to_account_id(),
		inheritance_delay: 10,
		inheritance_priority: 0,
		cancel_delay: 10,
	};
	vec![group].try_into().unwrap()
}

#[test]
fn rewards_of_a_cold_key_reach_the_account_it_named() {
	local().execute_with(|| {
		let (cold, warm) = (Eve.to_account_id(), AccountId::new([9; 32]));
		assert_ok!(Rewards::set_payee(by(cold.clone()), Some(warm.clone().into())));
		settle(1);
		let had = Balances::free_balance(&cold);
		assert_ok!(Rewards::claim_for(by(Bob.to_account_id()), cold.clone()));
		assert_eq!(Balances::free_balance(&warm), FEE / 2);
		assert_eq!(Balances::free_balance(&cold), had);
		settle(2);
		assert_ok!(Rewards::set_payee(by(cold.clone()), None));
		assert_ok!(Rewards::claim_for(by(Bob.to_account_id()), cold.clone()));
		assert_eq!(Balances::free_balance(&warm), FEE / 2);
		assert_invariants();
	});
}

#[test]
fn proxy_for_rewards_collects_them_and_can_do_nothing_else() {
	local().execute_with(|| {
		let cold = Eve.to_account_id();
		let helper = Bob.to_account_id();
		assert_ok!(Proxy::add_proxy(
			by(cold.clone()),
			helper.clone().into(),
			ProxyType::Rewards,
			0
		));
		settle(1);
		let had = Balances::free_balance(&cold);
		let acting = |call: RuntimeCall| {
			assert_ok!(Proxy::proxy(by(helper.clone()), cold.clone().into(), None, Box::new(call)));
		};
		acting(pallet_rewards::Call::claim {}.into());
		assert_eq!(Balances::free_balance(&cold) - had, FEE / 2);
		let after = Balances::free_balance(&cold);
		acting(
			pallet_balances::Call::transfer_keep_alive { dest: helper.clone().into(), value: OPEN }
				.into(),
		);
		acting(pallet_rewards::Call::set_payee { payee: Some(helper.clone().into()) }.into());
		assert_eq!(Balances::free_balance(&cold), after);
		assert_eq!(pallet_rewards::Pallet::<Runtime>::payee_of(&cold), cold);
	});
}

#[test]
fn accrued_rewards_and_voice_survive_a_lost_key() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let lost = Eve.to_account_id();
		assert_ok!(Recovery::set_friend_groups(by(lost.clone()), groups().into_inner()));
		settle(1);
		assert_noop!(
			Recovery::initiate_attempt(by(Dave.to_account_id()), lost.clone().into(), 0),
			pallet_recovery::Error::<Runtime>::NotFriend
		);
		assert_ok!(Recovery::initiate_attempt(by(Alice.to_account_id()), lost.clone().into(), 0));
		chain.blocks(11);
		let finish = || Recovery::finish_attempt(by(Bob.to_account_id()), lost.clone().into(), 0);
		assert!(finish().is_err(), "one of three friends is not enough");
		assert_ok!(Recovery::approve_attempt(by(Bob.to_account_id()), lost.clone().into(), 0));
		assert_ok!(finish());

		let acting = |call: RuntimeCall| {
			RuntimeCall::from(pallet_recovery::Call::control_inherited_account {
				recovered: lost.clone().into(),
				call: Box::new(call),
			})
			.dispatch(by(Dave.to_account_id()))
		};
		let heir = Dave.to_account_id();
		assert_ok!(acting(
			pallet_rewards::Call::set_payee { payee: Some(heir.clone().into()) }.into()
		));
		let had = Balances::free_balance(&heir);
		assert_ok!(acting(pallet_rewards::Call::claim {}.into()));
		assert_eq!(Balances::free_balance(&heir) - had, FEE / 2);
		assert!(pallet_voice::Voices::<Runtime>::contains_key(&lost));
		assert!(!pallet_voice::Voices::<Runtime>::contains_key(&heir));
		assert_invariants();
	});
}

#[test]
fn fees_paid_to_oneself_buy_no_more_voice_than_the_treasury_kept() {
	local().execute_with(|| {
		let before = Balances::free_balance(crate::TreasuryAccount::get());
		settle(1);
		assert_ok!(Rewards::claim_for(by(Bob.to_account_id()), crate::TreasuryAccount::get()));
		let sunk = Balances::free_balance(crate::TreasuryAccount::get()) - before;
		assert_eq!(sunk, FEE / 100 * 3);
		let bought = crate::Voice::total_weight();
		assert!(0 < bought && bought <= sunk);
		let buyer = Eve.to_account_id();
		assert_eq!(crate::Voice::weight_of(&buyer), 0);
		assert_ok!(Rewards::claim_for(by(Bob.to_account_id()), buyer.clone()));
		assert_eq!(crate::Voice::weight_of(&buyer), bought);
		assert_eq!(crate::Voice::total_weight(), bought);
	});
}

/// Eve contributes a record to a Datanet of Bob's.
fn contribute(chain: &mut Chain) {
	let (owner, contributor) = (by(Bob.to_account_id()), by(Eve.to_account_id()));
	let datanet = pallet_datanets::NextDatanet::<Runtime>::get();
	assert_ok!(Datanets::create(
		owner,
		Name::truncate_from(b"earning".to_vec()),
		Text::default(),
		Kind::Text,
		Text::default(),
		Policy::Owner,
		BoundedVec::default(),
	));
	let records = vec![RecordEntry { content: Default::default(), size: 1 }];
	let commitment = contribution_commitment(&records, &Eve.to_account_id(), &[0; 32]);
	assert_ok!(Datanets::commit(contributor.clone(), datanet, commitment));
	chain.block();
	let records = BoundedVec::truncate_from(records);
	assert_ok!(Datanets::reveal(contributor, datanet, records, [0; 32]));
}

#[test]
fn contributor_pays_for_its_rewards_account_before_it_earns_and_pay_adds_no_state() {
	local().execute_with(|| {
		let mut chain = Chain::new();
		chain.block();
		let eve = Eve.to_account_id();
		let reason = pallet_rewards::HoldReason::Account.into();
		contribute(&mut chain);
		assert_eq!(Balances::balance_on_hold(&reason, &eve), deposit(1, 32 + 49));
		assert!(Rewards::rewards(&eve).open);
		let key = Accrued::<Runtime>::hashed_key_for(&eve);
		let stored = || sp_io::storage::get(&key).map(|value| value.len());
		assert_eq!(stored(), Some(49));
		settle(1);
		assert_eq!(stored(), Some(49));
		assert_noop!(
			Rewards::close_account(by(eve.clone())),
			pallet_rewards::Error::<Runtime>::StillAccrued
		);
		assert_ok!(Rewards::claim(by(eve.clone())));
		assert_eq!(stored(), Some(49));
		assert_ok!(Rewards::close_account(by(eve.clone())));
		assert_eq!(Balances::balance_on_hold(&reason, &eve), 0);
		contribute(&mut chain);
		assert!(Rewards::rewards(&eve).open);
		assert_invariants();
	});
}

#[test]
fn voice_that_accrued_before_it_was_counted_is_counted_by_the_upgrade() {
	local().execute_with(|| {
		settle(1);
		let earned = TotalPoints::<Runtime>::get();
		TotalPoints::<Runtime>::kill();
		StorageVersion::new(1).put::<crate::Voice>();
		type Upgrade = CountEarned<Runtime, crate::migrations::AccruedVoice>;
		Upgrade::on_runtime_upgrade();
		assert!(earned > 0);
		assert_eq!(TotalPoints::<Runtime>::get(), earned);
	});
}
