//! What voters, the committee and governance itself try.

use super::{
	run::Maker,
	voice,
	world::{Attempt, By, Rt, World, act, now, spendable},
};
use crate::{
	AccountId, MILLI, OPEN, OriginCaller, Preimage, Referenda, RuntimeCall, RuntimeParameters,
	configs::parameters::dynamic_params, governance::Origin,
};
use codec::{Decode, Encode};
use frame_support::{
	dispatch::GetDispatchInfo,
	traits::{Bounded, Polling, QueryPreimage, schedule::DispatchTime},
};
use frame_system::RawOrigin;
use pallet_conviction_voting::{AccountVote, Conviction, Vote, VotingFor};
use pallet_referenda::{ReferendumCount, ReferendumInfo, ReferendumInfoFor};
use sp_runtime::{
	Perbill, Permill,
	traits::{BlakeTwo256, Hash as _},
};

type Contributors = pallet_referenda::Instance2;

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Referenda", "", 8, submit),
	("Referenda", "", 14, follow),
	("ContributorReferenda", "", 10, ask_contributors),
	("ContributorReferenda", "", 10, follow_contributors),
	("ConvictionVoting", "", 24, vote),
	("Parameters", "", 6, parameter),
	("Treasury", "", 10, treasury),
	("Bounties", "", 12, bounty),
	("TechnicalCommittee", "", 8, committee),
];

fn parameter_change(world: &mut World) -> RuntimeParameters {
	use RuntimeParameters::{Datanets, Fees, Inference, Models, Staking};
	use dynamic_params::{datanets, fees, inference, models, staking};
	let open = |amount: u32| Some(u128::from(amount) * OPEN);
	match world.below(11) {
		0 => Datanets(datanets::Parameters::RevealPeriod(
			datanets::RevealPeriod,
			Some(world.between(2, 8)),
		)),
		1 => Models(models::Parameters::DeploymentFee(models::DeploymentFee, open(world.below(3)))),
		2 => Inference(inference::Parameters::MinBond(
			inference::MinBond,
			open(world.between(500, 1_500)),
		)),
		3 => Inference(inference::Parameters::MaxMissed(
			inference::MaxMissed,
			Some(world.between(0, 4)),
		)),
		4 => Inference(inference::Parameters::MissPenalty(
			inference::MissPenalty,
			open(world.below(800)),
		)),
		5 => Inference(inference::Parameters::UnbondingPeriod(
			inference::UnbondingPeriod,
			Some(world.between(5, 30)),
		)),
		6 => Inference(inference::Parameters::MinDeadline(
			inference::MinDeadline,
			Some(world.between(2, 6)),
		)),
		7 => Inference(inference::Parameters::MinFee(
			inference::MinFee,
			Some(u128::from(world.below(3)) * MILLI / 10),
		)),
		8 => Fees(fees::Parameters::Burned(
			fees::Burned,
			Some(Permill::from_percent(world.below(101))),
		)),
		_ => Staking(staking::Parameters::AnnualEmission(
			staking::AnnualEmission,
			Some(Perbill::from_percent(world.below(8))),
		)),
	}
}

fn parameter(world: &mut World) -> Option<Attempt> {
	let key_value = parameter_change(world);
	let origin: OriginCaller = match world.below(12) {
		0 => Origin::AttributionParameters.into(),
		1 => RawOrigin::Root.into(),
		_ => Origin::Parameters.into(),
	};
	act(origin, pallet_parameters::Call::set_parameter { key_value })
}

/// A call as referenda take it; where it is too long for that, one who notes its preimage first.
fn bound(
	world: &mut World,
	call: RuntimeCall,
) -> Result<Bounded<RuntimeCall, BlakeTwo256>, Attempt> {
	let bytes = call.encode();
	let len = bytes.len() as u32;
	match bytes.clone().try_into() {
		Ok(inline) => Ok(Bounded::Inline(inline)),
		Err(_) => {
			let hash = BlakeTwo256::hash(&bytes);
			if <Preimage as QueryPreimage>::len(&hash).is_some() {
				return Ok(Bounded::Lookup { hash, len });
			}
			let who = world.user();
			let call = pallet_preimage::Call::note_preimage { bytes }.into();
			Err(Attempt { by: By::User(who), call })
		}
	}
}

fn submit(world: &mut World) -> Option<Attempt> {
	let (origin, call): (OriginCaller, RuntimeCall) = match world.below(6) {
		0 => (
			Origin::TreasurySmall.into(),
			pallet_treasury::Call::spend {
				asset_kind: Box::new(()),
				amount: world.part(10_000 * OPEN),
				beneficiary: Box::new(world.user()),
				valid_from: None,
			}
			.into(),
		),
		1 => {
			let call = Box::new(voice::proposal(world));
			(Origin::AttributionParameters.into(), pallet_voice::Call::dispatch { call }.into())
		}
		2 => {
			let index = world.below(ReferendumCount::<Rt>::get() + 1);
			(
				Origin::ReferendumCanceller.into(),
				pallet_referenda::Call::<Rt>::cancel { index }.into(),
			)
		}
		3 => (
			RawOrigin::Root.into(),
			frame_system::Call::remark { remark: world.bytes::<16>().to_vec() }.into(),
		),
		_ => {
			let key_value = parameter_change(world);
			(Origin::Parameters.into(), pallet_parameters::Call::set_parameter { key_value }.into())
		}
	};
	let who = world.user_who(|who| spendable(who) > 1_000 * OPEN)?;
	let proposal = match bound(world, call) {
		Ok(proposal) => proposal,
		Err(first) => return Some(first),
	};
	let call = pallet_referenda::Call::<Rt>::submit {
		proposal_origin: Box::new(origin),
		proposal,
		enactment_moment: DispatchTime::After(world.below(4)),
	};
	world.signed(who, call)
}

