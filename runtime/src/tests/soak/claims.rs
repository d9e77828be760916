//! Attribution indexes as workers build them, and the claims and omissions made of them.

use super::world::Rt;
use crate::AccountId;
use openledger_primitives_attribution::{
	Claim, ContributorCredit, ContributorLeaf, Credit, Found, IndexLeaf, RecordCredit, Terms,
	contributor,
	forgery::Forgery,
	omission::{Omission, ShownContributor, ShownRecord, replace},
	score,
};
use openledger_primitives_core::{
	DatanetId, Hash, Sketch,
	merkle::{Proof, prove, prove_many, root},
	model::{IndexCommitment, Method, ModelSpec, PayBy},
	record::{RecordLeaf, Snapshot},
};
use std::cmp::Reverse;

/// One model version's index.
pub struct Index {
	method: Method,
	snapshots: Vec<(DatanetId, Snapshot)>,
	records: Vec<RecordLeaf<AccountId>>,
	leaves: Vec<IndexLeaf>,
	contributors: Vec<ContributorLeaf<AccountId>>,
	/// The leaf hashes of the snapshots' own records, where they differ from those that the index names.
	forged: Option<(usize, Hash)>,
	/// What the chain knows of it.
	pub commitment: IndexCommitment,
}

/// A direction of so many components, drawn from a hash.
pub fn sketch(seed: Hash, dimension: u16) -> Vec<i8> {
	let mut bytes = Vec::new();
	let mut block = seed.0;
	while bytes.len() < dimension.into() {
		bytes.extend(block);
		block = sp_io::hashing::blake2_256(&block);
	}
	bytes.truncate(dimension.into());
	bytes.into_iter().map(|byte| (i16::from(byte) - 128).clamp(-127, 127) as i8).collect()
}

/// The first records of a Datanet; nothing where some of them were archived.
fn recorded(datanet: DatanetId, count: u32) -> Option<Vec<RecordLeaf<AccountId>>> {
	let mut leaves: Vec<RecordLeaf<AccountId>> = Vec::new();
	while (leaves.len() as u32) < count {
		let page = pallet_datanets::Pallet::<Rt>::records(datanet, leaves.len() as u32, 256);
		if page.first().is_none_or(|leaf| leaf.index != leaves.len() as u32) {
			return None;
		}
		leaves.extend(page);
	}
	leaves.truncate(count as usize);
	let whole = leaves.iter().enumerate().all(|(at, leaf)| leaf.index == at as u32);
	whole.then_some(leaves)
}

/// Whether all of the first records of a Datanet are still to be had.
pub fn is_whole(datanet: DatanetId, count: u32) -> bool {
	recorded(datanet, count).is_some()
}

impl Index {
	/// The index of what a version was trained on. Every sixth record is a copy of the one before.
	pub fn build(spec: &ModelSpec, floor_ppm: u32) -> Option<Self> {
		Self::over(spec, spec.method, floor_ppm, |content| content)
	}

	/// What finds `most` of the same records for prompts.
	pub fn retrieval(spec: &ModelSpec, most: u8, floor_ppm: u32) -> Option<Self> {
		let method = Method { pay_by: PayBy::Records, credits: most, ..spec.method };
		let text = |content: Hash| sp_io::hashing::blake2_256(content.as_bytes()).into();
		Self::over(spec, method, floor_ppm, text)
	}

	/// An index of which each record's sketch is drawn from what `seed` makes of its content.
	fn over(
		spec: &ModelSpec,
		method: Method,
		floor_ppm: u32,
		seed: impl Fn(Hash) -> Hash,
	) -> Option<Self> {
		let mut snapshots = Vec::new();
		let mut records = Vec::new();
		for reference in &spec.snapshots {
			let frozen =
				pallet_datanets::Snapshots::<Rt>::get(reference.datanet, reference.snapshot)?;
			records.extend(recorded(reference.datanet, frozen.snapshot.count)?);
			snapshots.push((reference.datanet, frozen.snapshot));
		}
		let leaves: Vec<IndexLeaf> = records
			.iter()
			.enumerate()
			.map(|(at, record)| {
				let copy = at > 0 && at % 6 == 5;
				let bytes = record.content.as_bytes();
				IndexLeaf {
					position: at as u32,
					record: record.hash(),
					head: (if copy { at - 1 } else { at }) as u32,
					scale: if copy { 0 } else { u16::from(bytes[0]) * 16 + 1 },
					sketch: Sketch::truncate_from(sketch(seed(record.content), method.dimension)),
				}
			})
			.collect();
		let mut people: Vec<AccountId> =
			records.iter().map(|record| record.contributor.clone()).collect();
		people.sort();
		people.dedup();
		let contributors: Vec<_> = people
			.into_iter()
			.map(|who| {
				let own = leaves.iter().zip(&records).filter(|(_, of)| of.contributor == who);
				let dimension = method.dimension.into();
				contributor::sum(who.clone(), dimension, own.map(|(leaf, _)| leaf))
			})
			.collect::<Option<_>>()?;
		let hashes: Vec<Hash> = leaves.iter().map(IndexLeaf::hash).collect();
		let accounts: Vec<Hash> = contributors.iter().map(ContributorLeaf::hash).collect();
		let commitment = IndexCommitment {
			records_root: root(&hashes),
			records: hashes.len() as u32,
			contributors_root: root(&accounts),
			contributors: accounts.len() as u32,
			floor_ppm,
			file: sp_io::hashing::blake2_256(root(&hashes).as_bytes()).into(),
		};
		let forged = None;
		Some(Self { method, snapshots, records, leaves, contributors, forged, commitment })
	}

