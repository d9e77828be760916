//! What stakers and validators try, and what is reported of them.

use super::{
	super::blocks::{FIRST_SLOT, header},
	run::Maker,
	users::NAMED,
	world::{Attempt, Rt, World, act, spendable},
};
use crate::{
	AccountId, Authorship, Babe, Hash, Historical, OPEN, Session, SessionKeys, governance::Origin,
};
use codec::Encode;
use frame_support::traits::KeyOwnerProofSystem;
use pallet_session::NextKeys;
use pallet_staking::{
	ActiveEra, Bonded, Call, ErasStakersOverview, ErasValidatorReward, Ledger, Nominators,
	RewardDestination, UnappliedSlashes, ValidatorPrefs, Validators,
};
use sp_consensus_babe::digests::CompatibleDigestItem;
use sp_core::{Pair, ed25519, proof_of_possession::ProofOfPossessionGenerator, sr25519};
use sp_runtime::{DigestItem, Perbill, traits::Header as _};

/// Whoever validates mostly goes on: once in so many times, nobody is spared.
const STEPS_DOWN: u32 = 8;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Staking", "", 16, bond),
	("Staking", "", 12, choose),
	("Staking", "", 14, unbond),
	("Staking", "", 20, payout),
	("Session", "", 5, keys),
	("Babe", "", 1, report),
	("VoterList", "", 3, rebag),
];

fn staker(world: &mut World, which: impl Fn(&AccountId) -> bool) -> Option<AccountId> {
	world.user_who(|who| Bonded::<Rt>::contains_key(who) && which(who))
}

fn destination(world: &mut World) -> RewardDestination<AccountId> {
	match world.below(6) {
		0 => RewardDestination::Stash,
		1 => RewardDestination::Account(world.user()),
		2 => RewardDestination::Account(AccountId::new(world.bytes())),
		3 => RewardDestination::None,
		_ => RewardDestination::Staked,
	}
}

fn bond(world: &mut World) -> Option<Attempt> {
	if world.odds(3) {
		let stash = staker(world, |_| true)?;
		let call = match world.below(3) {
			0 => Call::set_payee { payee: destination(world) },
			1 => Call::rebond { value: world.part(10_000 * OPEN) },
			_ => Call::bond_extra { max_additional: world.part(spendable(&stash) / 16) },
		};
		return world.signed(stash, call);
	}
	let who = world.user_who(|who| {
		!Bonded::<Rt>::contains_key(who)
			&& !pallet_nomination_pools::PoolMembers::<Rt>::contains_key(who)
	})?;
	let value = world.part(spendable(&who) / 4) + 100 * OPEN;
	let payee = destination(world);
	world.signed(who, Call::bond { value, payee })
}

fn choose(world: &mut World) -> Option<Attempt> {
	let any = world.odds(STEPS_DOWN);
	let stash = staker(world, |who| any || !Validators::<Rt>::contains_key(who))?;
	let call = match world.below(10) {
		0 => Call::chill {},
		1 => Call::validate {
			prefs: ValidatorPrefs {
				commission: Perbill::from_percent(world.below(30)),
				blocked: world.odds(8),
			},
		},
		_ => {
			let mut targets = Vec::new();
			for _ in 0..world.between(1, 3) {
				targets.extend(world.pick(Validators::<Rt>::iter_keys().collect()));
			}
			Call::nominate { targets: targets.into_iter().map(Into::into).collect() }
		}
	};
	world.signed(stash, call)
}

fn unbond(world: &mut World) -> Option<Attempt> {
	if world.odds(2) {
		let stash = staker(world, |who| {
			Ledger::<Rt>::get(who).is_some_and(|ledger| !ledger.unlocking.is_empty())
		})?;
		return world.signed(stash, Call::withdraw_unbonded { num_slashing_spans: 32 });
	}
	let any = world.odds(STEPS_DOWN);
	let stash = staker(world, |who| any || !Validators::<Rt>::contains_key(who))?;
	let active = Ledger::<Rt>::get(&stash)?.active;
	let value = if world.odds(3) { active } else { world.part(active) };
	if value == active && world.odds(2) {
		return world.signed(stash, Call::chill {});
	}
	world.signed(stash, Call::unbond { value })
}

