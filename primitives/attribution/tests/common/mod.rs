//! A small world to make claims in: two Datanets, six contributors, an index over all records.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use openledger_primitives_attribution::{
	Claim, ContributorCredit, ContributorLeaf, IndexLeaf, RecordCredit, Terms, contributor,
	omission::{ShownContributor, ShownRecord},
	score,
};
use openledger_primitives_core::{
	DatanetId, Hash, Sketch,
	merkle::{MultiProof, prove, prove_many, root},
	model::{IndexCommitment, Method, PayBy},
	record::{RecordLeaf, Snapshot},
};

pub type Account = u64;

pub struct World {
	pub method: Method,
	pub snapshots: Vec<(DatanetId, Snapshot)>,
	pub records: Vec<RecordLeaf<Account>>,
	pub leaves: Vec<IndexLeaf>,
	pub contributors: Vec<ContributorLeaf<Account>>,
	pub index: IndexCommitment,
}

/// A deterministic stream of bytes from `seed`.
fn stream(seed: u64) -> impl FnMut() -> u8 {
	let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
	move || {
		state =
			state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		(state >> 56) as u8
	}
}

pub fn sketch(seed: u64, dimension: usize) -> Vec<i8> {
	let mut next = stream(seed);
	(0..dimension).map(|_| (i16::from(next()) - 128).clamp(-127, 127) as i8).collect()
}

impl World {
	/// `counts` records in each Datanet, contributed in turn by six accounts.
	pub fn new(seed: u64, pay_by: PayBy, credits: u8, counts: &[u32]) -> Self {
		let dimension = 32;
		let mut records = Vec::new();
		let mut snapshots = Vec::new();
		for (datanet, count) in counts.iter().enumerate() {
			let of: Vec<_> = (0..*count)
				.map(|index| RecordLeaf {
					datanet: datanet as u32,
					index,
					contributor: u64::from(index % 6) + 1,
					content: Hash::from_low_u64_be(u64::from(index)),
					size: 10,
					committed_at: index,
				})
				.collect();
			let hashes: Vec<_> = of.iter().map(RecordLeaf::hash).collect();
			let snapshot = Snapshot { root: root(&hashes), count: *count, frozen_at: 9 };
			snapshots.push((datanet as u32, snapshot));
			records.extend(of);
		}
		let leaves: Vec<_> = records
			.iter()
			.enumerate()
			.map(|(position, record)| IndexLeaf {
				position: position as u32,
				record: record.hash(),
				head: position as u32,
				scale: 100 + position as u16,
				sketch: Sketch::truncate_from(sketch(seed + position as u64, dimension)),
			})
			.collect();
		let mut world = Self {
			method: Method { pay_by, credits, dimension: dimension as u16 },
			snapshots,
			records,
			leaves,
			contributors: Vec::new(),
			index: IndexCommitment {
				records_root: Hash::zero(),
				records: 0,
				contributors_root: Hash::zero(),
				contributors: 0,
				floor_ppm: 20_000,
				file: Hash::zero(),
			},
		};
		world.commit();
		world
	}

	/// Sums contributors and takes the roots anew, after leaves were changed.
	pub fn commit(&mut self) {
		self.contributors = (1..=6)
			.map(|account| {
				let of =
					self.leaves.iter().zip(&self.records).filter(|(_, r)| r.contributor == account);
				contributor::sum(account, self.method.dimension.into(), of.map(|(l, _)| l)).unwrap()
			})
			.collect();
		let hashes: Vec<_> = self.leaves.iter().map(IndexLeaf::hash).collect();
		let accounts: Vec<_> = self.contributors.iter().map(ContributorLeaf::hash).collect();
		self.index.records_root = root(&hashes);
		self.index.records = hashes.len() as u32;
		self.index.contributors_root = root(&accounts);
		self.index.contributors = accounts.len() as u32;
	}

	/// Has the index name another contributor of a record than the snapshot does, and commits to it.
	pub fn forge(&mut self, position: usize, contributor: Account) {
		self.records[position].contributor = contributor;
		self.leaves[position].record = self.records[position].hash();
		self.commit();
	}

