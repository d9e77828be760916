//! What challenges show, as arguments of a call.

use super::{Chain, account, bytes, list, number, record};
use anyhow::{Context, Result};
use codec::DecodeAll;
use openledger_primitives_api::ChallengeInfo;
use openledger_primitives_attribution::{
	IndexLeaf, RecordCredit,
	challenge::{Fault, Target},
	forgery::Forgery,
	omission::{Omission, ShownContributor, ShownRecord},
};
use openledger_primitives_core::{
	Balance, BlockNumber, ModelId, merkle,
	record::{Pair, RecordLeaf, RecordRef},
};
use sp_core::crypto::AccountId32;
use subxt::dynamic::Value;

impl Chain {
	/// An account's challenge to a target, where one stands. The runtime API lists no more than a page of
	/// all that do.
	pub async fn challenge(
		&self,
		target: Target,
		challenger: &AccountId32,
	) -> Result<Option<ChallengeInfo<AccountId32>>> {
		let at = self.client.at_block(self.best_hash().await?).await?;
		let address = subxt::dynamic::storage::<Vec<Value>, Value>("Attribution", "Challenges");
		let keys = vec![self::target(target), account(challenger)];
		let stored = at.storage().try_fetch(address, keys).await?;
		stored.map(|stored| standing(challenger, stored.bytes())).transpose()
	}
}

/// A position that is demanded of an index.
pub struct Demand {
	/// The position.
	pub position: u32,
	/// The first block at which it is too late to show it.
	pub until: BlockNumber,
}

impl Chain {
	/// What is demanded of a model version's index.
	pub async fn demands(&self, model: ModelId) -> Result<Vec<Demand>> {
		let at = self.client.at_block(self.best_hash().await?).await?;
		let address = subxt::dynamic::storage::<Vec<Value>, Value>("Attribution", "Demands");
		let stored = at.storage().try_fetch(address, vec![number(model)]).await?;
		stored.map_or_else(|| Ok(Vec::new()), |stored| demands(stored.bytes()))
	}
}

/// Demands as the chain stores them: position, demander, deposit and end of each.
fn demands(mut stored: &[u8]) -> Result<Vec<Demand>> {
	let all: Vec<(u32, AccountId32, Balance, BlockNumber)> = DecodeAll::decode_all(&mut stored)
		.context(
			"the runtime stores demands otherwise than this client knows: update one of the two",
		)?;
	Ok(all.into_iter().map(|(position, _, _, until)| Demand { position, until }).collect())
}

/// A challenge as the chain stores it.
fn standing(challenger: &AccountId32, stored: &[u8]) -> Result<ChallengeInfo<AccountId32>> {
	let (commitment, at, deposit) = DecodeAll::decode_all(&mut &stored[..]).context(
		"the runtime stores challenges otherwise than this client knows: update one of the two",
	)?;
	Ok(ChallengeInfo { challenger: challenger.clone(), commitment, at, deposit })
}

/// What is challenged.
pub fn target(target: Target) -> Value {
	match target {
		Target::Claim(request) => Value::unnamed_variant("Claim", [number(request)]),
		Target::Model(model) => Value::unnamed_variant("Model", [number(model)]),
	}
}

/// Two records, of which the later one is said to duplicate the earlier.
pub fn pair(pair: Pair) -> Value {
	let at = |at: RecordRef| record([("datanet", number(at.datanet)), ("index", number(at.index))]);
	record([("later", at(pair.later)), ("earlier", at(pair.earlier))])
}

/// What is shown.
pub fn fault(fault: &Fault<AccountId32>) -> Value {
	match fault {
		Fault::Omission(Omission::Record(shown)) => {
			let omission = Value::unnamed_variant("Record", [shown_record(shown)]);
			Value::unnamed_variant("Omission", [omission])
		}
		Fault::Omission(Omission::Contributor(contributor, shown)) => {
			let parts = [shown_contributor(contributor), shown_record(shown)];
			let omission = Value::unnamed_variant("Contributor", parts);
			Value::unnamed_variant("Omission", [omission])
		}
		Fault::Forgery(forgery) => Value::unnamed_variant("Forgery", [shown_forgery(forgery)]),
		Fault::Relevance { question, shown } => {
			let fields = [("question", sketch(question)), ("shown", shown_record(shown))];
			Value::named_variant("Relevance", fields)
		}
		Fault::ForgedRelevance(forgery) => {
			Value::unnamed_variant("ForgedRelevance", [shown_forgery(forgery)])
		}
	}
}

fn sketch(components: &[i8]) -> Value {
	list(components.iter().map(|component| Value::i128((*component).into())))
}

/// A leaf's membership in a tree.
pub fn proof(proof: &merkle::Proof) -> Value {
	record([("siblings", list(proof.siblings.iter().map(bytes)))])
}

fn shown_record(shown: &ShownRecord<AccountId32>) -> Value {
	let RecordCredit { position, head, scale, sketch: of, record: leaf } = &shown.credit;
	let RecordLeaf { datanet, index, contributor, content, size, committed_at } = leaf;
	let leaf = record([
		("datanet", number(*datanet)),
		("index", number(*index)),
		("contributor", account(contributor)),
		("content", bytes(content)),
		("size", number(*size)),
		("committed_at", number(*committed_at)),
	]);
	let credit = record([
		("position", number(*position)),
		("head", number(*head)),
		("scale", number(*scale)),
		("sketch", sketch(of)),
		("record", leaf),
	]);
	record([
		("credit", credit),
		("proof", proof(&shown.proof)),
		("membership", proof(&shown.membership)),
	])
}