fn payout(world: &mut World) -> Option<Attempt> {
	let era = ActiveEra::<Rt>::get()?.index;
	let earned: Vec<_> = ErasValidatorReward::<Rt>::iter_keys()
		.filter(|paid| paid + 6 > era)
		.flat_map(|era| {
			ErasStakersOverview::<Rt>::iter_key_prefix(era).map(move |stash| (era, stash))
		})
		.filter(|(era, stash)| !pallet_staking::ClaimedRewards::<Rt>::contains_key(era, stash))
		.collect();
	let who = world.user();
	if world.odds(16) {
		let validator_stash = world.user();
		return world.signed(who, Call::payout_stakers { validator_stash, era });
	}
	let (era, validator_stash) = world.pick(earned)?;
	world.signed(who, Call::payout_stakers_by_page { validator_stash, era, page: 0 })
}

/// Whether nobody else who validates now, or next, has session keys. What comes of a chain whose last
/// validator drops them has a test of its own; here most calls take somebody who validates.
fn is_last(who: &AccountId) -> bool {
	let has_keys = |other: &AccountId| other != who && NextKeys::<Rt>::contains_key(other);
	let now = Session::validators().iter().any(has_keys);
	let next = Session::queued_keys().iter().any(|(other, _)| has_keys(other));
	!now || !next
}

fn keys(world: &mut World) -> Option<Attempt> {
	let with_keys = world.odds(3);
	let any = world.odds(STEPS_DOWN);
	let who = world.user_who(|who| {
		NextKeys::<Rt>::contains_key(who) == with_keys
			&& (any || !Validators::<Rt>::contains_key(who))
			&& !(with_keys && is_last(who))
	})?;
	if with_keys {
		return world.signed(who, pallet_session::Call::purge_keys {});
	}
	let seed = world.below(4);
	let mut babe = sr25519::Pair::from_string(&format!("//babe//{seed}"), None).unwrap();
	let mut grandpa = ed25519::Pair::from_string(&format!("//grandpa//{seed}"), None).unwrap();
	let owner = if world.odds(8) { world.user() } else { who.clone() };
	let proof = (
		babe.generate_proof_of_possession(&owner.encode()),
		grandpa.generate_proof_of_possession(&owner.encode()),
	);
	let keys = SessionKeys { babe: babe.public().into(), grandpa: grandpa.public().into() };
	world.signed(who, pallet_session::Call::set_keys { keys, proof: proof.encode() })
}

/// Two blocks of one validator for one slot; or the vote that cancels the slash.
fn report(world: &mut World) -> Option<Attempt> {
	let waiting: Vec<u32> = UnappliedSlashes::<Rt>::iter_keys().collect();
	if world.odds(2)
		&& let Some(era) = world.pick(waiting)
	{
		return act(
			Origin::Parameters,
			Call::cancel_deferred_slash { era, slash_indices: vec![0] },
		);
	}
	if !world.odds(2) {
		return None;
	}
	let key = world.one_of([NAMED[0], NAMED[1], NAMED[2], NAMED[3]]);
	let validator = key.to_account_id();
	// Nobody can finish a block in which they are disabled: such a report waits for another author.
	if !Session::validators().contains(&validator) || Authorship::author() == Some(validator) {
		return None;
	}
	let offender = sp_consensus_babe::AuthorityId::from(key.public());
	let index = Babe::authorities().iter().position(|(id, _)| *id == offender)? as u32;
	let slot: u64 = pallet_babe::CurrentSlot::<Rt>::get().into();
	let slot = slot.max(FIRST_SLOT);
	let sealed = |root: u8| {
		let mut header = header(crate::System::block_number(), slot, index);
		header.state_root = Hash::repeat_byte(root);
		let signature = key.pair().sign(header.hash().as_ref());
		header.digest_mut().push(DigestItem::babe_seal(signature.into()));
		header
	};
	let proof = sp_consensus_babe::EquivocationProof {
		offender: offender.clone(),
		slot: slot.into(),
		first_header: sealed(1),
		second_header: sealed(2),
	};
	let key_owner_proof = Historical::prove((sp_consensus_babe::KEY_TYPE, offender))?;
	let who = world.user();
	let equivocation_proof = Box::new(proof);
	world
		.signed(who, pallet_babe::Call::report_equivocation { equivocation_proof, key_owner_proof })
}

fn rebag(world: &mut World) -> Option<Attempt> {
	let nominators: Vec<AccountId> = Nominators::<Rt>::iter_keys().collect();
	let dislocated = world.pick(nominators)?.into();
	let who = world.user();
	let call = pallet_bags_list::Call::<Rt, pallet_bags_list::Instance1>::rebag { dislocated };
	world.signed(who, call)
}
