//! What is trained on and what is asked: `scripts/lib/ground_truth/dataset.py` writes it.

use super::Failure;
use openledger_attribution::{estimators::Item, format::Record};
use openlora::{Adapter, Base, Example, Finish, GenerateOptions, Sampling, generate};
use serde::{Deserialize, de::DeserializeOwned};
use std::{fs, ops::ControlFlow, path::Path};

/// The most tokens of a record: the base's context.
pub const TOKENS: usize = 64;

#[derive(Deserialize)]
struct RecordLine {
	fact: usize,
	question: String,
	answer: String,
	flipped: String,
	contributor: usize,
}

#[derive(Deserialize)]
struct FactLine {
	family: String,
	question: Asked,
	swapped: Asked,
}

#[derive(Deserialize)]
struct Asked {
	question: String,
	answer: String,
}

/// A question with an answer, as the model reads them.
#[derive(Debug, Clone)]
pub struct Text {
	/// Prompt and answer.
	pub tokens: Vec<u32>,
	/// The first token of the answer.
	pub answer_start: usize,
	/// Both, as words.
	pub text: String,
	/// What is asked, and what is said to it.
	words: [String; 2],
}

impl Text {
	/// As records and queries are read.
	pub fn new(base: &Base, question: &str, answer: &str) -> Result<Self, Failure> {
		let record = Record::QuestionAnswer { question: question.into(), answer: answer.into() };
		let (tokens, answer_start) = record.encode(base, TOKENS)?;
		let words = [question.into(), answer.into()];
		Ok(Self { tokens, answer_start, text: record.text(), words })
	}

	/// As a contributor uploads it.
	pub fn json(&self) -> String {
		let [question, answer] = &self.words;
		serde_json::json!({ "question": question, "answer": answer }).to_string()
	}

	/// What is asked.
	pub fn question(&self) -> &str {
		&self.words[0]
	}

	/// What is said to it.
	pub fn answer(&self) -> &str {
		&self.words[1]
	}

	/// As training takes it.
	pub fn example(&self) -> Example {
		Example::new(self.tokens.clone(), self.answer_start)
	}

	/// As estimators take it.
	pub fn item(&self) -> Item<'_> {
		Item { tokens: &self.tokens, answer_start: self.answer_start, text: &self.text }
	}
}

/// A training record.
pub struct Source {
	/// The number of the fact that it tells.
	pub fact: usize,
	/// Whose record it is, 0 to 19.
	pub contributor: usize,
	/// What it says.
	pub text: Text,
	/// The same with a wrong value.
	pub flipped: Text,
}

/// A fact, and how it is asked for.
pub struct Fact {
	/// What it is about.
	pub family: String,
	/// In a wording that no record has, with the right answer.
	pub asked: Text,
	/// In the other style, with the right answer.
	pub swapped: Text,
}

/// All of it.
pub struct Data {
	/// The training records.
	pub records: Vec<Source>,
	/// The facts behind them.
	pub facts: Vec<Fact>,
	/// Questions with answers about other things.
	pub elsewhere: Vec<Text>,
	/// More of them, by which choices are made.
	pub elsewhere_choosing: Vec<Text>,
}

impl Data {
	/// Reads `records.jsonl`, `facts.jsonl`, `elsewhere.jsonl` and `elsewhere_choosing.jsonl` of a folder.
	pub fn read(base: &Base, folder: &Path) -> Result<Self, Failure> {
		let records = lines::<RecordLine>(&folder.join("records.jsonl"))?
			.into_iter()
			.map(|line| {
				Ok(Source {
					text: Text::new(base, &line.question, &line.answer)?,
					flipped: Text::new(base, &line.question, &line.flipped)?,
					fact: line.fact,
					contributor: line.contributor,
				})
			})
			.collect::<Result<Vec<_>, Failure>>()?;
		let facts = lines::<FactLine>(&folder.join("facts.jsonl"))?
			.into_iter()
			.map(|line| {
				Ok(Fact {
					asked: Text::new(base, &line.question.question, &line.question.answer)?,
					swapped: Text::new(base, &line.swapped.question, &line.swapped.answer)?,
					family: line.family,
				})
			})
			.collect::<Result<Vec<_>, Failure>>()?;
		if let Some(record) = records.iter().find(|record| record.fact >= facts.len()) {
			return Err(format!("there is no fact {}", record.fact).into());
		}
		let asked = |name: &str| -> Result<Vec<Text>, Failure> {
			let lines = lines::<Asked>(&folder.join(name))?;
			lines.into_iter().map(|line| Text::new(base, &line.question, &line.answer)).collect()
		};
		let elsewhere = asked("elsewhere.jsonl")?;
		let elsewhere_choosing = asked("elsewhere_choosing.jsonl")?;
		Ok(Self { records, facts, elsewhere, elsewhere_choosing })
	}

	/// The answers that an adapter itself gives to the facts' questions: the likeliest.
	pub fn answers(&self, base: &Base, adapter: &Adapter) -> Result<Vec<Text>, Failure> {
		self.sampled(base, adapter, &Sampling::GREEDY)
	}

	/// The answers that an adapter itself gives to the facts' questions.
	pub fn sampled(
		&self,
		base: &Base,
		adapter: &Adapter,
		sampling: &Sampling,
	) -> Result<Vec<Text>, Failure> {
		let answer = |fact: &Fact| {
			let prompt = &fact.asked.tokens[..fact.asked.answer_start];
			let room = TOKENS - prompt.len();
			let how = GenerateOptions::new(room, sampling.clone(), base.stop_tokens.clone());
			let given =
				generate(base, Some(adapter), prompt, &how, &mut |_| ControlFlow::Continue(()))?;
			let mut answer = given.tokens;
			if given.finish == Finish::Stop {
				answer.extend(base.special.eos.filter(|end| answer.last() != Some(end)));
			}
			let said = base.tokenizer.decode(&answer)?;
			let question = &fact.asked.words[0];
			Ok(Text {
				tokens: [prompt, &answer].concat(),
				answer_start: prompt.len(),
				text: format!("{question}\n{said}"),
				words: [question.clone(), said],
			})
		};
		self.facts.iter().map(answer).collect()
	}
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Failure> {
	let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
	text.lines()
		.enumerate()
		.map(|(at, line)| {
			serde_json::from_str(line)
				.map_err(|error| format!("{}, line {}: {error}", path.display(), at + 1).into())
		})
		.collect()
}