fn shown_contributor(shown: &ShownContributor<AccountId32>) -> Value {
	let leaf = record([
		("account", account(&shown.credit.leaf.account)),
		("scale", number(shown.credit.leaf.scale)),
		("sketch", sketch(&shown.credit.leaf.sketch)),
	]);
	let credit = record([("position", number(shown.credit.position)), ("leaf", leaf)]);
	record([("credit", credit), ("proof", proof(&shown.proof))])
}

/// A leaf of an index.
pub fn index_leaf(leaf: &IndexLeaf) -> Value {
	record([
		("position", number(leaf.position)),
		("record", bytes(leaf.record)),
		("head", number(leaf.head)),
		("scale", number(leaf.scale)),
		("sketch", sketch(&leaf.sketch)),
	])
}

fn shown_forgery(forgery: &Forgery) -> Value {
	record([
		("leaf", index_leaf(&forgery.leaf)),
		("proof", proof(&forgery.proof)),
		("record", bytes(forgery.record)),
		("membership", proof(&forgery.membership)),
	])
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use codec::Encode;
	use openledger_primitives_attribution::{ContributorCredit, ContributorLeaf};
	use openledger_primitives_core::{Hash, Sketch};
	use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
	use subxt::ext::scale_value::scale::encode_as_type;

	pub fn encoded<T: TypeInfo + 'static>(value: &Value) -> Vec<u8> {
		let mut registry = Registry::new();
		let id = registry.register_type(&MetaType::new::<T>()).id;
		let mut out = Vec::new();
		encode_as_type(value, id, &PortableRegistry::from(registry), &mut out).unwrap();
		out
	}

	fn proof(count: u8) -> merkle::Proof {
		let siblings: Vec<Hash> = (0..count).map(Hash::repeat_byte).collect();
		merkle::Proof { siblings: siblings.try_into().unwrap() }
	}

	fn shown() -> ShownRecord<AccountId32> {
		let record = RecordLeaf {
			datanet: 3,
			index: 70_000,
			contributor: AccountId32::new([9; 32]),
			content: Hash::repeat_byte(4),
			size: 5,
			committed_at: 6,
		};
		let sketch = Sketch::truncate_from(vec![-127, 0, 127, -1]);
		let credit = RecordCredit { position: 1, head: 2, scale: 65_535, sketch, record };
		ShownRecord { credit, proof: proof(3), membership: proof(0) }
	}

	#[test]
	fn demands_are_read_in_full_or_not_at_all() {
		let who = AccountId32::new([9; 32]);
		let stored = vec![(5u32, who.clone(), 10u128, 21u32), (2, who, 10, 22)].encode();
		let read = demands(&stored).unwrap();
		let read: Vec<_> = read.iter().map(|demand| (demand.position, demand.until)).collect();
		assert_eq!(read, [(5, 21), (2, 22)]);
		assert!(demands(&stored[..stored.len() - 1]).is_err());
	}

	#[test]
	fn challenge_that_stands_is_read_in_full_or_not_at_all() {
		let who = AccountId32::new([9; 32]);
		let stored = (Hash::repeat_byte(4), 7u32, 10u128).encode();
		let read = standing(&who, &stored).unwrap();
		assert_eq!((read.challenger, read.commitment), (who.clone(), Hash::repeat_byte(4)));
		assert_eq!((read.at, read.deposit), (7, 10));
		for other in [&stored[1..], &[&stored[..], &[0]].concat()] {
			assert!(standing(&who, other).unwrap_err().to_string().contains("update"));
		}
	}

	#[test]
	fn arguments_are_encoded_as_the_runtime_has_them() {
		let sketch = Sketch::truncate_from(vec![7; 16]);
		let leaf = ContributorLeaf { account: AccountId32::new([8; 32]), scale: 9, sketch };
		let contributor =
			ShownContributor { credit: ContributorCredit { position: 4, leaf }, proof: proof(2) };
		let leaf = IndexLeaf {
			position: 1,
			record: Hash::repeat_byte(2),
			head: 3,
			scale: 4,
			sketch: Sketch::truncate_from(vec![-5; 32]),
		};
		let (record, membership) = (Hash::repeat_byte(6), proof(1));
		let forgery = Forgery { leaf, proof: proof(5), record, membership };
		for shown in [
			Fault::Omission(Omission::Record(shown())),
			Fault::Omission(Omission::Contributor(contributor, shown())),
			Fault::Forgery(forgery.clone()),
			Fault::Relevance { question: Sketch::truncate_from(vec![-9; 64]), shown: shown() },
			Fault::ForgedRelevance(forgery),
		] {
			assert_eq!(encoded::<Fault<AccountId32>>(&fault(&shown)), shown.encode());
		}
		let at = |datanet, index| RecordRef { datanet, index };
		let of = Pair { later: at(3, 70_000), earlier: at(u32::MAX, 0) };
		assert_eq!(encoded::<Pair>(&pair(of)), of.encode());
		for of in [Target::Claim(u64::MAX - 3), Target::Model(7)] {
			assert_eq!(encoded::<Target>(&target(of)), of.encode());
		}
	}
}
