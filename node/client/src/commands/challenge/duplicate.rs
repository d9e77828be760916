//! Saying that one record duplicates another: compared here first, since a wrong challenge costs.

use super::salts::Salts;
use crate::{
	Context, amount,
	chain::{Chain, bytes, challenge, find, is_refused_as},
	content::Content,
	keys::Signer,
	output,
};
use anyhow::{Context as _, Result, ensure};
use openledger_attribution::compare::overlap;
use openledger_primitives_api::DuplicateTerms;
use openledger_primitives_attribution::duplicate::{Overlap, Shared};
use openledger_primitives_core::{
	Hash,
	record::{Pair, RecordLeaf, RecordRef},
	units,
};
use serde::Serialize;
use sp_core::crypto::AccountId32;

/// Two records: the one to challenge, and the one that it is said to duplicate.
#[derive(clap::Args)]
pub struct Named {
	/// The Datanet of the record to challenge.
	datanet: u32,
	/// The record's place in its Datanet's tree.
	record: u32,
	/// The record that it duplicates: its Datanet and its place there.
	#[arg(long, required = true, num_args = 2, value_names = ["DATANET", "RECORD"])]
	of: Vec<u32>,
}

impl Named {
	fn pair(&self) -> Result<Pair> {
		let [datanet, index] = self.of[..] else {
			anyhow::bail!("--of takes a Datanet and a record of it");
		};
		let later = RecordRef { datanet: self.datanet, index: self.record };
		Ok(Pair { later, earlier: RecordRef { datanet, index } })
	}
}

/// What was compared, and what challenging takes.
#[derive(Serialize)]
struct Told {
	pair: Pair,
	duplicate: bool,
	/// Whether the later record's content has another size than the chain says, so that verifiers take it for
	/// content that can't be had.
	missized: bool,
	overlap: Overlap,
	contributor: String,
	/// What a challenge puts at stake, in the smallest unit.
	#[serde(with = "units")]
	deposit: u128,
}

/// What became of a challenge.
#[derive(Serialize)]
struct Opened {
	pair: Pair,
	challenge: u128,
}

fn name(at: RecordRef) -> String {
	format!("record {}/{}", at.datanet, at.index)
}

async fn leaf(chain: &Chain, at: RecordRef) -> Result<RecordLeaf<AccountId32>> {
	let page: Vec<RecordLeaf<AccountId32>> =
		chain.api("records", (at.datanet, at.index, 1u32)).await?;
	let found = page.into_iter().find(|leaf| leaf.index == at.index);
	found.with_context(|| format!("the chain lists no {}: it was never accepted", name(at)))
}

async fn content(store: &Content, at: RecordRef, hash: &Hash) -> Result<Vec<u8>> {
	let tell = || format!("the content of {} is needed, and can't be had", name(at));
	store.get(hash).await.with_context(tell)
}

/// Whether content has the size that the chain says of its record.
fn is_sized(leaf: &RecordLeaf<AccountId32>, bytes: &[u8]) -> bool {
	usize::try_from(leaf.size).ok() == Some(bytes.len())
}

/// Refuses what the chain would, in words.
fn check(
	pair: Pair,
	later: &RecordLeaf<AccountId32>,
	earlier: &RecordLeaf<AccountId32>,
) -> Result<()> {
	let (one, other) = (name(pair.later), name(pair.earlier));
	ensure!(
		later.contributor != earlier.contributor,
		"{one} and {other} are of one contributor, whose own duplicates share a cluster and earn once"
	);
	ensure!(
		later.committed_at > earlier.committed_at,
		"{one} was committed at block {}, and {other} at {}: it can't duplicate a record that is not \
		 earlier",
		later.committed_at,
		earlier.committed_at
	);
	Ok(())
}

