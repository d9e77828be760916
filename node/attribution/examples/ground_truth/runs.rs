//! The training runs behind the ground truth: what each is trained on, and what it then finds likely.

use crate::{
	Failure,
	data::{Data, Text},
	training::{CONTRIBUTORS, options},
};
use openlora::{
	Adapter, Base, Example, TrainOptions, log_probs,
	train::{State, train},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeSet, fmt, ops::ControlFlow, str::FromStr};

/// Halves of the records.
pub const HALVES: usize = 160;
/// Of these, how many are trained once more with another seed.
pub const AGAIN: usize = 40;
/// Halves of the contributors.
pub const COALITIONS: usize = 100;
/// Trainings on records of which one in five is wrong.
pub const FLIPPED: usize = 5;

/// Steps between the states that are looked at on the way.
const CHECKPOINT_EVERY: usize = 75;

/// States on the way with the learning rate of the step taken from each, and the last.
pub type Checkpoints = (Vec<(Adapter, f32)>, Adapter);

/// A run, by what it is trained on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Run {
	/// On all records.
	Whole,
	/// On a random half of the records, by number and seed.
	Half(usize, u64),
	/// On the records of a random half of the contributors, by number.
	Coalition(usize),
	/// On all records, one in five of which is wrong, by number.
	Flipped(usize),
	/// On all records but these.
	Without(BTreeSet<usize>),
}

impl fmt::Display for Run {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Whole => write!(f, "whole"),
			Self::Half(number, seed) => write!(f, "half-{number}-{seed}"),
			Self::Coalition(number) => write!(f, "coalition-{number}"),
			Self::Flipped(number) => write!(f, "flipped-{number}"),
			Self::Without(left_out) => {
				let numbers: Vec<String> = left_out.iter().map(usize::to_string).collect();
				write!(f, "without-{}", numbers.join("-"))
			}
		}
	}
}

impl FromStr for Run {
	type Err = Failure;

	fn from_str(name: &str) -> Result<Self, Failure> {
		let mut parts = name.split('-');
		let kind = parts.next().unwrap_or_default();
		let numbers = parts.map(str::parse).collect::<Result<Vec<usize>, _>>()?;
		match (kind, &numbers[..]) {
			("whole", []) => Ok(Self::Whole),
			("half", [number, seed]) => Ok(Self::Half(*number, *seed as u64)),
			("coalition", [number]) => Ok(Self::Coalition(*number)),
			("flipped", [number]) => Ok(Self::Flipped(*number)),
			("without", numbers) => Ok(Self::Without(numbers.iter().copied().collect())),
			_ => Err(format!("{name:?} is no run").into()),
		}
	}
}

impl Run {
	/// Every run of the protocol that does not depend on an estimator, in the order in which they are done.
	pub fn all() -> Vec<Self> {
		let again = (0..AGAIN).map(|number| Self::Half(number, 1));
		let halves = (0..HALVES).map(|number| Self::Half(number, 0));
		let coalitions = (0..COALITIONS).map(Self::Coalition);
		std::iter::once(Self::Whole).chain(halves).chain(again).chain(coalitions).collect()
	}

