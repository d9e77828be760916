//! What contributors are paid when adapters are trained on what they contributed: by our rule, and by the
//! plain one.

use crate::{
	Failure,
	attack::Entry,
	data::{Data, TOKENS, Text},
	paid::{self, Corpus, Paid, account, number, source},
	training,
	verbatim::{self, Texts},
};
use openledger_attribution::{
	Query,
	estimators::{Estimator, Gradient, Item, Length, Trained},
	format::Record,
	spans::{Rule, Surprise},
	training_set,
};
use openledger_primitives_attribution::lift;
use openledger_primitives_core::model::{Method, PayBy};
use openlora::{Adapter, Base, Example, log_probs, train};
use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

/// What contributors' sums are paid by; the same leaves are then paid as records.
pub const METHOD: Method = Method { pay_by: PayBy::Contributors, credits: 8, dimension: 2048 };

/// What is switched off in the plain rule.
pub const OFF: [&str; 4] = [
	"exact copies are admitted",
	"no clusters: every record is trained on and paid",
	"gradients keep their length (inner products in the place of cosines), in floating point",
	"no floor",
];

/// Parts of the pool: `[query][account]`.
pub type Pay = Vec<Vec<f64>>;

/// Base and data.
pub struct Ground {
	/// What adapters are trained on.
	pub base: Arc<Base>,
	/// Honest records, and what users ask.
	pub data: Data,
}

/// An adapter, and what it says.
pub struct Model {
	/// It.
	pub adapter: Adapter,
	/// Its own answers to what users ask.
	pub answers: Vec<Text>,
	/// The part of the pool that each answer earns.
	pub earned: Vec<f64>,
	/// How unlikely the base finds the answers.
	pub surprise: Vec<Surprise>,
	/// The mean log-probability of the right answers, in nats a token.
	pub right: Vec<f64>,
}

/// What came of some contributions.
pub struct Outcome {
	/// The model, and what is paid for its answers.
	pub model: Arc<Model>,
	/// For what moved them.
	pub pay: Pay,
	/// For what they repeat word for word.
	pub verbatim: Pay,
}

/// Both rules' outcomes of the same contributions.
pub struct Both {
	/// By our rule where contributors' sums are paid.
	pub ours: Outcome,
	/// By our rule where records are paid.
	pub by_records: Pay,
	/// By the plain rule.
	pub plain: Outcome,
}

impl Ground {
	/// Honest records, in order of commitment.
	pub fn honest(&self) -> Vec<Entry> {
		let upload = |(at, record): (usize, &crate::data::Source)| Entry {
			account: record.contributor,
			content: record.text.json().into_bytes(),
			committed_at: at as u32 + 1,
		};
		self.data.records.iter().enumerate().map(upload).collect()
	}

	/// Trains on contributions and pays for what users ask, by both rules.
	pub fn outcomes(&self, entries: &[Entry]) -> Result<Both, Failure> {
		let corpus = corpus(entries);
		let kept = training_set(&self.base, &corpus.sources())?;
		let everything = examples(&self.base, entries.iter().map(|entry| &entry.content))?;
		let ours = Arc::new(self.model(&kept)?);
		let tokens = |examples: &[Example]| -> Vec<Vec<u32>> {
			examples.iter().map(|example| example.tokens.clone()).collect()
		};
		let plain = match tokens(&kept) == tokens(&everything) {
			true => ours.clone(),
			false => Arc::new(self.model(&everything)?),
		};
		let index = Paid::over(&self.base, &ours.adapter, &corpus, METHOD)?;
		let verbatim = verbatim::pay(
			&self.base,
			&ours,
			&Texts {
				examples: &examples(&self.base, corpus.records.iter().map(|(_, content)| content))?,
				heads: (0..corpus.records.len())
					.filter_map(|position| Some(index.index.leaf(position)?.head))
					.collect(),
				committed_at: corpus.records.iter().map(|(leaf, _)| leaf.committed_at).collect(),
				accounts: corpus
					.records
					.iter()
					.map(|(leaf, _)| number(&leaf.contributor))
					.collect(),
			},
			&Rule::default(),
		)?;
		let verbatim_plain = verbatim::pay(
			&self.base,
			&plain,
			&Texts {
				examples: &everything,
				heads: (0..entries.len() as u32).collect(),
				committed_at: entries.iter().map(|entry| entry.committed_at).collect(),
				accounts: entries.iter().map(|entry| entry.account).collect(),
			},
			&verbatim::PLAIN,
		)?;
		let queries = self.queries(&ours, &index)?;
		let pay = divided(&index, &queries, &ours.earned)?;
		let records = index.by_records(&self.base, &ours.adapter)?;
		let by_records = divided(&records, &queries, &ours.earned)?;
		let plain_pay = self.plain(&plain, entries, &everything)?;
		Ok(Both {
			by_records,
			ours: Outcome { model: ours, pay, verbatim },
			plain: Outcome { model: plain, pay: plain_pay, verbatim: verbatim_plain },
		})
	}