fn ask_contributors(world: &mut World) -> Option<Attempt> {
	let call_hash = BlakeTwo256::hash_of(&voice::proposal(world));
	let call = match world.below(4) {
		0 => pallet_voice::Call::withdraw { call_hash },
		1 => pallet_voice::Call::reject { call_hash },
		_ => pallet_voice::Call::approve { call_hash },
	};
	let Ok(proposal) = bound(world, call.into()) else { return None };
	let who = world.user();
	let call = pallet_referenda::Call::<Rt, Contributors>::submit {
		proposal_origin: Box::new(Origin::Contributors.into()),
		proposal,
		enactment_moment: DispatchTime::After(1),
	};
	world.signed(who, call)
}

/// What both kinds of referenda go through: deposits, nudges, cancellation.
macro_rules! follow {
	($name:ident, $instance:ty) => {
		fn $name(world: &mut World) -> Option<Attempt> {
			use pallet_referenda::Call;
			let last = ReferendumCount::<Rt, $instance>::get();
			let some = (last.saturating_sub(24)..last)
				.filter_map(|at| Some((at, ReferendumInfoFor::<Rt, $instance>::get(at)?)))
				.collect();
			let (index, info) = world.pick(some)?;
			let who = world.user_who(|who| spendable(who) > 1_000 * OPEN)?;
			let call: Call<Rt, $instance> = match info {
				ReferendumInfo::Ongoing(status) if status.decision_deposit.is_none() => {
					Call::place_decision_deposit { index }
				}
				ReferendumInfo::Ongoing(_) if world.odds(8) => {
					let (origin, call): (OriginCaller, Call<Rt, $instance>) = match world.odds(2) {
						true => (Origin::ReferendumKiller.into(), Call::kill { index }),
						false => (Origin::ReferendumCanceller.into(), Call::cancel { index }),
					};
					return act(origin, call);
				}
				ReferendumInfo::Ongoing(_) => return None,
				ReferendumInfo::Approved(.., Some(_))
				| ReferendumInfo::Rejected(.., Some(_))
				| ReferendumInfo::Cancelled(.., Some(_))
				| ReferendumInfo::TimedOut(.., Some(_)) => Call::refund_decision_deposit { index },
				// Those of the others are lost, which is tried now and then.
				ReferendumInfo::Approved(_, Some(_), _)
				| ReferendumInfo::Cancelled(_, Some(_), _) => Call::refund_submission_deposit { index },
				ReferendumInfo::Rejected(..) if world.odds(16) => {
					Call::refund_submission_deposit { index }
				}
				ReferendumInfo::Rejected(..)
				| ReferendumInfo::Approved(..)
				| ReferendumInfo::Cancelled(..)
				| ReferendumInfo::TimedOut(..) => return None,
				ReferendumInfo::Killed(_) => return None,
			};
			world.signed(who, call)
		}
	};
}

follow!(follow, ());
follow!(follow_contributors, Contributors);

fn vote(world: &mut World) -> Option<Attempt> {
	use pallet_conviction_voting::Call;
	let last = ReferendumCount::<Rt>::get();
	let ongoing = |at: &u32| <Referenda as Polling<_>>::as_ongoing(*at);
	let who = if world.odds(8) { world.bank() } else { world.user() };
	let conviction = world.one_of([
		Conviction::None,
		Conviction::Locked1x,
		Conviction::Locked2x,
		Conviction::Locked3x,
	]);
	match world.below(10) {
		0 => {
			let class = world.one_of([0, 10, 11, 20]);
			let (to, balance) = (world.user().into(), world.part(spendable(&who) / 4));
			world.signed(who, Call::<Rt>::delegate { class, to, conviction, balance })
		}
		1..=3 => {
			let votes: Vec<_> = VotingFor::<Rt>::iter().collect();
			let (voter, class, voting) = world.pick(votes)?;
			let other = world.user();
			match voting {
				pallet_conviction_voting::Voting::Delegating(_) => {
					world.signed(voter, Call::<Rt>::undelegate { class })
				}
				pallet_conviction_voting::Voting::Casting(casting) => {
					let cast: Vec<u32> = casting.votes.iter().map(|(poll, _)| *poll).collect();
					match world.pick(cast) {
						Some(index) if world.odds(2) => {
							let class = Some(class);
							world.signed(voter, Call::<Rt>::remove_vote { class, index })
						}
						_ => {
							let target = voter.into();
							world.signed(other, Call::<Rt>::unlock { class, target })
						}
					}
				}
			}
		}
		_ => {
			let polls: Vec<u32> =
				(last.saturating_sub(24)..last).filter(|at| ongoing(at).is_some()).collect();
			let poll_index = world.pick(polls)?;
			let balance = world.part(spendable(&who));
			let vote = match world.below(6) {
				0 => AccountVote::Split { aye: balance / 2, nay: balance / 3 },
				1 => AccountVote::SplitAbstain { aye: 1, nay: 2, abstain: balance / 2 },
				_ => AccountVote::Standard {
					vote: Vote { aye: !world.odds(4), conviction },
					balance,
				},
			};
			world.signed(who, Call::<Rt>::vote { poll_index, vote })
		}
	}
}

