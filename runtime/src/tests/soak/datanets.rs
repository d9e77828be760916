//! What contributors, owners and curators of Datanets try.

use super::{
	run::Maker,
	world::{Attempt, Batch, Rt, World, act, bounded, limit, now, remember},
};
use crate::{AccountId, governance::Origin};
use openledger_primitives_core::{
	BlockNumber, ContributionId, DatanetId,
	record::{RecordEntry, contribution_commitment},
};
use pallet_datanets::{
	Call, Commitments, Contribution, Contributions, Datanet, Datanets, Disputes, Kind, Policy,
	Progresses, Snapshots, Status,
};
use sp_runtime::BoundedVec;

/// Datanets that are open at once, about.
const OPEN_AT_ONCE: usize = 10;

type Net = Datanet<Rt>;
type Listed = (DatanetId, ContributionId, Contribution<Rt>);

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Datanets", "create", 5, create),
	("Datanets", "set_policy", 4, set_policy),
	("Datanets", "offer_ownership", 4, offer_ownership),
	("Datanets", "accept_ownership", 4, accept_ownership),
	("Datanets", "award", 3, award),
	("Datanets", "commit", 24, commit),
	("Datanets", "drop_commitment", 4, drop_commitment),
	("Datanets", "reveal", 48, reveal),
	("Datanets", "accept", 48, accept),
	("Datanets", "reject", 10, reject),
	("Datanets", "withdraw", 10, withdraw),
	("Datanets", "snapshot", 16, snapshot),
	("Datanets", "remove_snapshot", 48, remove_snapshot),
	("Datanets", "close", 3, close),
	("Datanets", "archive", 120, archive),
	("Datanets", "remove", 6, remove),
];

fn net(world: &mut World, which: impl Fn(DatanetId, &Net) -> bool) -> Option<(DatanetId, Net)> {
	let nets = Datanets::<Rt>::iter().filter(|(id, net)| which(*id, net)).collect();
	world.pick(nets)
}

fn contribution(world: &mut World, which: impl Fn(&Net, &Listed) -> bool) -> Option<(Net, Listed)> {
	let all = Contributions::<Rt>::iter()
		.filter_map(|listed| Some((Datanets::<Rt>::get(listed.0)?, listed)))
		.filter(|(net, listed)| which(net, listed))
		.collect();
	world.pick(all)
}

fn period() -> BlockNumber {
	limit::<<Rt as pallet_datanets::Config>::RevealPeriod, _>()
}

fn pending(listed: &Listed) -> bool {
	listed.2.status == Status::Pending
}

/// Who may curate, one of them.
fn curator(world: &mut World, net: &Net) -> AccountId {
	let mut may = net.curators.to_vec();
	may.push(net.owner.clone());
	world.pick(may).unwrap_or_else(|| net.owner.clone())
}

fn policy(
	world: &mut World,
) -> (Policy, BoundedVec<AccountId, <Rt as pallet_datanets::Config>::MaxCurators>) {
	let policy = world.one_of([Policy::Open, Policy::Owner, Policy::Curators]);
	let count = match policy {
		Policy::Curators => world.between(1, 3),
		_ => u32::from(world.odds(20)),
	};
	(policy, BoundedVec::truncate_from(world.several(count)))
}

fn create(world: &mut World) -> Option<Attempt> {
	if Datanets::<Rt>::iter_values().filter(|net| !net.closed).count() > OPEN_AT_ONCE {
		return None;
	}
	let (policy, curators) = policy(world);
	let name = if world.odds(20) { " ".into() } else { format!("net {}", world.below(1_000)) };
	let call = Call::create {
		name: bounded(&name),
		description: bounded("what it holds"),
		kind: world.one_of([Kind::Text, Kind::QuestionAnswer, Kind::Image, Kind::Row]),
		terms: bounded(""),
		policy,
		curators,
	};
	let owner = world.user();
	world.signed(owner, call)
}

fn set_policy(world: &mut World) -> Option<Attempt> {
	let (datanet, net) = net(world, |_, net| !net.awarded)?;
	let (policy, curators) = policy(world);
	world.signed(net.owner, Call::set_policy { datanet, policy, curators })
}

fn offer_ownership(world: &mut World) -> Option<Attempt> {
	let (datanet, net) = net(world, |_, net| !net.awarded)?;
	let to = if world.odds(6) { net.owner.clone() } else { world.user() };
	world.signed(net.owner, Call::offer_ownership { datanet, to })
}

fn accept_ownership(world: &mut World) -> Option<Attempt> {
	let (datanet, net) = net(world, |_, net| net.offered.is_some())?;
	world.signed(net.offered?, Call::accept_ownership { datanet })
}

fn award(world: &mut World) -> Option<Attempt> {
	let (datanet, net) = net(world, |_, _| true)?;
	let to = if world.odds(3) { net.owner } else { world.user() };
	act(Origin::DatanetDisputes, Call::award { datanet, to })
}

fn commit(world: &mut World) -> Option<Attempt> {
	let (datanet, _) = net(world, |_, net| !net.closed)?;
	let who = world.user();
	let mut records: Vec<RecordEntry> = Vec::new();
	for _ in 0..world.between(1, 5) {
		let known = world.contents.clone();
		let content = match world.odds(8) {
			true => world.pick(known).unwrap_or_default(),
			false => world.hash(),
		};
		remember(&mut world.contents, content);
		let size = if world.odds(80) { 0 } else { world.between(1, 1_000) };
		records.push(RecordEntry { content, size });
	}
	let salt = world.bytes();
	let commitment = contribution_commitment(&records, &who, &salt);
	let batch = Batch { datanet, who: who.clone(), records, salt, commitment };
	remember(&mut world.batches, batch);
	world.signed(who, Call::commit { datanet, commitment })
}