	pub fn terms(&self) -> Terms<'_> {
		let (method, index, snapshots) = (self.method, self.index, &self.snapshots);
		Terms { method, index, snapshots, retrieval: None }
	}

	pub fn record(&self, position: usize) -> RecordCredit<Account> {
		RecordCredit::new(self.leaves[position].clone(), self.records[position].clone())
	}

	pub fn contributor(&self, position: usize) -> ContributorCredit<Account> {
		ContributorCredit { position: position as u32, leaf: self.contributors[position].clone() }
	}

	/// Leaf hashes of the index.
	pub fn index_hashes(&self) -> Vec<Hash> {
		self.leaves.iter().map(IndexLeaf::hash).collect()
	}

	/// Leaf hashes of a Datanet's records.
	pub fn snapshot_hashes(&self, datanet: DatanetId) -> Vec<Hash> {
		self.records.iter().filter(|r| r.datanet == datanet).map(RecordLeaf::hash).collect()
	}

	/// A record with its proofs.
	pub fn shown_record(&self, position: usize) -> ShownRecord<Account> {
		let record = &self.records[position];
		let of = self.snapshot_hashes(record.datanet);
		ShownRecord {
			credit: self.record(position),
			proof: prove(&self.index_hashes(), position).unwrap(),
			membership: prove(&of, record.index as usize).unwrap(),
		}
	}

	/// A contributor with its proof.
	pub fn shown_contributor(&self, position: usize) -> ShownContributor<Account> {
		let hashes: Vec<_> = self.contributors.iter().map(ContributorLeaf::hash).collect();
		ShownContributor {
			credit: self.contributor(position),
			proof: prove(&hashes, position).unwrap(),
		}
	}

	/// Proves what the claim credits, where it can be.
	pub fn prove(&self, claim: &mut Claim<Account>) {
		let proof = |hashes: &[Hash], mut positions: Vec<u32>| -> MultiProof {
			positions.sort_unstable();
			prove_many(hashes, &positions).unwrap_or_default()
		};
		let people: Vec<_> = self.contributors.iter().map(ContributorLeaf::hash).collect();
		let credited = claim.contributors.iter().map(|credit| credit.position);
		claim.contributors_proof = proof(&people, credited.collect());
		let shown = claim.records.iter().map(|credit| credit.position);
		claim.records_proof = proof(&self.index_hashes(), shown.collect());
	}

	/// Every record above its floor that `payer` may be charged for, best first.
	pub fn ranked_records(&self, query: &[i8], payer: Account) -> Vec<usize> {
		let mut ranked: Vec<(i64, usize)> = self
			.leaves
			.iter()
			.enumerate()
			.filter(|(at, leaf)| {
				self.records[*at].contributor != payer && leaf.head == leaf.position
			})
			.filter_map(|(at, leaf)| {
				let score = score::score(query, leaf.scale.into(), &leaf.sketch);
				let floor =
					score::floor(query, leaf.scale.into(), &leaf.sketch, self.index.floor_ppm);
				(score > floor).then_some((score, at))
			})
			.collect();
		ranked.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
		ranked.into_iter().map(|(_, at)| at).collect()
	}

	/// Every contributor above its floor but `payer`, best first.
	pub fn ranked_contributors(&self, query: &[i8], payer: Account) -> Vec<usize> {
		let mut ranked: Vec<(i64, usize)> = self
			.contributors
			.iter()
			.enumerate()
			.filter(|(_, leaf)| leaf.account != payer)
			.filter_map(|(at, leaf)| {
				let score = score::score(query, leaf.scale, &leaf.sketch);
				let floor = score::floor(query, leaf.scale, &leaf.sketch, self.index.floor_ppm);
				(score > floor).then_some((score, at))
			})
			.collect();
		ranked.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
		ranked.into_iter().map(|(_, at)| at).collect()
	}

	/// The honest claim for `query`.
	pub fn claim(&self, query: &[i8], payer: Account) -> Claim<Account> {
		let credits = usize::from(self.method.credits);
		let mut claim = Claim {
			sketch: Sketch::truncate_from(query.to_vec()),
			gain: 100,
			trace: Hash::zero(),
			contributors: Default::default(),
			contributors_proof: Default::default(),
			records: Default::default(),
			records_proof: Default::default(),
			found: None,
		};
		match self.method.pay_by {
			PayBy::Records => {
				for at in self.ranked_records(query, payer).into_iter().take(credits) {
					claim.records.try_push(self.record(at)).unwrap();
				}
			}
			PayBy::Contributors => {
				let paid: Vec<_> =
					self.ranked_contributors(query, payer).into_iter().take(credits).collect();
				let mut shown: Vec<(i64, usize)> = paid
					.iter()
					.map(|at| {
						let account = self.contributors[*at].account;
						(0..self.leaves.len())
							.filter(|at| self.records[*at].contributor == account)
							.map(|at| {
								let leaf = &self.leaves[at];
								(score::score(query, leaf.scale.into(), &leaf.sketch), at)
							})
							.max_by_key(|(score, at)| (*score, std::cmp::Reverse(*at)))
							.unwrap()
					})
					.collect();
				shown.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
				for at in paid {
					claim.contributors.try_push(self.contributor(at)).unwrap();
				}
				for (_, at) in shown {
					claim.records.try_push(self.record(at)).unwrap();
				}
			}
		}
		self.prove(&mut claim);
		claim
	}
}