/// Compares two records, and with `yes` challenges the later one where it is a duplicate.
pub async fn run(context: &Context, named: &Named, yes: bool) -> Result<()> {
	let pair = named.pair()?;
	let (chain, printer, store) = (context.chain().await?, context.output(), context.content()?);
	let (later, earlier) = (leaf(&chain, pair.later).await?, leaf(&chain, pair.earlier).await?);
	check(pair, &later, &earlier)?;
	let one = content(&store, pair.later, &later.content).await?;
	let other = content(&store, pair.earlier, &earlier.content).await?;
	ensure!(
		is_sized(&earlier, &other),
		"{} has another size than the chain says: verifiers would take it for content that you don't show",
		name(pair.earlier)
	);
	let overlap = overlap(&one, &other);
	let account = match yes {
		true => context.signer()?.account(),
		false => AccountId32::new([0; 32]),
	};
	let terms: DuplicateTerms = chain.api("duplicate_terms", &account).await?;
	let told = Told {
		pair,
		duplicate: overlap.is_duplicate(),
		missized: !is_sized(&later, &one),
		overlap,
		contributor: output::brief(&later.contributor),
		deposit: terms.deposit,
	};
	if !yes {
		printer.show(&told, text);
		return Ok(());
	}
	printer.say(text(&told));
	ensure!(
		told.duplicate || told.missized,
		"nothing was challenged: a committee would find the same, and you would pay"
	);
	ensure!(terms.is_enabled, "records can't be challenged on this chain at the moment");
	let signer = context.signer()?;
	// Verifiers fetch both, and who challenges answers for the earlier one.
	for bytes in [one, other] {
		store.put(&signer, bytes).await.context("the records could not be stored for verifiers")?;
	}
	let opened = challenge(context, &chain, &signer, pair, &terms).await?;
	printer.show(&opened, |opened| {
		format!(
			"challenge {0} is open: a committee compares the records; openledger audit show duplicate {0}",
			opened.challenge
		)
	});
	Ok(())
}

async fn challenge(
	context: &Context,
	chain: &Chain,
	signer: &Signer,
	pair: Pair,
	terms: &DuplicateTerms,
) -> Result<Opened> {
	let account = signer.account();
	let salts = Salts::new(&context.data(), chain.genesis_hash(), &account);
	let sealed = |salt: &[u8; 32]| {
		let commitment = pair.commitment(&account, salt);
		terms.sealed.iter().find(|sealed| sealed.commitment == commitment)
	};
	let kept = salts.find(pair)?;
	let standing = kept.and_then(|salt| Some((salt, sealed(&salt)?.at)));
	let (salt, at) = match standing {
		Some(standing) => {
			context.output().say("it is committed already: opening it");
			standing
		}
		None => {
			let salt = salt(&salts, pair)?;
			let commitment = pair.commitment(&account, &salt);
			let arguments = vec![("commitment", bytes(commitment))];
			let committed = chain.submit(signer, "Duplicates", "commit", arguments).await;
			committed.context("the challenge was not committed")?;
			context.output().say(format!("committed, {} held", amount::show(terms.deposit)));
			(salt, chain.best().await?)
		}
	};
	// The block that opens it has to be a later one.
	chain.wait_for(at + 1).await?;
	let arguments = vec![("pair", challenge::pair(pair)), ("salt", bytes(salt))];
	let events = chain.submit(signer, "Duplicates", "open", arguments).await;
	let events = events.context(
		"the challenge was not opened, and stands: run it again, or take it back with openledger \
		 challenge withdraw duplicate",
	)?;
	salts.remove(pair)?;
	let opened = find(&events, "Duplicates", "Opened")?;
	let challenge = opened.number("challenge").context("the event names no challenge")?;
	Ok(Opened { pair, challenge })
}

/// The salt that is kept, whose commitment may be on its way to the chain, or one of its own.
fn salt(salts: &Salts, pair: Pair) -> Result<[u8; 32]> {
	salts.find(pair)?.map_or_else(|| salts.make(pair), Ok)
}

/// Takes back a challenge that was committed and not opened.
pub async fn withdraw(context: &Context, named: &Named) -> Result<()> {
	let pair = named.pair()?;
	let (chain, signer) = (context.chain().await?, context.signer()?);
	let account = signer.account();
	let salts = Salts::new(&context.data(), chain.genesis_hash(), &account);
	let salt = salts.find(pair)?;
	let salt = salt.with_context(|| {
		format!(
			"no challenge that says {} duplicates {} is kept",
			name(pair.later),
			name(pair.earlier)
		)
	})?;
	let arguments = vec![("commitment", bytes(pair.commitment(&account, &salt)))];
	let done = chain.submit(&signer, "Duplicates", "withdraw", arguments).await;
	match done {
		// It never came on chain, or is over.
		Err(error) if !is_refused_as(&error, "Duplicates", "NotCommitted") => return Err(error),
		_ => salts.remove(pair)?,
	}
	context.output().show(&serde_json::json!({ "withdrawn": pair }), |_| {
		format!("the challenge to {} is taken back", name(pair.later))
	});
	Ok(())
}

fn shared(shared: &Shared) -> String {
	let percent = f64::from(shared.jaccard_ppm()) / 10_000.0;
	let Shared { one, other, common } = shared;
	format!("{common} shingles in common of {one} and {other}, Jaccard index {percent:.1} %")
}