	/// What kind of run it is, in a word.
	pub fn kind(&self) -> &'static str {
		match self {
			Self::Whole => "all records",
			Self::Half(..) => "half of the records",
			Self::Coalition(_) => "half of the contributors",
			Self::Flipped(_) => "wrong records",
			Self::Without(_) => "without the best records",
		}
	}

	fn rng(kind: u64, number: usize) -> ChaCha8Rng {
		let mut rng = ChaCha8Rng::seed_from_u64(0x6f70_656e);
		rng.set_stream(kind << 32 | number as u64);
		rng
	}

	/// `count` of `0..of`, by the draw of a run.
	fn drawn(kind: u64, number: usize, count: usize, of: usize) -> BTreeSet<usize> {
		let mut rng = Self::rng(kind, number);
		let mut order: Vec<usize> = (0..of).collect();
		for at in 0..count.min(of) {
			order.swap(at, rng.random_range(at as u64..of as u64) as usize);
		}
		order.into_iter().take(count).collect()
	}

	/// The contributors whose records a run has, where it is drawn by contributors.
	pub fn contributors(&self) -> Option<BTreeSet<usize>> {
		match self {
			Self::Coalition(number) => {
				Some(Self::drawn(2, *number, CONTRIBUTORS / 2, CONTRIBUTORS))
			}
			_ => None,
		}
	}

	/// The records that are wrong in a run.
	pub fn flipped(&self, data: &Data) -> BTreeSet<usize> {
		match self {
			Self::Flipped(number) => {
				let all = data.records.len();
				Self::drawn(3, *number, all / 5, all)
			}
			_ => BTreeSet::new(),
		}
	}

	/// Which records it is trained on.
	pub fn members(&self, data: &Data) -> Vec<usize> {
		let all = data.records.len();
		match self {
			Self::Whole | Self::Flipped(_) => (0..all).collect(),
			Self::Half(number, _) => Self::drawn(1, *number, all / 2, all).into_iter().collect(),
			Self::Coalition(_) => {
				let who = self.contributors().unwrap_or_default();
				(0..all).filter(|at| who.contains(&data.records[*at].contributor)).collect()
			}
			Self::Without(left_out) => (0..all).filter(|at| !left_out.contains(at)).collect(),
		}
	}

	/// The texts that it is trained on.
	pub fn texts<'a>(&self, data: &'a Data) -> Vec<&'a Text> {
		let flipped = self.flipped(data);
		let text = |at: usize| match flipped.contains(&at) {
			true => &data.records[at].flipped,
			false => &data.records[at].text,
		};
		self.members(data).into_iter().map(text).collect()
	}

	/// How it is trained.
	pub fn options(&self) -> TrainOptions {
		options(match self {
			Self::Half(_, seed) => *seed,
			_ => 0,
		})
	}

	/// The adapter before some of its steps, with each of these steps' learning rates, and at the end.
	pub fn checkpoints(&self, base: &Base, data: &Data) -> Result<Checkpoints, Failure> {
		let examples: Vec<Example> = self.texts(data).into_iter().map(Text::example).collect();
		let folder = tempfile::tempdir()?;
		let options = TrainOptions {
			checkpoint_dir: Some(folder.path().into()),
			checkpoint_every: CHECKPOINT_EVERY,
			keep_states: true,
			..self.options()
		};
		let whole = train(base, &examples, &options, &mut |_| ControlFlow::Continue(()))?;
		let steps = options.epochs * examples.len().div_ceil(options.batch);
		let before = (CHECKPOINT_EVERY..steps).step_by(CHECKPOINT_EVERY).map(|step| {
			let state = State::load(folder.path(), step as u64, whole.parameter_count())?;
			let state = state.ok_or_else(|| format!("the state of step {step} was not kept"))?;
			Ok((whole.with_values(state.values())?, options.rate(examples.len(), step) as f32))
		});
		Ok((before.collect::<Result<_, Failure>>()?, whole))
	}

	/// Trains it.
	pub fn train(&self, base: &Base, data: &Data) -> Result<Adapter, Failure> {
		let examples: Vec<Example> = self.texts(data).into_iter().map(Text::example).collect();
		Ok(train(base, &examples, &self.options(), &mut |_| ControlFlow::Continue(()))?)
	}
}

/// The mean negative log-probability of a text's answer, in nats a token.
pub fn loss(base: &Base, adapter: Option<&Adapter>, text: &Text) -> Result<f32, Failure> {
	let found = log_probs(base, adapter, &text.tokens, text.answer_start)?;
	let sum: f64 = found.iter().map(|value| f64::from(*value)).sum();
	Ok((-sum / found.len() as f64) as f32)
}