fn treasury(world: &mut World) -> Option<Attempt> {
	use pallet_treasury::{Call, Spends};
	let spends = Spends::<Rt>::iter().collect();
	let who = world.user();
	let (index, spend) = world.pick(spends).unzip();
	let ended = spend.is_some_and(|spend| {
		now() > spend.expire_at || spend.status != pallet_treasury::PaymentState::Pending
	});
	match (world.below(6), index) {
		(0..=2, Some(index)) if ended => world.signed(who, Call::<Rt>::check_status { index }),
		(0..=2, Some(index)) => world.signed(who, Call::<Rt>::payout { index }),
		(3, Some(index)) => act(RawOrigin::Root, Call::<Rt>::void_spend { index }),
		_ => {
			let (origin, most) = world.one_of(crate::governance::SPEND_LIMITS);
			let call = Call::<Rt>::spend {
				asset_kind: Box::new(()),
				amount: world.part(most / 64),
				beneficiary: Box::new(who),
				valid_from: if world.odds(3) { Some(now() + world.below(4)) } else { None },
			};
			act(origin, call)
		}
	}
}

fn bounty(world: &mut World) -> Option<Attempt> {
	use pallet_bounties::{Bounties, BountyStatus, Call};
	let some = Bounties::<Rt>::iter().collect();
	let who = world.user();
	let Some((bounty_id, bounty)) = world.pick(some).filter(|_| !world.odds(4)) else {
		let value = 100 * OPEN + world.part(5_000 * OPEN);
		let description = b"something to do".to_vec();
		return world.signed(who, Call::<Rt>::propose_bounty { value, description });
	};
	let fee = bounty.value / 10;
	match bounty.get_status() {
		BountyStatus::Proposed => {
			act(Origin::TreasuryMedium, Call::<Rt>::approve_bounty { bounty_id })
		}
		BountyStatus::Funded => {
			let curator = who.into();
			act(Origin::TreasuryMedium, Call::<Rt>::propose_curator { bounty_id, curator, fee })
		}
		BountyStatus::CuratorProposed { curator } => {
			world.signed(curator, Call::<Rt>::accept_curator { bounty_id })
		}
		BountyStatus::Active { curator, .. } => match world.below(5) {
			0 => world.signed(curator, Call::<Rt>::unassign_curator { bounty_id }),
			1 => act(RawOrigin::Root, Call::<Rt>::close_bounty { bounty_id }),
			_ => {
				let beneficiary = who.into();
				world.signed(curator, Call::<Rt>::award_bounty { bounty_id, beneficiary })
			}
		},
		BountyStatus::PendingPayout { .. } => {
			world.signed(who, Call::<Rt>::claim_bounty { bounty_id })
		}
		_ => None,
	}
}

/// Two of the three members put a call on the whitelist.
fn committee(world: &mut World) -> Option<Attempt> {
	use pallet_collective::{Call, Instance1, Members, ProposalOf, Voting};
	let members: Vec<AccountId> = Members::<Rt, Instance1>::get();
	let motions = ProposalOf::<Rt, Instance1>::iter().collect();
	let member = world.pick(members.clone())?;
	let Some((proposal, call)) = world.pick(motions) else {
		let call_hash = BlakeTwo256::hash_of(&voice::proposal(world));
		let call: RuntimeCall = pallet_whitelist::Call::whitelist_call { call_hash }.into();
		let length_bound = call.encoded_size() as u32;
		let proposal = Box::new(call);
		let call = Call::<Rt, Instance1>::propose { threshold: 2, proposal, length_bound };
		return world.signed(member, call);
	};
	// Its fields are private: number, threshold, ayes, nays, end.
	let votes = Voting::<Rt, Instance1>::get(proposal)?.encode();
	let (index, _, ayes): (u32, u32, Vec<AccountId>) = Decode::decode(&mut &votes[..]).ok()?;
	if ayes.len() >= 2 || world.odds(8) {
		let close = Call::<Rt, Instance1>::close {
			proposal_hash: proposal,
			index,
			proposal_weight_bound: call.get_dispatch_info().call_weight,
			length_bound: call.encoded_size() as u32,
		};
		return world.signed(member, close);
	}
	let approve = !world.odds(6);
	world.signed(member, Call::<Rt, Instance1>::vote { proposal, index, approve })
}