	/// Trains, answers, and says what the answers earn.
	pub fn model(&self, examples: &[Example]) -> Result<Model, Failure> {
		let base = &*self.base;
		let options = training::options(0);
		let adapter = train(base, examples, &options, &mut |_| ControlFlow::Continue(()))?;
		let answers = self.data.answers(base, &adapter)?;
		let gained = |text: &Text| -> Result<(f64, Surprise), Failure> {
			let with = log_probs(base, Some(&adapter), &text.tokens, text.answer_start)?;
			let without = log_probs(base, None, &text.tokens, text.answer_start)?;
			let earned = lift::earned(lift::gain(&with, &without), lift::FULL_GAIN);
			let surprise = Surprise::new(&without, base.config.vocab as u32);
			let surprise = surprise.map_err(openledger_attribution::Error::from)?;
			Ok((f64::from(earned.deconstruct()) / 1e6, surprise))
		};
		let right = |text: &Text| -> Result<f64, Failure> {
			let found = log_probs(base, Some(&adapter), &text.tokens, text.answer_start)?;
			Ok(found.iter().map(|value| f64::from(*value)).sum::<f64>() / found.len() as f64)
		};
		let gained = answers.iter().map(gained).collect::<Result<Vec<_>, _>>()?;
		let (earned, surprise) = gained.into_iter().unzip();
		let right =
			self.data.facts.iter().map(|fact| right(&fact.asked)).collect::<Result<_, _>>()?;
		Ok(Model { adapter, answers, earned, surprise, right })
	}

	/// The claims' queries of a model's answers.
	pub fn queries(&self, model: &Model, index: &Paid) -> Result<Vec<Query>, Failure> {
		model.answers.iter().map(|text| index.query(&self.base, &model.adapter, text)).collect()
	}

	/// What inner products of the same gradients pay: the best contributors' sums above zero.
	fn plain(
		&self,
		model: &Model,
		entries: &[Entry],
		examples: &[Example],
	) -> Result<Pay, Failure> {
		let item = |tokens, answer_start| Item { tokens, answer_start, text: "" };
		let records: Vec<Item<'_>> =
			examples.iter().map(|of| item(&of.tokens, of.answer_start)).collect();
		let queries: Vec<Item<'_>> =
			model.answers.iter().map(|of| item(&of.tokens, of.answer_start)).collect();
		let trained = Trained { base: &self.base, adapter: &model.adapter, checkpoints: &[] };
		let plain = Gradient { length: Length::Kept, ..Gradient::paid() };
		let scores = plain.scores(&trained, &records, &queries)?;
		let pay = |(scores, earned): (&Vec<f32>, &f64)| {
			let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
			for (entry, score) in entries.iter().zip(scores) {
				*sums.entry(entry.account).or_default() += f64::from(*score);
			}
			let mut best: Vec<(usize, f64)> =
				sums.into_iter().filter(|(_, sum)| *sum > 0.0).collect();
			best.sort_by(|a, b| b.1.total_cmp(&a.1));
			best.truncate(METHOD.credits.into());
			let total: f64 = best.iter().map(|(_, sum)| sum).sum();
			let mut paid = vec![0.0; 256];
			best.into_iter().for_each(|(account, sum)| paid[account] = sum / total * earned);
			paid
		};
		Ok(scores.iter().zip(&model.earned).map(pay).collect())
	}
}

/// What the index and the chain's own rule pay.
pub fn divided(index: &Paid, queries: &[Query], earned: &[f64]) -> Result<Pay, Failure> {
	let of = |(query, earned): (&Query, &f64)| {
		let part = |paid: u128| paid as f64 / paid::POOL as f64 * earned;
		Ok(index.shares(query)?.into_iter().map(part).collect())
	};
	queries.iter().zip(earned).map(of).collect()
}

/// The contributions that the chain accepts: of equal contents the earliest commitment.
pub fn corpus(entries: &[Entry]) -> Corpus {
	let mut holders: BTreeMap<&[u8], (u32, usize)> = BTreeMap::new();
	for (at, entry) in entries.iter().enumerate() {
		let key = (entry.committed_at, at);
		let holder = holders.entry(&entry.content).or_insert(key);
		*holder = key.min(*holder);
	}
	let held = entries.iter().enumerate().filter(|(at, of)| holders[&of.content[..]].1 == *at);
	let leaf = |(index, (_, of)): (usize, (usize, &Entry))| {
		source(of.content.clone(), index, account(of.account), of.committed_at)
	};
	Corpus::new(held.enumerate().map(leaf).collect())
}

/// Records as training takes them.
fn examples<'a>(
	base: &Base,
	contents: impl Iterator<Item = &'a Vec<u8>>,
) -> Result<Vec<Example>, Failure> {
	let example = |content: &'a Vec<u8>| {
		let record = Record::parse(content).map_err(|error| error.to_string())?;
		let (tokens, answer_start) = record.encode(base, TOKENS)?;
		Ok(Example::new(tokens, answer_start))
	};
	contents.map(example).collect()
}