	/// Has the index name `friend` as the contributor of a record, wherever it is.
	pub fn forge(&mut self, at: usize, friend: AccountId) {
		let at = at % self.records.len();
		self.forged = Some((at, self.records[at].hash()));
		self.records[at].contributor = friend;
		self.leaves[at].record = self.records[at].hash();
		self.commitment.records_root = root(&self.hashes());
	}

	/// A leaf and what the snapshot has in its place, and whether that is another record: the forged
	/// one, or any where there is none.
	pub fn forgery(&self, at: usize) -> (Forgery, bool) {
		let at = self.forged.map_or(at % self.records.len(), |(at, _)| at);
		let leaf = self.leaves[at].clone();
		let membership = prove(&self.snapshot(at), self.records[at].index as usize).unwrap();
		let own = self.own(at);
		let right = own != leaf.record;
		let proof = prove(&self.hashes(), at).unwrap();
		(Forgery { leaf, proof, record: own, membership }, right)
	}

	/// How many leaves there are.
	pub fn len(&self) -> u32 {
		self.commitment.records
	}

	/// The leaf at a position, with its proof.
	pub fn shown(&self, position: u32) -> Option<(IndexLeaf, Proof)> {
		let at = position as usize;
		Some((self.leaves.get(at)?.clone(), prove(&self.hashes(), at)?))
	}

	/// The leaf hash of the snapshot's record at a position.
	fn own(&self, at: usize) -> Hash {
		match self.forged {
			Some((forged, own)) if forged == at => own,
			_ => self.records[at].hash(),
		}
	}

	/// The leaf hashes of the snapshot that holds a position.
	fn snapshot(&self, at: usize) -> Vec<Hash> {
		let datanet = self.records[at].datanet;
		let of = (0..self.records.len()).filter(|other| self.records[*other].datanet == datanet);
		of.map(|other| self.own(other)).collect()
	}

