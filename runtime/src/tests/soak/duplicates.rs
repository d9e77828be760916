//! What those try who say that one record duplicates another.

use super::{
	run::Maker,
	world::{Attempt, Rt, World, now, remember},
};
use crate::AccountId;
use openledger_primitives_core::{
	Hash,
	record::{Pair, RecordRef},
};
use pallet_datanets::{Contributions, Status};
use pallet_duplicates::{Call, Seals};

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Duplicates", "commit", 10, commit),
	("Duplicates", "open", 10, open),
	("Duplicates", "withdraw", 3, withdraw),
];

/// What is behind a commitment.
#[derive(Clone)]
pub struct Said {
	pub who: AccountId,
	pub pair: Pair,
	pub salt: [u8; 32],
	pub commitment: Hash,
}

/// A record in some tree, with who contributed it and when.
fn record(
	world: &mut World,
	which: impl Fn(&AccountId, u32) -> bool,
) -> Option<(RecordRef, AccountId, u32)> {
	let accepted = Contributions::<Rt>::iter()
		.filter_map(|(datanet, _, of)| match of.status {
			Status::Accepted { first_index } if which(&of.contributor, of.committed_at) => {
				let count = of.records.len() as u32;
				Some((datanet, first_index, count, of.contributor, of.committed_at))
			}
			_ => None,
		})
		.collect();
	let (datanet, first, count, who, at) = world.pick(accepted)?;
	let index = first + world.below(count);
	Some((RecordRef { datanet, index }, who, at))
}

fn commit(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(12);
	let (earlier, author, at) = record(world, |_, _| true)?;
	let (later, copyist, _) =
		record(world, |who, committed| careless || *who != author && committed > at)?;
	let who = world.user_who(|who| careless || *who != copyist)?;
	let (pair, salt) = (Pair { later, earlier }, world.bytes());
	let commitment = pair.commitment(&who, &salt);
	remember(&mut world.said, Said { who: who.clone(), pair, salt, commitment });
	world.signed(who, Call::commit { commitment })
}

/// Something that somebody has committed to, before this block unless they are careless.
fn sealed(world: &mut World, careless: bool) -> Option<Said> {
	let said = world.said.iter().filter(|said| {
		let sealed = Seals::<Rt>::get(&said.who, said.commitment);
		careless || sealed.is_some_and(|sealed| sealed.at < now())
	});
	let said = said.cloned().collect();
	world.pick(said)
}

fn open(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(12);
	let Said { who, pair, mut salt, .. } = sealed(world, careless)?;
	if world.odds(20) {
		salt[0] ^= 1;
	}
	world.signed(who, Call::open { pair, salt })
}

fn withdraw(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(12);
	let Said { who, commitment, .. } = sealed(world, careless)?;
	world.signed(who, Call::withdraw { commitment })
}