/// What was compared, for people.
fn text(told: &Told) -> String {
	let (later, earlier) = (name(told.pair.later), name(told.pair.earlier));
	let is = if told.duplicate { "duplicates" } else { "does not duplicate" };
	let mut out = format!("{later} of {} {is} {earlier}\n", told.contributor);
	out += &format!("whole    {}\n", shared(&told.overlap.whole));
	out += &format!("learnt   {}\n", shared(&told.overlap.learnt));
	if told.missized {
		out += "its content has another size than the chain says: verifiers take it for content that can't be 		        had, which excludes it and rewards nobody
";
	} else if !told.duplicate {
		return out
			+ "a duplicate has 80 % of the whole in common, and of what is learnt too unless one is part of \
			   the other";
	}
	out += &format!(
		"at stake {}, which comes back where a committee finds the same\n",
		amount::show(told.deposit)
	);
	if !told.missized {
		out += "brings   half of the record's part of its contribution's deposit
";
	}
	out + "challenge it with --yes"
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::Parser;

	#[derive(Parser)]
	struct Line {
		#[command(flatten)]
		named: Named,
	}

	fn parsed(words: &str) -> Result<Pair> {
		Line::try_parse_from(words.split(' '))?.named.pair()
	}

	#[test]
	fn records_are_named_by_datanet_and_place() {
		let pair = parsed("it 2 11 --of 1 7").unwrap();
		let at = |datanet, index| RecordRef { datanet, index };
		assert_eq!(pair, Pair { later: at(2, 11), earlier: at(1, 7) });
		for wrong in ["it 2 11", "it 2 11 --of 1", "it 2 --of 1 7", "it 2 x --of 1 7"] {
			assert!(parsed(wrong).is_err(), "{wrong}");
		}
	}

	#[test]
	fn interrupted_challenge_goes_on_with_its_salt() {
		let folder = tempfile::tempdir().unwrap();
		let salts = Salts::new(folder.path(), Hash::zero(), &AccountId32::new([9; 32]));
		let pair = parsed("it 2 11 --of 1 7").unwrap();
		let made = salt(&salts, pair).unwrap();
		assert_eq!(salt(&salts, pair).unwrap(), made);
		salts.remove(pair).unwrap();
		assert_ne!(salt(&salts, pair).unwrap(), made);
	}

	fn record(contributor: u8, committed_at: u32) -> RecordLeaf<AccountId32> {
		RecordLeaf {
			datanet: 1,
			index: 0,
			contributor: AccountId32::new([contributor; 32]),
			content: Hash::zero(),
			size: 1,
			committed_at,
		}
	}

	#[test]
	fn what_the_chain_would_refuse_is_refused_in_words() {
		let pair = parsed("it 2 11 --of 1 7").unwrap();
		assert!(check(pair, &record(1, 9), &record(2, 8)).is_ok());
		let error = |one, other| check(pair, &one, &other).unwrap_err().to_string();
		assert!(error(record(1, 9), record(1, 8)).contains("one contributor"));
		for at in [9, 10] {
			assert!(error(record(1, 9), record(2, at)).contains("not earlier"));
		}
	}

	#[test]
	fn content_has_the_size_that_the_chain_says() {
		let leaf = |size| RecordLeaf { size, ..record(1, 9) };
		assert!(is_sized(&leaf(3), b"abc"));
		assert!([0, 2, 4, u32::MAX].iter().all(|size| !is_sized(&leaf(*size), b"abc")));
	}

	#[test]
	fn threshold_that_is_not_met_is_said_plainly() {
		let asked = |answer: &str| {
			serde_json::json!({
				"question": "Which weakness is it when a program copies input without a check of its size?",
				"answer": answer,
			})
			.to_string()
		};
		let told = |one: &str, other: &str, missized| {
			let overlap = overlap(asked(one).as_bytes(), asked(other).as_bytes());
			let pair = parsed("it 2 11 --of 1 7").unwrap();
			let duplicate = overlap.is_duplicate();
			let (contributor, deposit) = ("5G…".into(), 2 * amount::OPEN);
			text(&Told { pair, duplicate, missized, overlap, contributor, deposit })
		};
		let same = told("A buffer overflow.", "a buffer overflow", false);
		assert!(same.contains("record 2/11 of 5G… duplicates record 1/7"), "{same}");
		assert!(same.contains("100.0 %") && same.contains("2 OPEN") && same.contains("--yes"));
		let of =
			|missized| told("A buffer overflow.", "Nothing at all, and this is safe.", missized);
		let (other, missized) = (of(false), of(true));
		assert!(other.contains("does not duplicate"), "{other}");
		assert!(other.contains("80 %") && !other.contains("--yes"));
		// Not handed out as it was said to be, it is excluded all the same.
		assert!(missized.contains("another size") && missized.contains("--yes"), "{missized}");
		assert!(same.contains("brings") && !missized.contains("brings"));
	}
}