	fn terms(&self) -> Terms<'_> {
		let (method, index, snapshots) = (self.method, self.commitment, &self.snapshots);
		Terms { method, index, snapshots, retrieval: None }
	}

	fn hashes(&self) -> Vec<Hash> {
		self.leaves.iter().map(IndexLeaf::hash).collect()
	}

	fn people(&self) -> Vec<Hash> {
		self.contributors.iter().map(ContributorLeaf::hash).collect()
	}

	fn record(&self, at: usize) -> RecordCredit<AccountId> {
		RecordCredit::new(self.leaves[at].clone(), self.records[at].clone())
	}

	/// A record with its proofs.
	fn shown_record(&self, at: usize) -> ShownRecord<AccountId> {
		let (of, record) = (self.snapshot(at), &self.records[at]);
		ShownRecord {
			credit: self.record(at),
			proof: prove(&self.hashes(), at).unwrap(),
			membership: prove(&of, record.index as usize).unwrap(),
		}
	}

	fn contributor(&self, at: usize) -> ContributorCredit<AccountId> {
		ContributorCredit { position: at as u32, leaf: self.contributors[at].clone() }
	}

	/// A contributor with its proof.
	fn shown_contributor(&self, at: usize) -> ShownContributor<AccountId> {
		ShownContributor { credit: self.contributor(at), proof: prove(&self.people(), at).unwrap() }
	}

	/// Proves what a claim credits.
	fn prove(&self, claim: &mut Claim<AccountId>) {
		let proof = |hashes: Vec<Hash>, mut positions: Vec<u32>| {
			positions.sort_unstable();
			prove_many(&hashes, &positions).unwrap()
		};
		let credited = claim.contributors.iter().map(|credit| credit.position);
		claim.contributors_proof = proof(self.people(), credited.collect());
		let shown = claim.records.iter().map(|credit| credit.position);
		claim.records_proof = proof(self.hashes(), shown.collect());
	}

	fn weighs(&self, query: &[i8], scale: u32, sketch: &[i8]) -> Option<i64> {
		let score = score::score(query, scale, sketch);
		let floor = score::floor(query, scale, sketch, self.commitment.floor_ppm);
		(score > floor).then_some(score)
	}

	/// What is above its floor and not the payer's, best first: records, or contributors.
	fn ranked(&self, query: &[i8], payer: &AccountId) -> Vec<usize> {
		let mut ranked: Vec<(Reverse<i64>, usize)> = match self.method.pay_by {
			PayBy::Records => (0..self.leaves.len())
				.filter(|at| {
					let leaf = &self.leaves[*at];
					leaf.head == leaf.position && self.records[*at].contributor != *payer
				})
				.filter_map(|at| {
					let leaf = &self.leaves[at];
					let score = self.weighs(query, leaf.scale.into(), &leaf.sketch)?;
					Some((Reverse(score), at))
				})
				.collect(),
			PayBy::Contributors => (0..self.contributors.len())
				.filter(|at| self.contributors[*at].account != *payer)
				.filter_map(|at| {
					let leaf = &self.contributors[at];
					let score = self.weighs(query, leaf.scale, &leaf.sketch)?;
					Some((Reverse(score), at))
				})
				.collect(),
		};
		ranked.sort();
		ranked.into_iter().map(|(_, at)| at).collect()
	}

	/// The contributor's record that scores best: the witness that it contributed.
	fn witness(&self, query: &[i8], contributor: usize) -> Option<(Reverse<i64>, usize)> {
		let account = &self.contributors[contributor].account;
		(0..self.leaves.len())
			.filter(|at| self.records[*at].contributor == *account)
			.filter(|at| self.leaves[*at].head == self.leaves[*at].position)
			.map(|at| {
				let leaf = &self.leaves[at];
				(Reverse(score::score(query, leaf.scale.into(), &leaf.sketch)), at)
			})
			.min()
	}

	/// The claim for `query`, without the best `omitted` of what it should credit.
	pub fn claim(
		&self,
		query: &[i8],
		payer: &AccountId,
		gain: i32,
		omitted: usize,
	) -> Claim<AccountId> {
		let credits = self.method.credits.into();
		let paid: Vec<usize> =
			self.ranked(query, payer).into_iter().skip(omitted).take(credits).collect();
		let mut claim = blank(query, gain);
		match self.method.pay_by {
			PayBy::Records => {
				let records: Vec<_> = paid.into_iter().map(|at| self.record(at)).collect();
				claim.records = records.try_into().unwrap();
			}
			PayBy::Contributors => {
				let mut shown: Vec<_> =
					paid.iter().filter_map(|at| self.witness(query, *at)).collect();
				shown.sort();
				let records: Vec<_> = shown.into_iter().map(|(_, at)| self.record(at)).collect();
				let people: Vec<_> = paid.into_iter().map(|at| self.contributor(at)).collect();
				claim.records = records.try_into().unwrap();
				claim.contributors = people.try_into().unwrap();
			}
		}
		self.prove(&mut claim);
		claim
	}

	/// What is put into the prompt of a question, without the best `omitted` of what should be.
	pub fn found(&self, asked: &[i8], payer: &AccountId, omitted: usize) -> Found<AccountId> {
		let Claim { sketch, records, records_proof: proof, .. } =
			self.claim(asked, payer, 0, omitted);
		Found { sketch, records: records.into_inner().try_into().unwrap(), proof }
	}

	/// What could be shown against a claim: every leaf, best first, and whether it would correct
	/// what is paid.
	pub fn omissions(
		&self,
		query: &[i8],
		payer: &AccountId,
		paid: &[Credit<AccountId>],
	) -> Vec<(Omission<AccountId>, bool)> {
		self.ranked(query, payer)
			.into_iter()
			.filter_map(|at| {
				let omission = match self.method.pay_by {
					PayBy::Records => Omission::Record(self.shown_record(at)),
					PayBy::Contributors => Omission::Contributor(
						self.shown_contributor(at),
						self.shown_record(self.witness(query, at)?.1),
					),
				};
				let right = replace(&self.terms(), payer, query, paid, &omission).is_ok();
				Some((omission, right))
			})
			.collect()
	}
}

/// What an answer with this sketch was asked. The chain keeps a hash of it, and challengers have to know.
pub fn asked(query: &[i8]) -> Vec<i8> {
	let bytes: Vec<u8> = query.iter().map(|component| *component as u8).collect();
	sketch(sp_io::hashing::blake2_256(&bytes).into(), query.len() as u16)
}

/// A claim that nothing cleared the floor.
pub fn blank(query: &[i8], gain: i32) -> Claim<AccountId> {
	Claim {
		sketch: Sketch::truncate_from(query.to_vec()),
		gain,
		trace: sp_io::hashing::blake2_256(&gain.to_le_bytes()).into(),
		contributors: Default::default(),
		contributors_proof: Default::default(),
		records: Default::default(),
		records_proof: Default::default(),
		found: None,
	}
}