/// A batch that is committed to, with the block that it was committed to at.
fn batch(world: &mut World, which: impl Fn(&Batch, BlockNumber) -> bool) -> Option<Batch> {
	let committed = world
		.batches
		.iter()
		.filter(|batch| {
			let key = (batch.datanet, &batch.who, batch.commitment);
			Commitments::<Rt>::get(key).is_some_and(|stored| which(batch, stored.at))
		})
		.cloned()
		.collect();
	world.pick(committed)
}

fn drop_commitment(world: &mut World) -> Option<Attempt> {
	let expired = world.odds(2);
	let batch = batch(world, |_, at| !expired || now() >= at + period())?;
	let who = if expired { world.user() } else { batch.who.clone() };
	let (datanet, commitment) = (batch.datanet, batch.commitment);
	world.signed(who, Call::drop_commitment { datanet, contributor: batch.who, commitment })
}

fn reveal(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let timely = |batch: &Batch, at| {
		let open = Datanets::<Rt>::get(batch.datanet).is_some_and(|net| !net.closed);
		open && now() > at && now() < at + period()
	};
	let mut batch = batch(world, |batch, at| careless || timely(batch, at))?;
	if world.odds(24) {
		batch.salt[0] ^= 1;
	}
	let records = BoundedVec::truncate_from(batch.records);
	world.signed(batch.who, Call::reveal { datanet: batch.datanet, records, salt: batch.salt })
}

fn accept(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(16);
	let (net, (datanet, contribution, _)) = contribution(world, |net, listed| {
		let due = now() >= listed.2.committed_at + period();
		pending(listed) && (careless || due && !net.closed && !net.awarded)
	})?;
	let who = match net.policy {
		Policy::Open => world.user(),
		_ => curator(world, &net),
	};
	world.signed(who, Call::accept { datanet, contribution })
}

fn reject(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(8);
	let (net, (datanet, contribution, _)) =
		contribution(world, |_, listed| pending(listed) && (careless || listed.1 % 4 == 0))?;
	let reason = bounded(if world.odds(24) { "  " } else { "not what was asked for" });
	let who = curator(world, &net);
	world.signed(who, Call::reject { datanet, contribution, reason })
}

fn withdraw(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(8);
	let (_, (datanet, contribution, of)) =
		contribution(world, |_, listed| pending(listed) && (careless || listed.1 % 4 == 1))?;
	world.signed(of.contributor, Call::withdraw { datanet, contribution })
}

fn snapshot(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let (datanet, net) = net(world, |id, net| {
		let progress = Progresses::<Rt>::get(id).unwrap_or_default();
		let last = progress.snapshots.checked_sub(1).and_then(|at| Snapshots::<Rt>::get(id, at));
		let new = last.is_none_or(|last| last.snapshot.root != progress.tree.root());
		// Some are never frozen, so that their lists can go.
		let kept = id % 3 != 0;
		careless || new && kept && progress.tree.count() > 0 && !net.awarded && !net.closed
	})?;
	let who = curator(world, &net);
	world.signed(who, Call::snapshot { datanet })
}

fn remove_snapshot(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let unused: Vec<_> = Snapshots::<Rt>::iter()
		.filter(|(id, number, frozen)| {
			let closed = Datanets::<Rt>::get(id).is_some_and(|net| net.closed);
			let later = Snapshots::<Rt>::contains_key(id, number + 1);
			careless || frozen.users == 0 && (closed || later)
		})
		.collect();
	let (datanet, snapshot, frozen) = world.pick(unused)?;
	let net = Datanets::<Rt>::get(datanet)?;
	let who =
		if world.odds(if net.awarded { 8 } else { 2 }) { net.owner } else { frozen.depositor };
	world.signed(who, Call::remove_snapshot { datanet, snapshot })
}

fn close(world: &mut World) -> Option<Attempt> {
	let open = Datanets::<Rt>::iter_values().filter(|net| !net.closed).count();
	if open * 2 < OPEN_AT_ONCE {
		return None;
	}
	// Mostly what can be emptied then: nothing of it, or nothing that is frozen.
	let (small, unfrozen) = (world.odds(3), world.odds(2));
	let (datanet, net) = net(world, |id, net| {
		let progress = Progresses::<Rt>::get(id).unwrap_or_default();
		let fits = match (small, unfrozen) {
			(true, _) => progress.stored < 3,
			(_, true) => progress.stored > 0 && progress.frozen == 0,
			_ => true,
		};
		!net.closed && fits
	})?;
	let call = Call::close { datanet };
	if net.awarded || world.odds(6) {
		return act(Origin::DatanetDisputes, call);
	}
	world.signed(net.owner, call)
}

fn archive(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let (net, (datanet, contribution, of)) = contribution(world, |net, listed| {
		let unfrozen = || Progresses::<Rt>::get(listed.0).is_some_and(|one| one.frozen == 0);
		let disputed = || Disputes::<Rt>::get(listed.0, listed.1).open > 0;
		!pending(listed) && (careless || net.closed && unfrozen() && !disputed())
	})?;
	let who = match world.odds(if net.awarded { 8 } else { 2 }) {
		true => net.owner,
		false => of.contributor,
	};
	world.signed(who, Call::archive { datanet, contribution })
}

fn remove(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let (datanet, net) = net(world, |id, net| {
		let progress = Progresses::<Rt>::get(id).unwrap_or_default();
		let empty = progress.stored == 0 && progress.frozen == 0;
		careless || net.closed && empty && !net.awarded
	})?;
	world.signed(net.owner, Call::remove { datanet })
}
